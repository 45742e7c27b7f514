"""The page a person reads: true in every outcome, and proof against hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.errors import (
    DeployError,
    DeployFailed,
    Invalid,
    NotReady,
    Place,
    Problem,
)
from lambda_fast_deploy.models import (
    LATEST,
    Action,
    FunctionOutcome,
    Outcome,
    PastVersion,
    Plan,
    Speed,
    Step,
)
from lambda_fast_deploy.report.markdown import BLOCK, cell
from lambda_fast_deploy.report.page import LIMIT, summary
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.sanitize import harmless
from tests.unit import make
from tests.unit.report.baits import BAITS

HOSTILE = (
    "| x | <img src=x onerror=alert(1)> `code` **bold** [link](javascript:x)\n\n"
    "# heading\n```\n~~~\n</details><script>alert(1)</script>\u2028--> \\| \\"
)
STEPS = (
    Step("code:orders", make.REGION, Action.UPDATE, "the code changed"),
    Step("alias:orders", make.REGION, Action.MOVE, "live serves version 7"),
)


def outcome(*deliveries: FunctionOutcome, steps: tuple[Step, ...] = STEPS) -> Outcome:
    return Outcome(Plan(steps), deliveries or (make.delivery(),))


def page(*deliveries: FunctionOutcome, steps: tuple[Step, ...] = STEPS) -> str:
    return summary(outcome(*deliveries, steps=steps), RunLog())


def headline(*deliveries: FunctionOutcome) -> str:
    return page(*deliveries).splitlines()[0]


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("outcome", "changes", "said"),
    [
        ("deployed", {}, "✅ stack shop: now in state 8 (before: 7), in "),
        ("deployed", {"drifted": ("A", "B")}, "✅ stack shop: A, B updated directly, in "),
        ("unchanged", {"drifted": ("A",)}, "✅ stack shop: nothing to do, in "),
        ("rolled-back", {}, "↩️ stack shop: failed and rolled back, it has its previous state, in "),
        ("failed", {"left": ("a",)}, "❌ stack shop: failed, rollback incomplete: 1 change needs"),
    ],
)
def test_a_stack_is_told_of_in_a_sentence(outcome: str, changes: dict[str, Any], said: str) -> None:
    stack = make.delivery(outcome, function="shop", is_stack=True, **changes)
    assert headline(stack).removeprefix("## ").startswith(said)


def test_what_a_stack_tells_is_on_the_page() -> None:
    arn = f"arn:aws:cloudformation:{make.REGION}:1:stack/shop/0-a"
    outputs = {"Api": "https://a.example/prod", "Table": "shop|*x*"}
    told = page(make.delivery(function="shop", is_stack=True, arn=arn, outputs=outputs))
    assert "| `Api` | <https://a.example/prod> |" in told
    assert r"| `Table` | shop\|\*x\* |" in told
    assert "|  | stack | version |" in told
    where = f"/stacks/stackinfo?stackId={quote(arn, safe='')}"
    assert f"region={make.REGION}#{where})" in told


@pytest.mark.parametrize(
    ("outcome", "changes", "said"),
    [
        ("deployed", {}, "✅ orders: live now serves version 8 (before: 7), in "),
        ("deployed", {"previous": ""}, "✅ orders: live now serves version 8, in "),
        ("unchanged", {}, "✅ orders: nothing to do, live already serves version 8, in "),
        (
            "unchanged",
            {"settings": ("alarms", "url")},
            "✅ orders: alarms, url changed, live still serves version 8, in ",
        ),
        (
            "unchanged",
            {"alias": "$LATEST"},
            "✅ orders: nothing to do, \\$LATEST is up to date, in ",
        ),
        (
            "unchanged",
            {"alias": "$LATEST", "settings": ("tags",)},
            "✅ orders: tags changed, \\$LATEST still has the same code, in ",
        ),
        ("planned", {}, "📋 orders: planned only: 2 of 2 steps would change something, in "),
        ("rolled-back", {}, "↩️ orders: failed and rolled back, live still serves version 8, in "),
        (
            "rolled-back",
            {"version": ""},
            "↩️ orders: failed and rolled back, the function was deleted, in ",
        ),
        ("failed", {}, "❌ orders: failed, live still serves version 8, in "),
        ("failed", {"version": ""}, "❌ orders: failed, nothing was created, in "),
        (
            "rolled-back",
            {"serves": "other"},
            "↩️ orders: failed and rolled back, live now serves version",
        ),
        ("failed", {"serves": "unknown"}, "❌ orders: failed, could not read which version live"),
        ("failed", {"serves": "nothing", "version": ""}, "❌ orders: failed, live serves nothing,"),
        (
            "failed",
            {"alias": LATEST},
            "❌ orders: failed, \\$LATEST still has the previous code, in ",
        ),
        (
            "rolled-back",
            {"alias": LATEST, "serves": "other"},
            "↩️ orders: failed and rolled back, \\$LATEST now has other code, in ",
        ),
        (
            "failed",
            {"version": "", "left": ("function orders created: no permission",)},
            "❌ orders: failed, rollback incomplete: 1 change needs a manual fix, in ",
        ),
        (
            "rolled-back",
            {"left": ("a: x", "b: y")},
            "❌ orders: failed, rollback incomplete: 2 changes need a manual fix, in ",
        ),
    ],
)
def test_the_headline_tells_how_one_function_came_out(
    outcome: str, changes: dict[str, Any], said: str
) -> None:
    assert headline(make.delivery(outcome, **changes)).startswith(f"## {said}")


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (("deployed", "deployed", "unchanged"), "✅ 2 deployed, 1 unchanged, in "),
        (("deployed", "rolled-back", "failed"), "❌ 1 deployed, 1 rolled back, 1 failed, in "),
        (("planned", "planned"), "✅ 2 planned, in "),
    ],
)
def test_the_headline_counts_several_functions(outcomes: tuple[str, ...], said: str) -> None:
    assert headline(*(make.delivery(o) for o in outcomes)).startswith(f"## {said}")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Invalid([Problem("wrong", Place("f.yml", 3))]), "nothing was changed"),
        (NotReady("no credentials"), "nothing was changed"),
        (DeployFailed("a layer could not be built"), "failed"),
        (None, "failed"),
    ],
)
def test_a_run_without_an_outcome_says_what_was_touched(
    error: DeployError | None, said: str
) -> None:
    text = summary(None, RunLog(), error)
    assert text.startswith(f"## ❌ Not deployed: {said}, in ")
    assert error is None or f"```text\n{error}\n```" in text


def test_a_failure_is_told_with_its_remedy_and_what_is_left() -> None:
    text = page(
        make.delivery(
            "rolled-back",
            error="test health failed\ntrace",
            remedy="mend it",
            rolled_back=("alias live",),
            left=("code: gone",),
        )
    )
    assert "```text\ntest health failed\ntrace\nmend it\n```" in text
    assert "- rolled back: alias live" in text
    assert "- **could not be rolled back, fix manually**: code: gone" in text


def test_every_step_is_listed_with_why_and_what_came_of_it() -> None:
    run_log = RunLog()
    with run_log.work("code:orders", "update", "", make.REGION) as detail:
        detail("1.2 kB uploaded")
    text = summary(outcome(), run_log)
    (code,) = [line for line in text.splitlines() if "`code:orders`" in line]
    (alias,) = [line for line in text.splitlines() if "`alias:orders`" in line]
    assert "the code changed" in code
    assert "1.2 kB uploaded" in code
    assert "not reached" in alias


def test_a_step_that_failed_says_so() -> None:
    run_log = RunLog()
    with pytest.raises(ValueError, match="x"), run_log.work("code:orders", "u", "", make.REGION):
        raise ValueError("x")
    (code,) = [line for line in summary(outcome(), run_log).splitlines() if "`code:" in line]
    assert "**failed**" in code


def test_notes_are_shown() -> None:
    run_log = RunLog()
    run_log.note("the cache <is> cold")
    assert "> [!NOTE]\n> the cache \\<is\\> cold\n" in summary(outcome(), run_log)


def test_how_fast_it_is_is_told_beside_how_fast_it_was() -> None:
    text = page(make.delivery(speed=Speed(0.9, 0.0121), speed_before=Speed(0.45, None)))
    assert "900 ms (before: 450 ms)" in text
    assert "| 12 ms |" in text


def passed(*cold: float, size: int = 1000) -> tuple[PastVersion, ...]:
    return tuple(PastVersion(str(n), 60.0, Speed(each, 0.01), size) for n, each in enumerate(cold))


def test_the_past_is_drawn_and_what_became_worse_is_said() -> None:
    slower = make.delivery(speed=Speed(0.9, 0.01), history=passed(0.4, 0.5, 0.6), code_size=1100)
    text = page(slower)
    assert 'x-axis ["0", "1", "2", "8"]' in text
    assert "bar [400, 500, 600, 900]" in text
    assert (
        "> [!WARNING]\n> orders starts in 900 ms, 80% more than the median of its last 3 releases"
        in text
    )
    assert "has code of" not in text
    assert "as fast as the slowest previous release (60 s)" in text
    assert "saved 1.0 minutes or 0.006 USD of a runner (list price of January 2026)" in text
    usual = page(make.delivery(speed=Speed(0.55), history=passed(0.4, 0.5, 0.6)))
    assert "WARNING" not in usual
    young = page(make.delivery(speed=Speed(2.0), history=passed(0.4, 0.5)))
    assert "WARNING" not in young


def test_what_is_stored_is_told_with_its_dated_price() -> None:
    text = page(make.delivery(image_size=2 * 10**9))
    assert "storage of the built images: 0.20 USD a month (list price of January 2026)" in text


def test_the_heaviest_packages_are_drawn_and_the_others_are_one_slice() -> None:
    sizes = {f"package{n}": (20 - n) * 10**6 for n in range(12)}
    shown = summary(replace(outcome(), packages={"deps": sizes}), RunLog())
    assert '"package0" : 20.00' in shown
    assert '"4 others" : 42.00' in shown
    assert "pie showData title MB unzipped" in shown


def test_of_many_functions_only_those_to_which_something_happened_are_listed() -> None:
    names = [f"fn{n}" for n in range(40)]
    deliveries = [make.delivery("unchanged", function=name) for name in names]
    deliveries[7] = make.delivery("rolled-back", function="fn7", error="broken")
    deliveries[9] = make.delivery(function="fn9")
    steps = (
        *(Step(f"code:{name}", make.REGION, Action.SKIP, "up to date") for name in names),
        Step("code:fn9", make.REGION, Action.UPDATE, "the code changed"),
    )
    text = page(*deliveries, steps=steps)
    assert text.startswith("## ❌ 1 deployed, 38 unchanged, 1 rolled back, in ")
    assert "38 others unchanged." in text
    assert "`fn9`" in text
    assert "`fn3`" not in text
    assert text.count("code:fn") == 1


def test_of_many_planned_functions_only_their_number_is_listed() -> None:
    text = page(*(make.delivery("planned", function=f"fn{n}") for n in range(40)))
    assert "40 others planned." in text


def test_a_plan_without_functions_counts_its_changes() -> None:
    step = Step("layer:deps", make.REGION, Action.BUILD, "no layer has this content")
    text = summary(Outcome(Plan((step,)), ()), RunLog())
    assert text.startswith("## 📋 Planned only: 1 of 1 steps would change something, in ")


def test_tests_are_listed_those_that_failed_first() -> None:
    run_log = RunLog()
    with run_log.work("test:orders:health", "test", "before traffic", make.REGION) as detail:
        detail("GET /health 200 in 12 ms")
    with (
        pytest.raises(DeployFailed),
        run_log.work("test:orders:smoke", "test", "before traffic", make.REGION),
    ):
        raise DeployFailed("test smoke failed: sh failed")
    rows = [line for line in summary(outcome(), run_log).splitlines() if "before traffic" in line]
    assert rows[0].startswith("| ❌ | `smoke` |")
    assert rows[1].startswith("| ✅ | `health` |")
    assert rows[1].endswith("| GET /health 200 in 12 ms |")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_a_link_leads_to_the_version_in_the_console(region: str, host: str) -> None:
    text = page(make.delivery(region=region))
    address = f"https://{host}/lambda/home?region={region}#/functions/orders/versions/8"
    assert f"[console]({address})" in text


# ---------------------------------------------------------------- what it withstands


def unescaped(text: str) -> str:
    """The characters that Markdown would act on."""
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", text)


@given(st.text() | st.text("|`*_[]<>#~\\\n ab$&@:/") | st.sampled_from(BAITS))
def test_a_cell_is_one_line_without_markup_that_reads_as_the_text(text: str) -> None:
    shown = cell(text)
    assert len(shown.splitlines()) <= 1
    assert not set(unescaped(shown)) & set("`*_{}[]<>|#~$&")
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown).replace("\u2060", "")
    assert read == " ".join(harmless(text).split()).replace("\u2060", "")


def hostile_page() -> str:
    run_log = RunLog()
    with run_log.work("code:orders", "update", HOSTILE, make.REGION) as detail:
        detail(HOSTILE)
    run_log.note(HOSTILE)
    steps = (Step("code:orders", make.REGION, Action.UPDATE, HOSTILE),)
    hostile = make.delivery(
        "rolled-back",
        error=HOSTILE,
        remedy=HOSTILE,
        url=HOSTILE,
        rolled_back=(HOSTILE,),
        left=(HOSTILE,),
    )
    return summary(outcome(hostile, steps=steps), run_log)


def without_fences(text: str) -> list[str]:
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif match := re.match(r"`{3,}", line):
            fence = match.group()
        else:
            kept.append(line)
    assert not fence, "a fence was left open"
    return kept


def test_hostile_text_brings_neither_html_nor_links_nor_headings() -> None:
    lines = without_fences(hostile_page())
    ours = re.compile(
        r"</?details( open)?>(<summary>(Every step, and why|Timeline)</summary>)?"
        r"|- \[log\]\(https://[^)]+\) · \[console\]\(https://[^)]+\)"
    )
    for line in lines:
        if not ours.fullmatch(line):
            line = re.sub(r"\[console\]\(https://[^)]+\)", "", line)
            assert "<" not in unescaped(line).replace("> [!NOTE]", "")
            assert "](" not in line.replace("\\](", "")
    assert [line for line in lines if line.startswith("#")] == [
        next(line for line in lines if line.startswith("## ")),
        f"### orders in {make.REGION}",
    ]


def test_hostile_text_adds_no_column_to_a_table() -> None:
    widths: list[set[int]] = [set()]
    for line in without_fences(hostile_page()):
        if line.startswith("|"):
            widths[-1].add(unescaped(line).count("|"))
        else:
            widths.append(set())
    assert {len(found) for found in widths if found} == {1}


@given(st.text("`~ab\n", max_size=30))
def test_no_error_can_leave_its_fence(text: str) -> None:
    shown = summary(None, RunLog(), DeployFailed(text))
    assert without_fences(shown)[1:] in ([""], ["", ""], [])
    assert text in shown


@pytest.mark.parametrize("size", [10, BLOCK, BLOCK + 1, 3_000_000])
@pytest.mark.parametrize("character", ["x", "ü", "🚀"])
def test_a_long_error_is_cut_and_the_rest_of_the_page_stays(size: int, character: str) -> None:
    text = page(make.delivery("failed", error=character * size))
    assert ("… truncated" in text) is (size > BLOCK)
    assert "Every step, and why" in text


def test_a_page_stays_below_what_github_takes() -> None:
    many = [make.delivery("failed", error="🚀" * BLOCK) for _ in range(40)]
    text = page(*many)
    assert LIMIT < len(text.encode()) < 2**20


def test_half_a_surrogate_pair_can_be_written_to_a_file() -> None:
    assert page(make.delivery("failed", error="\ud83d")).encode()


def test_a_url_can_be_followed() -> None:
    url = "https://abc.lambda-url.eu-central-1.on.aws/"
    assert f"[open]({url})" in page(make.delivery(url=url))
