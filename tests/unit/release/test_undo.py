"""The way back: newest first, and no failure stops it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lambda_fast_deploy.errors import Conflict, DeployFailed, NotReady, Unavailable, Unreachable
from lambda_fast_deploy.release.undo import Undo, UndoReport, UndoResult
from lambda_fast_deploy.run_log import RunLog


def recorded(*ways: tuple[str, Exception | None]) -> tuple[Undo, list[str]]:
    undo, done = Undo(), list[str]()

    def way(what: str, error: Exception | None) -> Callable[[], None]:
        def back() -> None:
            done.append(what)
            if error:
                raise error

        return back

    for what, error in ways:
        undo.record(what, way(what, error))
    return undo, done


def test_nothing_recorded_is_nothing_to_undo() -> None:
    assert Undo().undo() == UndoReport()


def test_the_newest_change_is_undone_first() -> None:
    undo, done = recorded(("configuration", None), ("code", None), ("alias", None))
    assert undo.undo() == UndoReport(("alias", "code", "configuration"))
    assert done == ["alias", "code", "configuration"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DeployFailed("Lambda said no", remedy="wait"), "Lambda said no"),
        (NotReady("no network"), "no network"),
        (Conflict("somebody else"), "somebody else"),
        (KeyError("FunctionArn"), "unexpected KeyError('FunctionArn')"),
        (EOFError(), "unexpected EOFError()"),
    ],
)
def test_a_way_back_that_fails_does_not_stop_the_others(error: Exception, said: str) -> None:
    undo, done = recorded(("configuration", None), ("code", error), ("alias", None))
    assert undo.undo() == UndoReport(("alias", "configuration"), left=(f"code: {said}",))
    assert done == ["alias", "code", "configuration"]


def test_what_was_undone_is_not_undone_again() -> None:
    undo, done = recorded(("code", None))
    undo.undo()
    assert undo.undo() == UndoReport()
    assert done == ["code"]


def test_what_was_not_put_back_is_not_told_as_undone() -> None:
    undo = Undo()
    for what, came in (("tags", UndoResult.NEEDLESS), ("code", UndoResult.THEIRS), ("alias", None)):
        undo.record(what, lambda came=came: came)  # type: ignore[misc]
    theirs = "code: kept, because another deployment has changed it since"
    assert undo.undo() == UndoReport(("alias",), (theirs,))


@pytest.mark.parametrize(
    ("ways", "outcome", "told"),
    [
        ((("code", None), ("alias", None)), "done", "alias; code"),
        (
            (("tags", DeployFailed("no")), ("code", DeployFailed("no")), ("alias", None)),
            "failed",
            "alias; fix manually: code, tags",
        ),
        ((), "done", "nothing was changed"),
    ],
)
def test_the_line_of_an_undo_names_what_is_left(
    ways: tuple[tuple[str, Exception | None], ...], outcome: str, told: str
) -> None:
    undo, _ = recorded(*ways)
    run_log = RunLog()
    undo.undo_in_log(run_log.rollback("orders", "a test failed", ""))
    (entry,) = run_log.entries
    assert (entry.outcome, entry.detail) == (outcome, told)


def test_users_are_led_back_first() -> None:
    undo, done = recorded(("code", None))
    undo.record("alias", lambda: done.append("alias"), first=True)
    undo.record("url", lambda: done.append("url"))
    assert undo.undo() == UndoReport(("alias", "url", "code"))
    assert done == ["alias", "url", "code"]


@pytest.mark.usefixtures("quick")
def test_a_way_back_is_tried_again_while_aws_is_away() -> None:
    errors, undo = [Unavailable("away"), Unreachable("nobody answers")], Undo()

    def way() -> None:
        if errors:
            raise errors.pop()

    undo.record("alias", way)
    assert undo.undo() == UndoReport(("alias",))
