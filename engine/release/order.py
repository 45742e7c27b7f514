"""What one release has in hand: one function in one region, and everything it needs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from engine.adapters.aws.functions import Functions
from engine.adapters.aws.urls import Urls
from engine.errors import Conflict
from engine.journal import Journal
from engine.model import Action, Artifacts, Function, ObservedFunction, Plan, Step
from engine.release.undo import Undo


def theirs(what: str) -> Conflict:
    """The error of a run that met somebody else's: ``what`` they did."""
    return Conflict(
        f"somebody else {what} while this run was deploying",
        remedy="Nothing of theirs was changed. Run again to deploy on top of it.",
    )


@dataclass(frozen=True, slots=True)
class Order:
    """A function to release. ``observed`` is what was there before the run, if anything."""

    region: str
    function: Function
    plan: Plan
    artifacts: Artifacts
    observed: ObservedFunction | None
    functions: Functions
    urls: Urls
    journal: Journal
    undo: Undo = field(default_factory=Undo)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    def step(self, kind: str) -> Step:
        """The planned step of a kind, such as ``code`` or ``test:health``."""
        what, _, rest = kind.partition(":")
        return self.plan.step(self.region, f"{what}:{self.name}{f':{rest}' if rest else ''}")

    def wanted(self, kind: str) -> bool:
        """Whether the plan has something to do there."""
        return self.step(kind).action is not Action.SKIP

    def working(self, kind: str) -> AbstractContextManager[Callable[[str], None]]:
        """Time the step's work in the journal; yields a setter of its detail."""
        return self.journal.step(self.step(kind))
