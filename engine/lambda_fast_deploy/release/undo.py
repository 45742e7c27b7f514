"""The undo of a run: its changes, newest first, each with the function that restores it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from enum import Enum

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.errors import DeployError, NotRestored

PATIENCE = 300.0  # seconds during which each undo is retried while AWS is unavailable


class UndoResult(Enum):
    """The result of an undo that has restored nothing; any other value means that it has."""

    NEEDLESS = "not changed"
    THEIRS = "kept, because another deployment has changed it since"
    SERVES = "kept, because it serves until another version has its provisioned concurrency"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """The result of a rollback: changes that are undone, kept (spared), and left to fix manually.

    The last two include the reason. Changes that had not been made are not listed.
    """

    undone: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __str__(self) -> str:
        left = ", ".join(each.partition(": ")[0] for each in self.left)  # the reasons follow later
        manual = [f"fix manually: {left}"] if left else []
        return "; ".join([*self.undone, *self.spared, *manual]) or "nothing was changed"


@dataclass(slots=True)
class Undo:
    """Records how to undo each change before the change is made."""

    _changes: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    _first: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def record(self, change: str, undo: Callable[[], object], *, first: bool = False) -> None:
        """Record how to undo a change.

        Args:
            change: a noun phrase, for people.
            undo: restores it; returns an ``UndoResult`` if it has restored nothing.
            first: undo it before all others, as the alias.
        """
        (self._first if first else self._changes).append((change, undo))

    def forget(self) -> None:
        """Delete the newest record: AWS refused the change, so there is nothing to undo."""
        self._changes.pop()

    def __bool__(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._changes or self._first)

    def undo(self) -> UndoReport:
        """Undo the changes, newest first; an error in one does not stop the others.

        While AWS is unreachable or unavailable, each is retried for ``PATIENCE`` seconds.
        """
        undone: list[str] = []
        spared: list[str] = []
        left: list[str] = []
        while self:
            change, undo = (self._first or self._changes).pop()
            try:
                result = retry.patiently(undo, lambda: PATIENCE)
            except DeployError as error:
                left.append(f"{change}: {error.message}")
            except Exception as error:  # a bug in one undo must not block the others
                left.append(f"{change}: unexpected {error!r}")
            else:
                if isinstance(result, UndoResult) and result is not UndoResult.NEEDLESS:
                    spared.append(f"{change}: {result.value}")
                elif result is not UndoResult.NEEDLESS:
                    undone.append(change)
        return UndoReport(tuple(undone), tuple(spared), tuple(left))

    def undo_in_log(self, work: AbstractContextManager[Callable[[str], None]]) -> UndoReport:
        """Undo the changes as an entry of the run log, which fails if something is left."""
        report = UndoReport()
        with suppress(NotRestored), work as detail:
            report = self.undo()
            detail(str(report))
            if report.left:
                raise NotRestored(str(report))
        return report
