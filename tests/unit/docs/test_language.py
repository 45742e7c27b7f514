"""Messages, docstrings, comments and pages use the field's words; CONTRIBUTING has the glossary."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.markdown import PAGES, ROOT

# A phrase that readers have to guess, and what to write in its place.
PHRASES = {
    r"(is|are|was|were|be|been) told": "say who reports, prints or knows it",
    r"(who|whom|what|which)(so)?ever": "name who or what",
    r"(goes|go|going) before": "takes precedence over",
    r"(?<!there )(is|are|was) no (?!longer|more)": "is not a",
    r"(lead|leads|leading|led) (to|back|there|users|on)": "points to, refers to, results in",
    r"(put|puts|putting) (it |them |that )?back": "restore",
    r"(take|takes|taken|took|taking) (it |them |that )?back": "roll back, restore",
    r"(go|goes|went|going|gone) back": "roll back",
    r"(way|ways) back": "rollback",
    r"of (its|their|your|our) own": "its own, a separate",
    r"of (ours|yours|theirs)": "our, your, their; this project's",
    r"beside(s)?": "next to, as well as, in addition to",
    r"stand(s|ing)?(?! for| in for)|stood": "is, is written, remains",
    r"meet(s|ing)?|met": "receives, encounters",
    r"mend(s|ed|ing)?": "fix, repair",
    r"ring(s|ing)?|rang": "be in ALARM state, go off",
    r"take(s|n)? on": "apply, accept",
    r"all the same": "up to date, unchanged; still",
    r"shall": "should, must",
    r"(came|come|comes|become|becomes|became) of": "result of",
    r"gate(s)?|trial(s)?": "test",
    r"proof|prove(s|d|n)?": "test, verify, show",
    r"tells? of": "report",
    r"rooms": "parts, subpackages",
}
# The description of an alias, which other versions of the engine read.
MARK = "being put back by run "
PATTERN = re.compile("|".join(rf"(?P<p{i}>\b({p})\b)" for i, p in enumerate(PHRASES)), re.I)
SOURCES = sorted((ROOT / "engine").rglob("*.py"))


def prose_of_code(path: Path) -> Iterator[tuple[int, str]]:
    """Comments and texts of more than one word, with their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    for token in tokens:
        text = token.string.replace(MARK, "")
        if token.type in (tokenize.STRING, tokenize.COMMENT) and " " in text.strip("# "):
            yield token.start[0], text


def prose_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside its blocks of code, without what is typed."""
    is_code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)


def phrases(prose: Iterator[tuple[int, str]]) -> list[str]:
    """What of a prose has to be written otherwise, with its line."""
    return [
        f"line {number + text[: match.start()].count(chr(10))}: {match.group()!r}; write: {words}"
        for number, text in prose
        for match in PATTERN.finditer(text)
        if (words := list(PHRASES.values())[int(str(match.lastgroup)[1:])])
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "engine")))
def test_code_speaks_plain_english(path: Path) -> None:
    assert phrases(prose_of_code(path)) == []


GLOSSARY = ROOT / "CONTRIBUTING.md"


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if path != GLOSSARY],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_pages_speak_plain_english(path: Path) -> None:
    assert phrases(prose_of_page(path)) == []
