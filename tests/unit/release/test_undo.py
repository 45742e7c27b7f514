"""The way back: newest first, and no failure stops it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import Conflict, DeployFailed, NotReady
from engine.release.undo import Undo


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
    assert Undo().undo() == ((), ())


def test_the_newest_change_is_undone_first() -> None:
    undo, done = recorded(("configuration", None), ("code", None), ("alias", None))
    assert undo.undo() == (("alias", "code", "configuration"), ())
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
    assert undo.undo() == (("alias", "configuration"), (f"code: {said}",))
    assert done == ["alias", "code", "configuration"]


def test_what_was_undone_is_not_undone_again() -> None:
    undo, done = recorded(("code", None))
    undo.undo()
    assert undo.undo() == ((), ())
    assert done == ["code"]
