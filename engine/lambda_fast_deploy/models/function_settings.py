"""Attributes of a function that its versions do not have, each with separate API calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.iam.feature import NEVER, Feature, Permission
from lambda_fast_deploy.iam.permissions import TAG_FUNCTIONS
from lambda_fast_deploy.models.attribute_change import AttributeChange, change_of_names

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function
    from lambda_fast_deploy.models.observed import ObservedFunction

Call = tuple[str, Mapping[str, Any]]  # an operation in boto3's spelling, and its parameters


def _action(operation: str) -> str:
    """The IAM action of a Lambda operation in boto3's spelling."""
    return f"lambda:{operation.title().replace('_', '')}"


@dataclass(frozen=True, slots=True)
class FunctionSetting:
    """One such attribute.

    ``key`` is its key in lambda-deploy.yml, ``member`` its member in the API. ``get``, ``put`` and
    ``delete`` are the operations that read, set and reset it. ``is_of_function``: ``GetFunction``
    returns it, and ``CreateFunction`` sets it. ``default`` is the value that an absent member
    means. ``words`` are the API's words by those of the key.
    """

    key: str
    member: str
    get: str
    put: str
    delete: str = ""
    default: Any = None
    words: Mapping[str, str] = field(default_factory=dict)
    is_of_function: bool = False

    @property
    def name(self) -> str:
        """The field in ``Configuration``."""
        return self.key.replace("-", "_")

    @property
    def feature(self) -> Feature:
        """The IAM actions of its API calls."""
        permissions = [
            Permission(_action(self.put), "sets it"),
            Permission(_action(self.get), "reads it", NEVER),
        ]
        if self.delete:
            permissions.append(Permission(_action(self.delete), "resets it", NEVER))
        return Feature(f"Set{self.member}", f"functions with {self.key}", *permissions)

    def read(self, value: Any) -> Any:
        """The field of ``Configuration`` for a value of lambda-deploy.yml."""
        return self.words.get(value, value) if self.words else value

    def desired(self, function: Function) -> Any:
        """The configured value; ``None`` leaves it unchanged."""
        return getattr(function.configuration, self.name)

    def is_given(self, function: Function) -> bool:
        """Whether the configuration has it."""
        return self.desired(function) is not None

    def observe(self, answer: Mapping[str, Any]) -> Any:
        """The value in a response of ``get``."""
        return answer.get(self.member, self.default)

    def observed(self, function: ObservedFunction) -> Any:
        """The value before the run."""
        return function.settings.get(self.key, self.default)

    def difference(self, desired: Any, observed: Any) -> Any:
        """The value to send; ``None`` if it is up to date."""
        return None if desired == observed else desired

    def change(self, observed: Any, sent: Any) -> AttributeChange:
        """The change, for people."""
        before, after = (
            next((key for key, word in self.words.items() if word == value), str(value or ""))
            for value in (observed, sent)
        )
        return AttributeChange(self.key, before, after)

    def write(self, arn: str, value: Any) -> list[Call]:
        """The calls that set it."""
        return [(self.put, {"FunctionName": arn, self.member: value})]

    def restore(self, arn: str, sent: Any, current: Any, previous: Any) -> list[Call]:
        """The calls that roll back the change of this run, unless it was changed again since."""
        if current != sent or current == previous:
            return []
        if previous is None:
            return [(self.delete, {"FunctionName": arn})]
        return self.write(arn, previous)


class TagsSetting(FunctionSetting):
    """Tags, added to the existing ones; the output shows only their names."""

    __slots__ = ()

    @property
    def feature(self) -> Feature:
        return TAG_FUNCTIONS

    def desired(self, function: Function) -> Mapping[str, str] | None:
        return function.configuration.tags or None

    def observe(self, answer: Mapping[str, Any]) -> Mapping[str, str]:
        return answer.get(self.member) or {}

    def observed(self, function: ObservedFunction) -> Mapping[str, str]:
        return function.latest.tags

    def difference(self, desired: Mapping[str, str], observed: Mapping[str, str] | None) -> Any:
        tags = {key: value for key, value in desired.items() if (observed or {}).get(key) != value}
        return tags or None

    def change(
        self, observed: Mapping[str, str] | None, sent: Mapping[str, str]
    ) -> AttributeChange:
        before = observed or {}
        return change_of_names(self.key, before, {**before, **sent})

    def write(self, arn: str, value: Mapping[str, str]) -> list[Call]:
        return [(self.put, {"Resource": arn, "Tags": dict(value)})]

    def restore(self, arn: str, sent: Any, current: Any, previous: Any) -> list[Call]:
        """Restores or removes each tag that still has the value that this run sent."""
        own = [key for key, value in sent.items() if current.get(key) == value != previous.get(key)]
        values = {key: previous[key] for key in own if key in previous}
        names = [key for key in own if key not in previous]
        return [
            *(self.write(arn, values) if values else []),
            *([(self.delete, {"Resource": arn, "TagKeys": names})] if names else []),
        ]
