"""Stacks as CloudFormation has them, and their desired state (API: CloudFormation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as CloudFormation has it (API: ``DescribeStacks``).

    The value of a secret parameter (``NoEcho``) is ``****``. ``changed`` is a time in ISO 8601.
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
        """Whether it is more than a name (status ``REVIEW_IN_PROGRESS``)."""
        return self.status != "REVIEW_IN_PROGRESS"

    @property
    def is_busy(self) -> bool:
        """Whether an operation on it is in progress."""
        return self.exists and self.status.endswith("_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one resource in a change set (API: ``ResourceChange``).

    ``replacement`` is True, False, Conditional or empty, ``policy`` says whether the old resource
    is kept, and ``names`` are the properties that differ themselves, not by what they refer to.
    ``logical`` is preceded by the logical ids of the parent stacks, with slashes.
    """

    action: str
    logical: str
    type: str
    replacement: str = ""
    policy: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that is ready, or one that does not differ (``differs``) from the stack.

    One that only differs in outputs has no ``changes``, which are those of resources. One that
    ``is_new`` has created its stack, which is only a name until the change set is executed.
    """

    id: str
    stack: str
    changes: tuple[Change, ...]
    differs: bool = True
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class StackEvent:
    """An event of a resource (API: ``StackEvent``)."""

    id: str
    logical: str
    type: str
    status: str
    reason: str
    physical: str

    @property
    def failed(self) -> bool:
        """Whether it is a failure itself, not the consequence of another one."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack (API: ``DescribeStackResources``)."""

    logical: str
    physical: str
    type: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The desired state of a stack; a parameter without a value keeps its present one.

    ``text`` is its template, and ``template`` has the parameters of the call that name it: the text
    itself, or its location. ``has_stacks`` is whether it has nested stacks. ``role`` is a role for
    CloudFormation.
    """

    text: str = field(repr=False)
    template: Mapping[str, str] = field(repr=False)
    parameters: Mapping[str, str | None] = field(repr=False)
    capabilities: tuple[str, ...]
    tags: Mapping[str, str]
    has_stacks: bool = False
    role: str = ""


def change_of(description: Mapping[str, Any], within: str) -> Change:
    """The change of one resource in a change set, in the parent stacks ``within``."""
    names = (
        detail["Target"].get("Name") or detail["Target"].get("Attribute", "")
        for detail in description.get("Details", [])
        if detail.get("ChangeSource") in ("DirectModification", None)
    )
    return Change(
        action=description["Action"],
        logical=f"{within}{description['LogicalResourceId']}",
        type=description["ResourceType"],
        replacement=description.get("Replacement", ""),
        policy=description.get("PolicyAction", ""),
        names=tuple(dict.fromkeys(names)),
    )
