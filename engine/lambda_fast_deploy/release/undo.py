"""The way back: what was changed, newest first, each with how to put it back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from enum import Enum

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.errors import DeployError, NotRestored

PATIENCE = 300.0  # seconds that each way back is tried while AWS does not do its part


class UndoResult(Enum):
    """How a way back came out that has put nothing back; any other answer says that it has."""

    NEEDLESS = "it had not been changed"
    THEIRS = "left alone, since somebody else has deployed in the meantime"
    SERVES = "it stays, since AWS lets it serve until another one has its provisioned concurrency"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What came of an undo: what was undone, what is somebody else's by now, and what is left.

    The last two have the reason with them. What had not been changed is not told.
    """

    undone: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __str__(self) -> str:
        left = ", ".join(
            each.partition(": ")[0] for each in self.left
        )  # the reasons are told later
        by_hand = [f"left to mend by hand: {left}"] if left else []
        return "; ".join([*self.undone, *self.spared, *by_hand]) or "nothing had been changed"


@dataclass(slots=True)
class Undo:
    """Records how to undo each change before the change is made."""

    _ways: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    _first: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def record(self, what: str, way: Callable[[], object], *, first: bool = False) -> None:
        """Remember a way back; ``what`` completes "undone: …", unless the way answers ``Back``.

        The alias goes ``first``, whatever was changed after it.
        """
        (self._first if first else self._ways).append((what, way))

    def forget(self) -> None:
        """Take back the newest record: AWS refused the change, so there is nothing to undo."""
        self._ways.pop()

    def __bool__(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._ways or self._first)

    def undo(self) -> UndoReport:
        """Go back, newest first; a way that fails does not stop the others.

        While AWS cannot be reached, or fails itself, each is tried again for ``PATIENCE`` seconds.
        """
        undone: list[str] = []
        spared: list[str] = []
        left: list[str] = []
        while self:
            what, way = (self._first or self._ways).pop()
            try:
                came = retry.patiently(way, lambda: PATIENCE)
            except DeployError as error:
                left.append(f"{what}: {error.message}")
            except Exception as error:  # a fault of ours in one way must not block the others
                left.append(f"{what}: unexpected {error!r}")
            else:
                if isinstance(came, UndoResult) and came is not UndoResult.NEEDLESS:
                    spared.append(f"{what}: {came.value}")
                elif came is not UndoResult.NEEDLESS:
                    undone.append(what)
        return UndoReport(tuple(undone), tuple(spared), tuple(left))

    def told(self, work: AbstractContextManager[Callable[[str], None]]) -> UndoReport:
        """Go back as a piece of work in the run log, which failed if something is left."""
        came = UndoReport()
        with suppress(NotRestored), work as detail:
            came = self.undo()
            detail(str(came))
            if came.left:
                raise NotRestored(str(came))
        return came
