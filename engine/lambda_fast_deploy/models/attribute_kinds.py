"""How an attribute of a function is read, compared, sent, shown and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.attribute_change import AttributeChange, change_of_names
from lambda_fast_deploy.models.configuration import Network

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that ``CreateFunction`` and ``UpdateFunctionConfiguration`` take.

    ``key`` is that of lambda-deploy.yml, ``member`` that of the API, and ``inner`` the only member
    of a structure that the API has around the value. ``default`` is what AWS means where it leaves
    the member out. ``unit`` is for people. ``words`` are the API's words by those of the key.
    ``model_field`` is the field in the models, if the key is not. ``of_zips``: images have no such
    member. ``optional``: what AWS does not tell is not sent back. ``hidden``: its value is never
    shown. ``source`` is where the user gives it, if not in ``Configuration``.
    ``recent``: marks of tested states leave the default out, so that those made before the
    attribute was known still hold.
    """

    key: str
    member: str
    default: Any
    inner: str = ""
    unit: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    model_field: str = ""
    of_zips: bool = False
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

    def desired(self, function: Function) -> Any:
        """What the user gave, as the field has it; ``None`` is left alone."""
        return self.source(function) if self.source else getattr(function.configuration, self.name)

    def merge(self, desired: Any, _observed: Any) -> Any:
        """What the attribute is to be, given what it is."""
        return desired

    def send(self, value: Any) -> Any:
        """The value as the API takes it."""
        return {self.inner: value} if self.inner else value

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two values, as the API takes them, mean the same."""
        return bool(one == other)

    def holds(self, sent: Any, current: Any) -> bool:
        """Whether what this run was to send is there, whoever has sent it."""
        return self.is_same(sent, current)

    def shown(self, value: Any) -> str:
        """A value, as the API takes it, for people: in the words of lambda-deploy.yml."""
        plain = value[self.inner] if self.inner else value
        text = next((key for key, word in self.words.items() if word == plain), str(plain))
        return f"{text} {self.unit}" if self.unit else text

    def change(self, before: Any, after: Any) -> AttributeChange:
        """The change between two values, as the API takes them; ``None`` where there is none."""
        if self.hidden:
            return AttributeChange(self.key)
        return AttributeChange(
            self.key, "" if before is None else self.shown(before), self.shown(after)
        )

    def is_left_out_of_marks(self, value: Any) -> bool:
        """Whether marks of tested states say nothing of a value, as the API takes it."""
        return self.recent and self.is_same(value, self.send(self.default))

    def restore(self, sent: Any, current: Any, previous: Any) -> Any:
        """What takes back a value that was sent, as the API takes it; ``None`` if nothing does.

        Args:
            sent: what this run has sent.
            current: what there is now; if that is not what was sent, it is somebody else's.
            previous: what there was before.
        """
        return previous if previous != current and self.is_same(current, sent) else None


class EnvironmentAttribute(Attribute):
    """Variables, merged with those that others have set; only their names are shown."""

    def observe(self, answer: Mapping[str, Any]) -> Mapping[str, str]:
        return dict((answer.get(self.member) or {}).get(self.inner) or {})

    def desired(self, function: Function) -> Mapping[str, str] | None:
        return function.configuration.environment or None

    def merge(self, desired: Mapping[str, str], observed: Mapping[str, str] | None) -> Any:
        return {**(observed or {}), **desired}

    def change(self, before: Any, after: Any) -> AttributeChange:
        return change_of_names(self.key, before[self.inner] if before else {}, after[self.inner])

    def holds(self, sent: Any, current: Any) -> bool:
        """Variables that others have added meanwhile do not matter."""
        return bool(sent[self.inner].items() <= current[self.inner].items())

    def restore(self, sent: Any, current: Any, previous: Any) -> Any:
        """The variables that still are as they were sent go back, one by one."""
        wrote, have, had = (each[self.inner] for each in (sent, current, previous))
        own = {key for key, value in wrote.items() if have.get(key) == value != had.get(key)}
        if not own:
            return None
        others = {key: value for key, value in have.items() if key not in own}
        return self.send(others | {key: had[key] for key in own & had.keys()})


class LoggingAttribute(Attribute):
    """A ``LoggingConfig``: what the user does not name stays."""

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
        }

    def desired(self, function: Function) -> Mapping[str, str] | None:
        return function.configuration.logging or None

    def merge(self, desired: Mapping[str, str], observed: Mapping[str, str] | None) -> Any:
        """Lambda refuses levels that stay from before once the format is Text."""
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
    """A ``VpcConfig``; whether it may speak IPv6 stays as it is."""

    def read(self, value: Mapping[str, Iterable[str]]) -> Network:
        return Network(tuple(value.get("subnets", ())), tuple(value.get("security-groups", ())))

    def observe(self, answer: Mapping[str, Any]) -> Network:
        value = answer.get(self.member) or {}
        return Network(
            tuple(value.get("SubnetIds") or ()),
            tuple(value.get("SecurityGroupIds") or ()),
            bool(value.get("Ipv6AllowedForDualStack")),
        )

    def merge(self, desired: Network, observed: Network | None) -> Network:
        return replace(desired, ipv6=bool(observed and observed.ipv6))

    def send(self, value: Network) -> Any:
        """The member for IPv6 is false unless it is sent."""
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
            {id_: "" for each in (v or {}).values() if isinstance(each, list) for id_ in each}
            for v in (before, after)
        )
        return change_of_names(self.key, old, new)


class LayersAttribute(Attribute):
    """The layers, first to last. Which ones a function is to have only the plan can say."""

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


def _ordered(value: Any) -> Any:
    """A structure of the API in which the order of lists means nothing."""
    return {key: sorted(v) if isinstance(v, list) else v for key, v in (value or {}).items()}
