"""What ``$LATEST`` says of its tests, where users call that: proved, or under test by a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.errors import Cancelled, ChangedMeanwhile, NotFound, NotPermitted
from lambda_fast_deploy.models import LATEST, FunctionState, ObservedFunction
from lambda_fast_deploy.planning import configuration
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.latest import announce_test, mark_tested
from lambda_fast_deploy.release.undo import UndoReport
from lambda_fast_deploy.state import marks
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context

OTHER = "of what passed once"


def found(tag: str = "", **changes: Any) -> FunctionState:
    """``$LATEST``, perhaps with what the tag for tests says."""
    tags = {marks.TESTED: tag} if tag else {}
    return replace(make.state(version=LATEST, layers=()), tags=tags, **changes)


def proved() -> FunctionState:
    return found(configuration.tested_mark(found()))


def releasing(state: FunctionState | None, **changes: Any) -> tuple[FakeLambda, ReleaseContext]:
    wanted = {"alias": LATEST, "source": make.zip_source(layers=()), "tests": (make.HEALTH,)}
    api = FakeLambda(state)
    observed = ObservedFunction(state, None, None) if state else None
    return api, context(api, make.function(**wanted | changes), observed)


def tags(api: FakeLambda) -> dict[str, str]:
    assert api.latest
    return dict(api.latest.tags)


# ---------------------------------------------------------------- under test


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (None, {}),  # it is about to be created
        (proved(), {}),
        (found(OTHER), {"tests": ()}),
        (found(OTHER), {"alias": "live"}),
    ],
    ids=["new", "proved", "without tests", "with an alias"],
)
def test_on_top_of_what_users_have_nothing_is_announced(
    state: FunctionState | None, changes: dict[str, Any]
) -> None:
    api, release = releasing(state, **changes)
    announce_test(release)
    assert api.calls == []
    assert not release.undo


@pytest.mark.parametrize("tag", ["", OTHER, f"{marks.UNDER_TEST}another"])
def test_a_test_on_top_of_what_none_has_passed_is_announced_and_taken_back(tag: str) -> None:
    api, release = releasing(found(tag))
    announce_test(release)
    assert tags(api) == {marks.TESTED: f"{marks.UNDER_TEST}{release.run_log.run}"}
    assert release.undo.undo() == UndoReport()  # users have what they had: there is nothing to tell
    assert tags(api) == ({marks.TESTED: tag} if tag else {})


def test_what_a_third_run_has_announced_meanwhile_stays() -> None:
    api, release = releasing(found())
    announce_test(release)
    theirs = {marks.TESTED: f"{marks.UNDER_TEST}a third"}
    api.changes(tags=theirs)
    release.undo.undo()
    assert tags(api) == theirs


def test_a_run_that_may_set_no_tags_goes_on() -> None:
    api, release = releasing(found())
    api.refusals = [NotPermitted("no lambda:TagResource")]
    announce_test(release)
    (note,) = release.run_log.notes
    assert "lambda:TagResource" in note


def test_a_run_that_was_cancelled_before_announces_nothing() -> None:
    api, release = releasing(found())
    release.run_log.cancellation.request()
    with pytest.raises(Cancelled):
        announce_test(release)
    assert api.calls == []
    assert not release.undo


def test_a_function_that_is_gone_is_looked_at_again() -> None:
    api, release = releasing(found())
    api.refusals = [NotFound("no function")]
    with pytest.raises(ChangedMeanwhile, match="orders was deleted"):
        announce_test(release)


# ---------------------------------------------------------------- tested


def test_what_was_tested_takes_the_place_of_the_announcement() -> None:
    api, release = releasing(found())
    announce_test(release)
    assert api.latest
    mark_tested(release, api.latest, is_shared=True)
    assert tags(api) == {marks.TESTED: configuration.tested_mark(found())}
    assert marks.LOCK not in api.there


def test_what_another_run_has_changed_meanwhile_was_not_tested() -> None:
    api, release = releasing(found())
    tested = found(memory=1024)
    with pytest.raises(ChangedMeanwhile, match="was changed after its tests"):
        mark_tested(release, tested, is_shared=True)
    assert tags(api) == {}


def test_what_is_marked_already_is_not_marked_again() -> None:
    api, release = releasing(proved())
    mark_tested(release, proved(), is_shared=False)
    assert api.calls == []
