"""The page as GitHub renders it: what others said is in it as text, and as nothing else."""

from __future__ import annotations

import re
from html import unescape

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.errors import DeployFailed
from lambda_fast_deploy.models import Action, Outcome, Plan, Step
from lambda_fast_deploy.report.markdown import cell, code
from lambda_fast_deploy.report.page import summary
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.sanitize import harmless
from tests.unit import make
from tests.unit.report.baits import BAITS

# What the page is made of, and where its links lead.
OURS = re.compile(
    r"</?(h[23]|p|ul|li|table|thead|tbody|tr|th|td|code|pre|blockquote|strong|summary)>"
    r"|</?details( open)?>|<pre lang=\"(text|mermaid)\">|<br />"
    r"|<a href=\"https://([a-z0-9-]+\.console\.aws\.amazon\.com|abc\.lambda-url\.[a-z0-9.-]+)/"
    r"[^\"]*\">|</a>"
)


def rendered(page: str) -> str:
    """HTML, as GitHub makes it of a page before it removes what it thinks unsafe."""
    html: str = cmarkgfm.github_flavored_markdown_to_html(page, Options.CMARK_OPT_UNSAFE)
    return html


def tags(html: str) -> list[str]:
    return re.findall(r"<[^>]*>", html)


def page_of(said: str) -> str:
    run_log = RunLog()
    with run_log.work(f"resource:{said}", "update", said, make.REGION) as detail:
        detail(said)
    with pytest.raises(DeployFailed), run_log.work("test:orders:health", "test", said):
        raise DeployFailed(said)
    run_log.note(said)
    steps = (
        Step(f"resource:{said}", make.REGION, Action.UPDATE, said),
        Step("url:orders", make.REGION, Action.UPDATE, said),
        Step("test:orders:health", make.REGION, Action.TEST, said),
    )
    delivery = make.delivery(
        "rolled-back",
        error=said,
        remedy=said,
        rolled_back=(said,),
        left=(said,),
        layer_sizes={said: 1},
    )
    return summary(Outcome(Plan(steps), (delivery,), packages={"l": {said: 5}}), run_log)


@pytest.mark.parametrize("bait", BAITS)
def test_a_page_has_no_tag_and_no_link_but_its_own(bait: str) -> None:
    html = rendered(page_of(bait))
    assert [tag for tag in tags(html) if not OURS.fullmatch(tag)] == []
    plain = "x" if bait[0] not in "\r\n" else "\nx"
    assert tags(html) == tags(rendered(page_of(plain)))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


@pytest.mark.parametrize("bait", BAITS)
def test_an_error_is_one_block_of_text(bait: str) -> None:
    html = rendered(summary(None, RunLog(), DeployFailed(bait, detail=bait, remedy=bait)))
    assert tags(html) == ["<h2>", "</h2>", '<pre lang="text">', "<code>", "</code>", "</pre>"]


@given(st.lists(st.sampled_from(BAITS) | st.text("*_`[]()<>|\\!&#:@./wx ") | st.text()))
def test_a_cell_and_a_name_are_text(parts: list[str]) -> None:
    said = f"a{''.join(parts)}b"
    clean = " ".join(harmless(said).split())
    for written in (cell(said), code(said)):
        table = f"| x | y |\n| --- | --- |\n| {written} | z |\n"
        found = re.findall(r"<td>(.*)</td>", rendered(table))
        assert found[1:] == ["z"]
        assert not set(tags(found[0])) - {"<code>", "</code>"}
        text = unescape(re.sub(r"</?code>", "", found[0]))
        assert text.replace("\u2060", "") in (
            clean.replace("\u2060", ""),
            clean.replace("|", "¦").replace("\u2060", ""),
        )
