"""A feature's needs of IAM: actions, each with its reason."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Asked(Enum):
    """When doctor asks IAM whether an action is allowed."""

    ALWAYS = "always"
    TO_CREATE = "the thing does not exist"
    TO_UPDATE = "the thing exists"
    NEVER = "looking proves it, or few runs need it"


ALWAYS, TO_CREATE, TO_UPDATE, NEVER = Asked


class Permission(NamedTuple):
    """An action of IAM's and what it is needed for."""

    action: str
    why: str
    asked: Asked = ALWAYS


class Feature:
    """The permissions of one statement of the policy, all on the same resources.

    ``resource`` says for people what they are.
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
        """The actions that a deploy will need and that no look has proved.

        Args:
            exists: whether the thing that is deployed exists already.
        """
        asked = (ALWAYS, TO_UPDATE if exists else TO_CREATE)
        return tuple(each.action for each in self.permissions if each.asked in asked)
