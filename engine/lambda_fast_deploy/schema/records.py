"""Records: mappings with a fixed set of keys, each with its shape, sentence and default.

They are the source of validation, the JSON schema and the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.shapes import Shape, mismatch
from lambda_fast_deploy.schema.yaml_lines import YamlNode, nearest


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record: its shape, and the sentence that documents it.

    ``default`` is the value of an absent key, as a user would write it. ``otherwise`` describes the
    default in words, also if there is no such value.
    """

    shape: Shape
    says: str
    required: bool = False
    default: str | int | None = None
    otherwise: str = ""

    @property
    def text(self) -> str:
        """The sentence, with the default."""
        return with_default(self.says, self.otherwise or self.default)


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A mapping with a fixed set of keys; exactly one of ``one_of`` is required."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()

    def check(self, node: YamlNode, problems: list[Problem]) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            is_path = "dockerfile" in self.keys and isinstance(node.value, str)
            hint = f"; write it as dockerfile: {node.text}" if is_path else ""
            mismatch(node, "a mapping", problems, hint)
            return {}
        self.check_keys(node, problems)
        return {
            name: key.shape.check(node.value[name], problems)
            for name, key in self.keys.items()
            if name in node.value
        }

    def check_keys(self, node: YamlNode, problems: list[Problem]) -> None:
        """Report unknown and missing keys of a mapping, without checking their values."""
        for name, value in node.value.items():
            if name not in self.keys:
                says = f"unknown key {name!r}{nearest(name, self.keys)}"
                problems.append(Problem(says, value.place, is_of_key=True))
        for name, key in self.keys.items():
            if key.required and name not in node.value:
                problems.append(Problem(f"{name!r} is missing ({key.says})", node.place))
        if self.one_of and sum(name in node.value for name in self.one_of) != 1:
            words = " or ".join(map(repr, self.one_of))
            problems.append(Problem(f"exactly one of {words} is required", node.place))

    def completed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a checked mapping, with the default of each key that is absent."""
        place = Place("default")
        defaults = {
            name: key.shape.check(YamlNode(key.default, place, str(key.default)), [])
            for name, key in self.keys.items()
            if key.default is not None and name not in values
        }
        return {**defaults, **values}

    def json_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: key.shape.json_schema() | _annotations(key) for name, key in self.keys.items()
            },
        }
        required = [name for name, key in self.keys.items() if key.required]
        if required:
            schema["required"] = required
        if self.one_of:
            schema["oneOf"] = [{"required": [name]} for name in self.one_of]
        return schema


def with_default(says: str, default: object) -> str:
    """A sentence about a key or input, with its default."""
    return says if default in (None, "") else f"{says}; default: {default}"


def _annotations(key: Key) -> dict[str, Any]:
    default = {} if key.default is None else {"default": key.default}
    return {"description": key.text, **default}
