"""The way back: what was changed, newest first, each with how to put it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import DeployError


@dataclass(slots=True)
class Undo:
    """Records how to undo each change before the change is made."""

    _ways: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def record(self, what: str, way: Callable[[], object]) -> None:
        """Remember a way back; ``what`` completes "undone: …", as does a text that it returns."""
        self._ways.append((what, way))

    def forget(self) -> None:
        """Take back the newest record: AWS refused the change, so there is nothing to undo."""
        self._ways.pop()

    def __bool__(self) -> bool:
        """Whether there is anything to undo."""
        return bool(self._ways)

    def undo(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Go back, newest first.

        A way that fails does not stop the others.

        Returns:
            What was undone, and what is left with the reason.
        """
        undone: list[str] = []
        left: list[str] = []
        while self._ways:
            what, way = self._ways.pop()
            try:
                note = way()
                undone.append(f"{what}: {note}" if isinstance(note, str) and note else what)
            except DeployError as error:
                left.append(f"{what}: {error.message}")
            except Exception as error:  # a fault of ours in one way must not block the others
                left.append(f"{what}: unexpected {error!r}")
        return tuple(undone), tuple(left)
