"""How to read, compare, send, show and roll back an attribute of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.attribute_change import AttributeChange, change_of_names
from lambda_fast_deploy.models.configuration import Network, ObservedAttributes

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of ``CreateFunction`` and ``UpdateFunctionConfiguration``.

    ``key`` is its key in lambda-deploy.yml, ``member`` its member in the API, and ``inner`` the
    only member of a structure that wraps the value. ``default`` is the value that an absent member
    means. ``unit`` is for people. ``words`` are the API's words by those of the key.
    ``model_field`` is the field in the models, if it is not named after the key. ``of_zips``:
    images do not have the member; ``of_images``: zips do not. ``optional``: an absent member is not
    sent back. ``hidden``: the output does not show its value. ``source`` reads the desired value,
    if it is not in ``Configuration``. ``recent``: marks of tested states omit the default, so that
    marks made before the attribute was supported remain valid.
    """

    key: str
    member: str
    default: Any
    inner: str = ""
    unit: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    model_field: str = ""
    of_zips: bool = False
    of_images: bool = False
    optional: bool = False
    hidden: bool = False
    recent: bool = False
    source: Callable[[Function], Any] | None = None

    @property
    def is_configurable(self) -> bool:
        """Whether ``Configuration`` has it, and not the function itself or its zip."""
        return self.source is None

    @property
    def name(self) -> str:
        """The field in ``Configuration`` and ``ObservedAttributes``."""
        return self.model_field or self.key.replace("-", "_")

    def read(self, value: Any) -> Any:
        """The field of ``Configuration`` for a value of lambda-deploy.yml."""
        return self.words.get(value, value) if self.words else value

    def observe(self, answer: Mapping[str, Any]) -> Any:
        """The field of ``ObservedAttributes`` in a ``FunctionConfiguration`` of the API."""
        value = answer.get(self.member)
        if self.inner:
            value = (value or {}).get(self.inner)
        return self.default if value is None else type(self.default)(value)

    def current(self, state: ObservedAttributes) -> Any:
        """The value of a state, in the format of the API."""
        return self.send(getattr(state, self.name))

    def desired(self, function: Function) -> Any:
        """The configured value of the field; ``None`` leaves the attribute unchanged."""
        return self.source(function) if self.source else getattr(function.configuration, self.name)

    def merge(self, desired: Any, _observed: Any) -> Any:
        """The value to set, from the configured and the current one."""
        return desired

    def send(self, value: Any) -> Any:
        """The value in the format of the API."""
        return {self.inner: value} if self.inner else value

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two values in the format of the API are equivalent."""
        return bool(one == other)

    def holds(self, sent: Any, current: Any) -> bool:
        """Whether the current value includes the one that this run sends, by any writer."""
        return self.is_same(sent, current)

    def shown(self, value: Any) -> str:
        """A value in the format of the API for people, in the words of lambda-deploy.yml."""
        plain = value[self.inner] if self.inner else value
        text = next((key for key, word in self.words.items() if word == plain), str(plain))
        return f"{text} {self.unit}" if self.unit else text

    def change(self, before: Any, after: Any) -> AttributeChange:
        """The change between two values in the format of the API; ``before`` can be ``None``."""
        if self.hidden:
            return AttributeChange(self.key)
        return AttributeChange(
            self.key, "" if before is None else self.shown(before), self.shown(after)
        )

    def is_left_out_of_marks(self, value: Any) -> bool:
        """Whether marks of tested states omit a value in the format of the API."""
        return self.recent and self.is_same(value, self.send(self.default))

    def restore(self, sent: Any, current: Any, previous: Any) -> Any:
        """The value that rolls back a change, in the format of the API; ``None`` for none.

        Args:
            sent: the value that this run sent.
            current: the current value; if it differs, it was changed outside this run and stays.
            previous: the value before the change.
        """
        return previous if previous != current and self.is_same(current, sent) else None


class EnvironmentAttribute(Attribute):
    """Variables, merged with those set outside this run; the output shows only their names.

    The configured value ``None`` removes a variable.
    """

    def observe(self, answer: Mapping[str, Any]) -> Mapping[str, str]:
        return dict((answer.get(self.member) or {}).get(self.inner) or {})

    def desired(self, function: Function) -> Mapping[str, str | None] | None:
        return function.configuration.environment or None

    def merge(self, desired: Mapping[str, str | None], observed: Mapping[str, str] | None) -> Any:
        merged = {**(observed or {}), **desired}
        return {key: value for key, value in merged.items() if value is not None}

    def change(self, before: Any, after: Any) -> AttributeChange:
        return change_of_names(self.key, before[self.inner] if before else {}, after[self.inner])

    def holds(self, sent: Any, current: Any) -> bool:
        """Ignores variables that were added in the meantime."""
        return bool(sent[self.inner].items() <= current[self.inner].items())

    def restore(self, sent: Any, current: Any, previous: Any) -> Any:
        """Rolls back each variable that still is as this run sent it; ``None``: it removed it."""
        ours, now, before = (each[self.inner] for each in (sent, current, previous))
        own = {key for key, value in ours.items() if now.get(key) == value != before.get(key)}
        if not own:
            return None
        others = {key: value for key, value in now.items() if key not in own}
        return self.send(others | {key: before[key] for key in own & before.keys()})


class LoggingAttribute(Attribute):
    """A ``LoggingConfig``; members that are not configured stay."""

    NAMES: Mapping[str, str] = {
        "format": "LogFormat",
        "level": "ApplicationLogLevel",
        "system-level": "SystemLogLevel",
        "group": "LogGroup",
    }

    def read(self, value: Mapping[str, str]) -> Mapping[str, str]:
        return {
            self.NAMES[key]: self.words.get(text, text.upper() if "level" in key else text)
            for key, text in value.items()
            if key in self.NAMES
        }

    def desired(self, function: Function) -> Mapping[str, str] | None:
        return function.configuration.logging or None

    def merge(self, desired: Mapping[str, str], observed: Mapping[str, str] | None) -> Any:
        """Removes levels if the format is Text, because Lambda refuses them then."""
        merged = {**(observed or {}), **desired}
        if merged.get("LogFormat") == "Text":
            merged = {key: value for key, value in merged.items() if not key.endswith("LogLevel")}
        return merged

    def send(self, value: Mapping[str, str]) -> Any:
        return dict(value)

    def shown(self, value: Mapping[str, str]) -> str:
        members = ((key, value[name]) for key, name in self.NAMES.items() if name in value)
        return ", ".join(
            f"{key} {text if key == 'group' else text.lower()}" for key, text in members
        )


class NetworkAttribute(Attribute):
    """A ``VpcConfig``; its setting for IPv6 stays if the configuration has none."""

    def read(self, value: Mapping[str, Any]) -> Network:
        ipv6 = value.get("ipv6")
        return Network(
            tuple(value.get("subnets", ())),
            tuple(value.get("security-groups", ())),
            None if ipv6 is None else ipv6 == "true",
        )

    def observe(self, answer: Mapping[str, Any]) -> Network:
        value = answer.get(self.member) or {}
        return Network(
            tuple(value.get("SubnetIds") or ()),
            tuple(value.get("SecurityGroupIds") or ()),
            bool(value.get("Ipv6AllowedForDualStack")),
        )

    def merge(self, desired: Network, observed: Network | None) -> Network:
        if desired.ipv6 is not None:
            return desired
        return replace(desired, ipv6=bool(observed and observed.ipv6))

    def send(self, value: Network) -> Any:
        """Sends the member for IPv6, because Lambda sets it to false if it is absent."""
        ipv6 = {"Ipv6AllowedForDualStack": True} if value.ipv6 and value.subnets else {}
        return {
            "SubnetIds": list(value.subnets),
            "SecurityGroupIds": list(value.security_groups),
            **ipv6,
        }

    def is_same(self, one: Any, other: Any) -> bool:
        return bool(_ordered(one) == _ordered(other))

    def change(self, before: Any, after: Any) -> AttributeChange:
        old, new = (
            {name: "" for each in (v or {}).values() if isinstance(each, list) for name in each}
            | ({"ipv6": ""} if v and v.get("Ipv6AllowedForDualStack") else {})
            for v in (before, after)
        )
        return change_of_names(self.key, old, new)


class FileSystemsAttribute(Attribute):
    """File systems by their paths (API: ``FileSystemConfigs``).

    The configuration has the access point of each; the rest of a ``FileSystemConfig`` stays.
    """

    def observe(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return _by_path(answer.get(self.member))

    def merge(self, desired: Mapping[str, str], observed: Mapping[str, Any] | None) -> Any:
        before = observed or {}
        return {
            path: {**before[path], "Arn": arn}
            if path in before
            else {"Arn": arn, "LocalMountPath": path}
            for path, arn in desired.items()
        }

    def send(self, value: Mapping[str, Any]) -> Any:
        return [dict(each) for each in value.values()]

    def is_same(self, one: Any, other: Any) -> bool:
        return _by_path(one) == _by_path(other)

    def change(self, before: Any, after: Any) -> AttributeChange:
        one, other = (
            {path: each["Arn"] for path, each in _by_path(value).items()}
            for value in (before, after)
        )
        return change_of_names(self.key, one, other)


class LayersAttribute(Attribute):
    """The layers in order. The plan resolves the names of the desired ones."""

    def observe(self, answer: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(layer["Arn"] for layer in answer.get(self.member) or [])

    def send(self, value: Iterable[Any]) -> Any:
        return list(value)

    def is_same(self, one: Any, other: Any) -> bool:
        return list(one or ()) == list(other or ())


class RoleAttribute(Attribute):
    """The execution role, shown by its name."""

    def shown(self, value: str) -> str:
        return value.partition(":role/")[2] or value


def _by_path(file_systems: Any) -> dict[str, Any]:
    return {each["LocalMountPath"]: dict(each) for each in file_systems or ()}


def _ordered(value: Any) -> Any:
    """A structure of the API with sorted lists, for a comparison that ignores order."""
    return {key: sorted(v) if isinstance(v, list) else v for key, v in (value or {}).items()}
