"""Stacks as CloudFormation has them, and what shall become of them (API: CloudFormation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as CloudFormation has it (API: ``DescribeStacks``).

    The value of a parameter that is a secret (``NoEcho``) reads ``****``. ``changed`` is a time in
    ISO 8601.
    """

    id: str
    name: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    outputs: Mapping[str, str]
    capabilities: tuple[str, ...]
    changed: str = ""

    @property
    def exists(self) -> bool:
        """Whether there is more of it than its name (status ``REVIEW_IN_PROGRESS``)."""
        return self.status != "REVIEW_IN_PROGRESS"

    @property
    def is_busy(self) -> bool:
        """Whether something is being done with it."""
        return self.exists and self.status.endswith("_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set does with one resource (API: ``ResourceChange``).

    ``replacement`` is True, False, Conditional or empty, ``policy`` what becomes of the old one,
    and ``names`` the properties that differ by themselves, not by what they refer to. ``logical``
    follows the logical ids of the stacks that the resource is nested in, with slashes.
    """

    action: str
    logical: str
    type: str
    replacement: str = ""
    policy: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that is ready, or one that ``differs`` in nothing from the stack.

    One that differs in outputs alone has no ``changes``, which are those of resources. One that
    ``is_new`` has made its stack, which is nothing but a name as long as it is not carried out.
    """

    id: str
    stack: str
    changes: tuple[Change, ...]
    differs: bool = True
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class StackEvent:
    """Something that happened to a resource (API: ``StackEvent``)."""

    id: str
    logical: str
    type: str
    status: str
    reason: str
    physical: str

    @property
    def failed(self) -> bool:
        """Whether it is a failure of its own, not one that follows from another's."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack (API: ``DescribeStackResources``)."""

    logical: str
    physical: str
    type: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a stack shall become; a parameter without a value keeps the one it has.

    ``text`` is its template, and ``template`` are the parameters of the call that name it: the
    text itself, or where it is. ``has_stacks`` is whether it has stacks of its own. ``role`` is one
    for CloudFormation.
    """

    text: str = field(repr=False)
    template: Mapping[str, str] = field(repr=False)
    parameters: Mapping[str, str | None] = field(repr=False)
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    has_stacks: bool = False
    role: str = ""


def change_of(found: Mapping[str, Any], within: str) -> Change:
    """What a change set tells of one resource, in the stacks ``within``."""
    names = (
        detail["Target"].get("Name") or detail["Target"].get("Attribute", "")
        for detail in found.get("Details", [])
        if detail.get("ChangeSource") in ("DirectModification", None)
    )
    return Change(
        action=found["Action"],
        logical=f"{within}{found['LogicalResourceId']}",
        type=found["ResourceType"],
        replacement=found.get("Replacement", ""),
        policy=found.get("PolicyAction", ""),
        names=tuple(dict.fromkeys(names)),
    )
