"""Makes GitHub's Markdown from untrusted text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lambda_fast_deploy.sanitize import harmless

BLOCK = 20_000  # characters of one error

# Characters of markup, formulas and links on GitHub; the dot and the colon are in bare addresses.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>|#~&$]|:(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.I)
_BEGINNING = re.compile(
    r"^(\d{1,9}(?=[.)](?:\s|$)))?([-+=.)])"
)  # of a line: a list, a rule, a heading
_MENTION = re.compile(
    r"@(?=[\w-]+\.)|(?<![\w])@(?=\w)"
)  # a mail address or a user name, but not a digest


def cell(text: str) -> str:
    """Untrusted text as a table cell, without markup, links, line breaks and columns."""
    escaped = _MARKUP.sub(r"\\\g<0>", " ".join(harmless(text).split()))
    escaped = _BEGINNING.sub(r"\1\\\2", escaped)
    return _MENTION.sub("@\u2060", escaped)  # a word joiner works, an escape does not


def code(text: str) -> str:
    """A name as code, on one line; also for tables, because it has no column separator."""
    clean = " ".join(harmless(text).split()).replace("|", "¦")
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", clean)), default=0))
    space = " " if "`" in clean else ""
    return f"{ticks}{space}{clean}{space}{ticks}" if clean else ""


def link(url: str, text: str = "") -> str:
    """A link to an address; anything else is shown as text."""
    if not re.fullmatch(r"https?://[\w.:/-]+(\?[\w=&.-]+)?(#[\w/:$?=.%-]+)?", url):
        return cell(text or url)
    return f"[{cell(text)}]({url})" if text else f"<{url}>"


def fence(text: str) -> str:
    """Untrusted text as a code block that the text cannot end."""
    text = harmless(text)
    if len(text) > BLOCK:
        text = f"{text[:BLOCK]}\n… truncated, {len(text)} characters in total; see the log"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, without the columns that are empty in every row; empty without rows."""
    titles, lines = list(head), [list(row) for row in rows]
    columns = [i for i in range(len(titles)) if any(line[i] for line in lines)]
    if not columns:
        return ""
    cells = [
        [titles[i] for i in columns],
        ["---"] * len(columns),
        *([line[i] for i in columns] for line in lines),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def folded(title: str, text: str, *, opened: bool = False) -> str:
    """A section that can be collapsed; empty without text."""
    if not text:
        return ""
    state = " open" if opened else ""
    return f"<details{state}><summary>{title}</summary>\n\n{text}\n\n</details>"


def mermaid(*lines: str) -> str:
    """A diagram."""
    return "\n".join(["```mermaid", *lines, "```"])


def label(text: str) -> str:
    """A name in a diagram, without the colons, semicolons, quotes and hashes of Mermaid's syntax.

    It is never empty, because Mermaid does not accept a section without a name.
    """
    return " ".join(re.sub(r"[^\w .@/-]+", " ", text).split()) or "-"
