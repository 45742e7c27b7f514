"""What would be done, and why: the plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a step does. Only the mutating ones change AWS."""

    REUSE = "reuse"
    BUILD = "build"
    CREATE = "create"
    UPDATE = "update"
    PUBLISH = "publish"
    MOVE = "move"
    REPLACE = "replace"
    REMOVE = "remove"
    TEST = "test"
    SKIP = "skip"

    @property
    def changes(self) -> bool:
        """Whether the step builds something or changes AWS."""
        return self not in (Action.REUSE, Action.SKIP, Action.TEST)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the plan. ``id`` is ``kind:name``, unique within a region."""

    id: str
    region: str
    action: Action
    reason: str
    fingerprint: str = ""

    @property
    def kind(self) -> str:
        """What the step is about: base, image, layer, code, configuration, …"""
        return self.id.partition(":")[0]

    @property
    def subject(self) -> str:
        """The base, layer or function."""
        return self.id.split(":")[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, each with its reason."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        """Whether anything would be built or changed."""
        return any(step.action.changes for step in self.steps)

    def step(self, region: str, step_id: str) -> Step:
        """The step of that id in that region; ``KeyError`` when the plan has none."""
        for step in self.steps:
            if step.region == region and step.id == step_id:
                return step
        raise KeyError(f"{step_id} in {region}")

    def steps_in(self, region: str) -> dict[str, Step]:
        """The steps of a region by their ids."""
        return {step.id: step for step in self.steps if step.region == region}

    def of(self, region: str, subject: str) -> tuple[Step, ...]:
        """The steps about one function, layer or base in a region."""
        return tuple(s for s in self.steps if s.region == region and s.subject == subject)
