"""Pages say what the code says: tables, links, and the messages that people look up."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from docs.sections import SECTIONS
from docs.tables import filled
from tests.markdown import PAGES, ROOT

TROUBLES = ROOT / "docs" / "troubleshooting.md"


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


REFERENCE = ("reference.md", "how-it-works.md")
MARKED = re.compile(r"<!-- ([a-z-]+) -->")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_page_has_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text


def test_everything_that_the_code_says_is_on_a_page() -> None:
    texts = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in REFERENCE)
    assert {name for text in texts for name in MARKED.findall(text)} == set(SECTIONS)


def sections(page: Path) -> set[str]:
    """The names by which GitHub links to a page's headings."""
    heads = re.findall(r"^#+ (.+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, section = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if section:
            assert section in sections(linked), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        found = re.findall(r"\]\(([^):#]+\.md)", page.read_text(encoding="utf-8"))
        ahead += {(page.parent / target).resolve() for target in found} - reached
    assert set((ROOT / "docs").rglob("*.md")) <= reached


# ------------------------------------------------------------------ messages


UNITS = {  # what the functions of lambda_fast_deploy.units put behind a number
    "units.seconds": "… s",
    "units.milliseconds": "… ms",
    "units.minutes": "… minutes",
    "units.gibibytes": "… GiB",
}


def _text(node: ast.expr) -> str:
    """What a string in the code says; ``…`` stands for what goes into it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[a-z_]*\}", "…", node.value)  # of str.format
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Call):
        return UNITS.get(ast.unparse(node.value.func), "…")
    return "…"


@cache
def messages() -> tuple[str, ...]:
    """Every string in the engine and its bootstrap, but for docstrings."""
    found = []
    for path in (*(ROOT / "engine").rglob("*.py"), ROOT / "bootstrap.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for child in ast.iter_child_nodes(node):
                documents = isinstance(node, ast.Expr)
                if isinstance(child, (ast.Constant, ast.JoinedStr)) and not documents:
                    found.append(" ".join(_text(child).split()))
    return tuple(found)


def quoted() -> list[str]:
    """The messages that the page of troubles explains: code in its headings."""
    tokens = MarkdownIt().parse(TROUBLES.read_text(encoding="utf-8"))
    return [
        part.content
        for head, inline in pairwise(tokens)
        if head.type == "heading_open" and head.tag == "h3"
        for part in inline.children or ()
        if part.type == "code_inline"
    ]


@pytest.mark.parametrize("message", quoted())
def test_a_message_that_is_explained_is_one_that_the_code_has(message: str) -> None:
    assert any(message in each for each in messages())


def test_messages_are_explained() -> None:
    assert len(quoted()) > 20
    assert len(set(quoted())) == len(quoted())
