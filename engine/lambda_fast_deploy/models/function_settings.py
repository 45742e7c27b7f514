"""Attributes of a function that its versions do not have, each with separate API calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.iam.feature import NEVER, Feature, Permission
from lambda_fast_deploy.iam.permissions import TAG_FUNCTIONS
from lambda_fast_deploy.models.attribute_change import AttributeChange, change_of_names
from lambda_fast_deploy.models.function_tests import NeededPermission

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function
    from lambda_fast_deploy.models.observed import ObservedFunction


class Call(NamedTuple):
    """An API call: its operation in boto3's spelling. ``may_exist``: what it creates may exist."""

    operation: str
    parameters: Mapping[str, Any]
    service: str = "lambda"
    may_exist: bool = False


class SettingTarget(NamedTuple):
    """A function, and its ARN in a region."""

    function: Function
    arn: str


def _action(operation: str) -> str:
    """The IAM action of a Lambda operation in boto3's spelling."""
    return f"lambda:{operation.title().replace('_', '')}"


@dataclass(frozen=True, slots=True)
class FunctionSetting:
    """One such attribute.

    ``key`` is its key in lambda-deploy.yml, with a dot before a key of a section; ``member`` is its
    member in the API. ``get``, ``put`` and ``delete`` are the operations that read, set and reset
    it. ``is_of_function``: ``GetFunction`` returns it, and ``CreateFunction`` sets it.
    ``is_of_alias``: the alias has it, if the function has one. ``default`` is the value that an
    absent member means. ``words`` are the API's words by those of the key. ``model_field`` is the
    field in ``Configuration``, if it is not named after the key.
    """

    key: str
    member: str
    get: str
    put: str
    delete: str = ""
    default: Any = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    model_field: str = ""
    is_of_function: bool = False
    is_of_alias: bool = False

    @property
    def name(self) -> str:
        """The field in ``Configuration``."""
        return self.model_field or self.key.replace("-", "_").replace(".", "_")

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

    def permissions(
        self, function: Function, partition: str, region: str, account: str
    ) -> tuple[NeededPermission, ...]:
        """The IAM permissions that a function needs for it, with their resources."""
        arn = str(Arn(partition, "lambda", region, account, f"function:{function.name}"))
        is_of_alias = self.is_of_alias and function.has_alias
        arns = (arn, f"{arn}:{function.alias}") if is_of_alias else (arn,)  # IAM checks either
        return tuple(NeededPermission(self.feature, each) for each in arns)

    def read(self, value: Any) -> Any:
        """The field of ``Configuration`` for a value of lambda-deploy.yml."""
        value = self.words.get(value, value) if self.words else value
        return int(value) if str(value).isdecimal() else value

    def desired(self, function: Function) -> Any:
        """The configured value; ``None`` leaves it unchanged."""
        return getattr(function.configuration, self.name)

    def is_given(self, function: Function) -> bool:
        """Whether the configuration has it."""
        return self.desired(function) is not None

    def look(self, function: Function) -> Call:
        """The call that reads it."""
        return Call(self.get, self._which(function))

    def observe(self, answer: Mapping[str, Any], _function: Function) -> Any:
        """The value in a response of ``look``."""
        return answer.get(self.member, self.default)

    def observed(self, function: ObservedFunction) -> Any:
        """The value before the run."""
        return function.settings.get(self.key, self.default)

    def difference(self, desired: Any, observed: Any) -> Any:
        """The value to send; ``None`` if it is up to date."""
        return None if desired == observed else desired

    def change(self, observed: Any, sent: Any) -> AttributeChange:
        """The change, for people."""
        return AttributeChange(self.key, self.shown(observed), self.shown(sent))

    def shown(self, value: Any) -> str:
        """A value for people, in the words of lambda-deploy.yml."""
        return next((key for key, word in self.words.items() if word == value), str(value))

    def write(self, target: SettingTarget, value: Any) -> list[Call]:
        """The calls that set it."""
        which = self._which(target.function)
        if self.delete and value == self.default:
            return [Call(self.delete, which)]
        return [Call(self.put, {**which, **self.send(value)})]

    def send(self, value: Any) -> dict[str, Any]:
        """A value as parameters of ``put``."""
        return {self.member: value}

    @property
    def outlives_function(self) -> bool:
        """Whether it remains when the function is deleted."""
        return False

    @property
    def is_awaited(self) -> bool:
        """Whether AWS takes a while to put a change into effect."""
        return False

    def awaited(self, _answer: Mapping[str, Any], _function: Function) -> str:
        """What it is waiting for after a change, in words, by a response of ``look``.

        Raises:
            DeployFailed: AWS reports that the change failed.
        """
        return ""

    def restore(self, target: SettingTarget, sent: Any, current: Any, previous: Any) -> list[Call]:
        """The calls that roll back the change of this run, unless it was changed again since."""
        if current != sent or current == previous:
            return []
        return self.write(target, previous)

    def _which(self, function: Function) -> dict[str, str]:
        """The parameters that name the function, or its alias."""
        is_of_alias = self.is_of_alias and function.has_alias
        alias = {"Qualifier": function.alias} if is_of_alias else {}
        return {"FunctionName": function.name, **alias}


class NamesSetting(FunctionSetting):
    """Values by their names, of which a run changes those that it sends; ``None`` removes one."""

    __slots__ = ()

    def difference(self, desired: Mapping[str, Any], observed: Mapping[str, Any]) -> Any:
        different = {name: value for name, value in desired.items() if observed.get(name) != value}
        return different or None

    def change(self, observed: Mapping[str, Any], sent: Mapping[str, Any]) -> AttributeChange:
        after = {name: value for name, value in {**observed, **sent}.items() if value is not None}
        return change_of_names(self.key, observed, after)

    def restore(self, target: SettingTarget, sent: Any, current: Any, previous: Any) -> list[Call]:
        """Restores or removes each value that still is the one that this run sent."""
        own = [
            name for name, value in sent.items() if current.get(name) == value != previous.get(name)
        ]
        return self.write(target, {name: previous.get(name) for name in own})


class TagsSetting(NamesSetting):
    """Tags, added to the existing ones; the output shows only their names."""

    __slots__ = ()

    @property
    def feature(self) -> Feature:
        return TAG_FUNCTIONS

    def desired(self, function: Function) -> Mapping[str, str | None] | None:
        return function.configuration.tags or None

    def observed(self, function: ObservedFunction) -> Mapping[str, str]:
        return function.latest.tags

    def write(self, target: SettingTarget, value: Mapping[str, str | None]) -> list[Call]:
        tags = {name: tag for name, tag in value.items() if tag is not None}
        names = [name for name, tag in value.items() if tag is None]
        return [
            *([Call(self.put, {"Resource": target.arn, "Tags": tags})] if tags else []),
            *([Call(self.delete, {"Resource": target.arn, "TagKeys": names})] if names else []),
        ]
