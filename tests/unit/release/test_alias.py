"""The alias moves on conditions, and goes only as long as no other run has taken it over."""

from __future__ import annotations

from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoReport
from lambda_fast_deploy.state import marks
from tests.unit import make
from tests.unit.release.fakes import FakeLambda, context


def made() -> tuple[FakeLambda, ReleaseContext, str]:
    """A release that has made an alias, and the name of that."""
    api = FakeLambda(make.state(), make.state(version="1"))
    release = context(api)
    AliasMoves(release).to("1", f"{marks.under_test_by(release.run_log.run)}, since now")
    return api, release, release.function.alias


def test_an_alias_that_this_run_has_made_is_deleted() -> None:
    api, release, alias = made()
    assert release.undo.undo() == UndoReport((f"alias {alias} of orders",))
    assert alias not in api.there


def test_an_alias_that_others_take_over_before_its_deletion_stays() -> None:
    api, release, alias = made()

    def taken_over() -> None:
        if api.there[alias].is_going:
            api.leads(alias, "1", "of another run")

    release.undo.record("what is undone between the mark and the deletion", lambda: None)
    api.before_moves = [None, taken_over]
    assert f"alias {alias} of orders" not in release.undo.undo().undone
    assert api.there[alias].description == "of another run"
