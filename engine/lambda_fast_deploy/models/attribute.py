"""How to read, compare, send, show and roll back an attribute of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.configuration import ObservedAttributes

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
