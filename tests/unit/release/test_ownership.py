"""One run at a time decides about what several share; the others wait."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.errors import Cancelled, FunctionUnusable, NotPermitted
from lambda_fast_deploy.models import LATEST
from lambda_fast_deploy.release import ownership
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.ownership import locked
from lambda_fast_deploy.state import marks
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context

THEIRS = "taken by run another"


@pytest.fixture
def waiting() -> tuple[FakeLambda, ReleaseContext]:
    """A run that is cancelled while another one has the lock."""
    api = FakeLambda(make.state())
    api.leads(marks.LOCK, LATEST, THEIRS)
    release = context(api)
    release.run_log.cancellation.request()
    return api, release


def test_a_run_that_is_cancelled_waits_for_no_other_one(
    waiting: tuple[FakeLambda, ReleaseContext],
) -> None:
    api, release = waiting
    with pytest.raises(Cancelled), locked(release):
        raise AssertionError("the other one has the lock")
    assert api.there[marks.LOCK].description == THEIRS


def test_an_undo_waits_until_the_other_one_has_decided(
    waiting: tuple[FakeLambda, ReleaseContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, release = waiting
    looks = 0

    def alias(name: str, alias: str) -> object:
        nonlocal looks
        looks += 1
        if looks == 2:
            del api.there[marks.LOCK]
        return api.there.get(alias)

    monkeypatch.setattr(api, "alias", alias)
    with release.run_log.rollback("orders", "", ""), locked(release):
        assert api.there[marks.LOCK].description != THEIRS
    assert marks.LOCK not in api.there


@pytest.mark.parametrize(
    "refusal",
    [None, NotPermitted("no lambda:UpdateFunctionConfiguration"), FunctionUnusable("Failed")],
    ids=["renewed", "denied", "failed"],
)
def test_a_lock_that_was_taken_over_is_let_go(
    refusal: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its revision is renewed where that can be done."""
    monkeypatch.setattr(ownership, "LEASE", -1.0)
    api = FakeLambda(make.state())
    api.leads(marks.LOCK, LATEST, THEIRS)
    api.refusals = [refusal]
    assert api.latest
    before = api.latest.revision
    with locked(context(api)):
        assert api.there[marks.LOCK].description != THEIRS
        assert (api.latest.revision == before) == (refusal is not None)
    assert marks.LOCK not in api.there
