"""One run of a schedule: started, held at each of its events, and let go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.schedule import Gone, Held
from tests.schedules.case import Choice
from tests.zygote import Process

ALONE = 120.0  # seconds; a run that nothing holds comes to its next event, on a busy machine too
LOOK = 1.0  # seconds between calls of users while a run only looks
PATIENCE = 20.0  # seconds; a run that comes to no event in this time waits for another one
END_OF_TEST = "end of a test"


@dataclass
class Actor:
    """A run by its letter ``who``. ``events`` are those that it came to, the last yet to happen."""

    who: str
    choice: Choice
    held: Held
    begin: Callable[[Held], Process]
    events: list[str] = field(default_factory=list)
    process: Process | None = None
    code: int | None = None
    _let: int = 0

    @property
    def has_begun(self) -> bool:
        """Whether it was started."""
        return self.process is not None or self.code is not None

    @property
    def is_by_hand(self) -> bool:
        """Whether it is no run, but somebody at the console."""
        return not self.choice.action.command

    @property
    def is_under_way(self) -> bool:
        """Whether it was started and has not ended."""
        return self.has_begun and self.code is None

    @property
    def has_proved(self) -> bool:
        """Whether its tests before users have passed: their end has happened."""
        return self.choice.flavour != "bad" and END_OF_TEST in self._happened

    @property
    def has_changed(self) -> bool:
        """Whether it has changed anything."""
        return any(event != END_OF_TEST for event in self._happened)

    @property
    def _happened(self) -> list[str]:
        return self.events[:-1] if self.is_under_way else self.events

    @property
    def log(self) -> str:
        """What it has printed."""
        return self.process.log.read_text() if self.process and self.process.log.exists() else ""

    def advance(self, patience: float = PATIENCE) -> str:
        """Let it go on to its next event, or start it.

        Args:
            patience: seconds in which it comes to its next event, if it waits for nobody.

        Returns:
            What it is about to do; nothing once it has ended.

        Raises:
            Late: it waits for another run.
        """
        if self.process is None:
            self.process = self.begin(self.held)
        elif len(self.events) > self._let:
            self.held.let()
            self._let += 1
        try:
            self.events.append(self.held.next(self.process.ends, patience))
        except Gone:
            self.code = self.process.wait(ALONE)
            self.held.free()
            return ""
        return self.events[-1]


@dataclass
class Hand(Actor):
    """Somebody who changes the function by hand; ``change`` tells whether that was done."""

    change: Callable[[], bool] = lambda: False

    def advance(self, patience: float = PATIENCE) -> str:
        """Make the change."""
        del patience
        self.code = 0 if self.change() else 1
        self.held.free()
        return ""
