"""The IAM permissions of a feature: actions, each with its reason."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Simulated(Enum):
    """When doctor checks by IAM's simulation that an action is allowed."""

    ALWAYS = "always"
    TO_CREATE = "the resource does not exist"
    TO_UPDATE = "the resource exists"
    NEVER = "doctor uses it itself, or few runs need it"


ALWAYS, TO_CREATE, TO_UPDATE, NEVER = Simulated


class Permission(NamedTuple):
    """An IAM action and its reason."""

    action: str
    why: str
    simulated: Simulated = ALWAYS


class Feature:
    """The permissions of one statement of the policy, all on the same resources.

    ``resource`` describes the resources for people.
    """

    def __init__(self, sid: str, resource: str, *permissions: Permission) -> None:
        self.sid = sid
        self.resource = resource
        self.permissions = permissions

    @property
    def actions(self) -> tuple[str, ...]:
        """All actions."""
        return tuple(each.action for each in self.permissions)

    def changes(self, *, exists: bool = True) -> tuple[str, ...]:
        """The actions that doctor must check by simulation.

        Args:
            exists: whether the resource exists already.
        """
        times = (ALWAYS, TO_UPDATE if exists else TO_CREATE)
        return tuple(each.action for each in self.permissions if each.simulated in times)
