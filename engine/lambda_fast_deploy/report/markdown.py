"""GitHub's Markdown, out of text that nobody vouches for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lambda_fast_deploy.sanitize import harmless

BLOCK = 20_000  # characters of one error

# What GitHub makes markup, formulas and links of; the dot and colon are those of bare addresses.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|#~&$]|:(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.I)
_BEGINNING = re.compile(
    r"^(\d{1,9}(?=[.)](?:\s|$)))?([-+=.)])"
)  # of a line: a list, a rule, a heading
_SOMEBODY = re.compile(r"@(?=[\w-]+\.)|(?<![\w])@(?=\w)")  # an address or a name, but no digest


def cell(text: str) -> str:
    """Untrusted text as a table cell: no markup, no link, no line break, no column."""
    escaped = _MARKUP.sub(r"\\\g<0>", " ".join(harmless(text).split()))
    escaped = _BEGINNING.sub(r"\1\\\2", escaped)
    return _SOMEBODY.sub("@\u2060", escaped)  # no escape helps there, but a word joiner does


def code(text: str) -> str:
    """A name as code, on one line; also in a table, where code holds no column's border."""
    clean = " ".join(harmless(text).split()).replace("|", "¦")
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", clean)), default=0))
    space = " " if "`" in clean else ""
    return f"{ticks}{space}{clean}{space}{ticks}" if clean else ""


def link(url: str, text: str = "") -> str:
    """An address that can be followed; anything unlike an address is shown as text."""
    if not re.fullmatch(r"https?://[\w.:/-]+(\?[\w=&.-]+)?(#[\w/:$?=.%-]+)?", url):
        return cell(text or url)
    return f"[{cell(text)}]({url})" if text else f"<{url}>"


def fence(text: str) -> str:
    """Untrusted text as a block that nothing in it can end."""
    text = harmless(text)
    if len(text) > BLOCK:
        text = f"{text[:BLOCK]}\n… cut here, {len(text)} characters in all; see the log"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, without the columns that are empty in every row; nothing without rows."""
    titles, lines = list(head), [list(row) for row in rows]
    kept = [i for i in range(len(titles)) if any(line[i] for line in lines)]
    if not kept:
        return ""
    written = [
        [titles[i] for i in kept],
        ["---"] * len(kept),
        *([line[i] for i in kept] for line in lines),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in written)


def folded(title: str, text: str, *, opened: bool = False) -> str:
    """A part that can be folded away; nothing if there is no text."""
    if not text:
        return ""
    state = " open" if opened else ""
    return f"<details{state}><summary>{title}</summary>\n\n{text}\n\n</details>"


def mermaid(*lines: str) -> str:
    """A diagram."""
    return "\n".join(["```mermaid", *lines, "```"])


def label(text: str) -> str:
    """A name in a diagram: Mermaid reads colons, semicolons, quotes and hashes as its own.

    It is never empty, since a section without a name is none.
    """
    return " ".join(re.sub(r"[^\w .@/-]+", " ", text).split()) or "-"
