"""The sample pages of docs are those that the code writes; ``make pictures`` makes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.situations import PAGES, SITUATIONS, Situation, Stage, shown

# A page has these only if the run saved time, its last try had too little, or the start was slow.
OF_TIMES = re.compile(
    r"; \d+ times as fast as the slowest previous release \(.*?\(list price .*?\)"
    r"|; then there was no answer within [\d.]+ s"
    r"|> \[!WARNING\]\n> \S+ starts in [^\n]*\n\n"
)


def without_figures(page: str) -> str:
    """A page without what differs from run to run: numbers and units, timeline, times."""
    page = OF_TIMES.sub("", page)
    page = re.sub(r"```mermaid.*?```", "", page, flags=re.DOTALL)
    page = re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|//[0-9a-f]+(?=\.execute-api)", "ID", page
    )
    page = re.sub(r"\b[a-z0-9]{32}\b|\b[0-9a-f]{12,}\b", "ID", page)
    return re.sub(r"\\?<?\d[\d.,]*( (ms|s|B|kB|MB)\b)?", "0", page)


LONG = ("canary", "forty")


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(each, id=name, marks=[pytest.mark.thorough] if name in LONG else [])
        for each in SITUATIONS
        if (name := each.__name__)
    ],
)
def test_a_sample_page_is_up_to_date(situation: Situation, tmp_path: Path) -> None:
    pages = situation(Stage(tmp_path / "repository"))
    assert pages
    for name, page in pages.items():
        kept = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert without_figures(shown(page)) == without_figures(kept), f"run make pictures: {name}"
