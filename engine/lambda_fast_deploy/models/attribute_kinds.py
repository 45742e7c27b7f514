"""Kinds of attributes of a function that are merged, compared or shown in their own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.attribute_change import AttributeChange, change_of_names
from lambda_fast_deploy.models.configuration import Network

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function


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
