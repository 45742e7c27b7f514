"""The plan: the steps of a run, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lambda_fast_deploy.models.attribute_change import AttributeChange


class Action(StrEnum):
    """The action of a step."""

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
class LayerReference:
    """A layer, by its name, whose version is published during the build."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the plan. ``id`` is ``kind:name``, unique within a region.

    ``changes`` are its changes, for people and scripts. ``parameters`` are the parameters of its
    API call, with a ``LayerReference`` for an ARN that the build determines; the output does not
    show them, because they contain values of the environment.
    """

    id: str
    region: str
    action: Action
    reason: str
    fingerprint: str = ""
    changes: tuple[AttributeChange, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @property
    def kind(self) -> str:
        """The kind of its subject: base, image, layer, code, configuration, …"""
        return self.id.partition(":")[0]

    @property
    def subject(self) -> str:
        """The name of the base, layer or function."""
        return self.id.split(":")[1]

    @property
    def is_due(self) -> bool:
        """Whether the step is not skipped."""
        return self.action is not Action.SKIP


@dataclass(frozen=True, slots=True)
class FunctionSteps:
    """The steps of one function in one region; ``None`` if the plan has no such step."""

    steps: tuple[Step, ...]

    def _first(self, kind: str) -> Step | None:
        return next((step for step in self.steps if step.kind == kind), None)

    def _only(self, kind: str) -> Step:
        if step := self._first(kind):
            return step
        raise KeyError(kind)

    @property
    def function(self) -> Step | None:
        """Its creation."""
        return self._first("function")

    @property
    def configuration(self) -> Step | None:
        """The attributes of ``$LATEST``."""
        return self._first("configuration")

    @property
    def code(self) -> Step | None:
        """The code of ``$LATEST``."""
        return self._first("code")

    @property
    def version(self) -> Step:
        """The publication of a version; every deploy has it."""
        return self._only("version")

    @property
    def canary(self) -> Step | None:
        """The canary."""
        return self._first("canary")

    @property
    def alias(self) -> Step:
        """The alias; every deploy has it."""
        return self._only("alias")

    @property
    def latest(self) -> Step:
        """``$LATEST`` after a rollback."""
        return self._only("latest")

    @property
    def url(self) -> Step | None:
        """The function URL."""
        return self._first("url")

    def setting(self, key: str) -> Step | None:
        """An attribute that versions do not have, such as ``tags``, by its key."""
        return self._first(key)

    def test(self, name: str) -> Step:
        """A test of the function, by its name; ``KeyError`` when the plan has none."""
        for step in self.steps:
            if step.kind == "test" and step.id.endswith(f":{name}"):
                return step
        raise KeyError(f"test {name}")

    @property
    def changes(self) -> bool:
        """Whether the deploy changes what is live."""
        steps = (self.function, self.configuration, self.code, self.alias)
        return any(step.action.changes for step in steps if step)


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, each with its reason."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        """Whether a step builds or changes something."""
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

    def function(self, region: str, name: str) -> FunctionSteps:
        """The steps of one function in a region."""
        return FunctionSteps(self.of(region, name))

    def of(self, region: str, subject: str) -> tuple[Step, ...]:
        """The steps about one function, layer or base in a region."""
        return tuple(s for s in self.steps if s.region == region and s.subject == subject)
