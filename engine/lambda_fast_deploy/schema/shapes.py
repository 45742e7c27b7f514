"""The shapes of values: the source of validation, the JSON schema and the reference."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import Problem
from lambda_fast_deploy.schema.yaml_lines import YamlNode, did_you_mean

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(B|kB|KB|MB|GB)?")

_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(ms|s|m)?")
_SECONDS = {"s": 1.0, "ms": 0.001, "m": 60.0}


class Shape(Protocol):
    """A rule for a value."""

    def check(self, node: YamlNode, problems: list[Problem]) -> Any:
        """The plain value; adds what is wrong to ``problems``."""

    def json_schema(self) -> dict[str, Any]:
        """The same rule as JSON Schema (2020-12)."""


def mismatch(node: YamlNode, expected: str, problems: list[Problem], hint: str = "") -> None:
    """Report that a value is not as expected, unless it has an unset variable."""
    if not node.is_set:
        return
    if isinstance(node.value, dict):
        got = "a mapping"
    elif isinstance(node.value, list):
        got = "a list"
    elif node.value is None:
        got = "nothing"
    elif node.names and not node.text:
        got = f"'', because variable {', '.join(node.names)} is empty"
    else:
        got = repr(node.text or node.value)
    problems.append(Problem(f"{_of(node)}expected {expected}, got {got}{hint}", node.place))


def _of(node: YamlNode) -> str:
    return f"{node.name}: " if node.name else ""


@dataclass(frozen=True, slots=True)
class TextShape:
    """A string; a number is read as the user typed it."""

    pattern: str = ".+"
    expected: str = "text"

    def check(self, node: YamlNode, problems: list[Problem]) -> str:
        if isinstance(node.value, (dict, list)) or node.value is None:
            mismatch(node, self.expected, problems)
            return ""
        if not re.fullmatch(self.pattern, node.text, re.DOTALL):
            mismatch(node, self.expected, problems)
        return node.text

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"], "description": self.expected}


@dataclass(frozen=True, slots=True)
class OrNull:
    """A string, or an explicit ``null``; an empty value is a mistake more often than a null."""

    text: TextShape

    def check(self, node: YamlNode, problems: list[Problem]) -> str | None:
        if node.value is None and node.text:
            return None
        expected = f"{self.text.expected}, or null to remove it"
        return replace(self.text, expected=expected).check(node, problems)

    def json_schema(self) -> dict[str, Any]:
        schema = self.text.json_schema()
        return {**schema, "type": [*schema["type"], "null"]}


@dataclass(frozen=True, slots=True)
class IntegerShape:
    """A whole number within bounds."""

    low: int
    high: int
    unit: str

    def check(self, node: YamlNode, problems: list[Problem]) -> int:
        value = node.value
        if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
            value = int(value)  # inputs of an action are always text
        if isinstance(value, bool) or not isinstance(value, int):
            mismatch(node, f"a whole number of {self.unit}", problems)
            return self.low
        if not self.low <= value <= self.high:
            mismatch(node, f"{self.low} to {self.high} {self.unit}", problems)
        return value

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": ["integer", "string"],  # a string when it is typed as ${NAME}
            "pattern": r"^(\d+|\$\{.+\})$",
            "minimum": self.low,
            "maximum": self.high,
        }


@dataclass(frozen=True, slots=True)
class QuantityShape:
    """A number with a unit: ``100 MB`` in bytes, or ``1.5s`` in seconds."""

    kind: str

    def check(self, node: YamlNode, problems: list[Problem]) -> float:
        pattern, factors, usual = (
            (_SIZE, units.SIZES, "B") if self.kind == "size" else (_DURATION, _SECONDS, "s")
        )
        match = pattern.fullmatch(node.text.strip())
        if not match:
            example = "100 MB" if self.kind == "size" else "30s"
            mismatch(node, f"a {self.kind} such as {example}", problems)
            return 0
        return float(match.group(1)) * factors[match.group(2) or usual]

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "description": f"a {self.kind}"}


@dataclass(frozen=True, slots=True)
class PercentShape:
    """A share: ``10%`` is 0.1."""

    def check(self, node: YamlNode, problems: list[Problem]) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", node.text.strip())
        if not match or not 0 <= float(match.group(1)) <= 100:
            mismatch(node, "a percentage such as 10%", problems)
            return 0
        return float(match.group(1)) / 100

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^(\d+(\.\d+)?\s*%|\$\{.+\})$"}


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, node: YamlNode, problems: list[Problem]) -> str:
        if not node.is_set:
            return self.words[0]
        if node.text not in self.words:
            hint = did_you_mean(node.text, self.words, cutoff=0.75)
            mismatch(node, " or ".join(map(repr, self.words)), problems, hint)
            return self.words[0]
        return node.text

    def json_schema(self) -> dict[str, Any]:
        plain_truth = (word == "true" for word in self.words if word in ("true", "false"))
        return {"enum": [*self.words, *plain_truth]}  # YAML reads true and false as booleans


@dataclass(frozen=True, slots=True)
class KnownShape:
    """A word of a list that AWS extends: others are accepted, too, unless they look like a slip.

    No slips are words that match the pattern ``others``.
    """

    words: tuple[str, ...]
    others: str
    expected: str

    def check(self, node: YamlNode, problems: list[Problem]) -> str:
        if isinstance(node.value, (dict, list)) or not re.match("[A-Za-z]", node.text):
            mismatch(node, self.expected, problems)
            return self.words[0]
        if node.is_set and node.text not in self.words and not re.fullmatch(self.others, node.text):
            word = node.text.lower().replace(" ", "")
            has_no_version = sum(each.startswith(word) for each in self.words) > 1
            hint = "" if has_no_version else did_you_mean(word, self.words, cutoff=0.75)
            if has_no_version or hint:
                mismatch(node, self.expected, problems, hint)
        return node.text

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": [*self.words]}, {"type": "string"}]}


@dataclass(frozen=True, slots=True)
class AnyValue:
    """Free data, such as an event to invoke with."""

    def check(self, node: YamlNode, problems: list[Problem]) -> Any:
        value = plain(node)
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:  # .nan, .inf, or a whole number of thousands of digits
            problems.append(Problem(f"{_of(node)}has a number that JSON cannot have", node.place))
        return value

    def json_schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape."""

    item: Shape

    def check(self, node: YamlNode, problems: list[Problem]) -> list[Any]:
        if not isinstance(node.value, list):
            mismatch(node, "a list", problems)
            return []
        return [self.item.check(item, problems) for item in node.value]

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.json_schema()}


@dataclass(frozen=True, slots=True)
class OneOf:
    """One shape for a plain value, and another for a list or for a mapping."""

    plain: Shape
    listed: Shape

    def check(self, node: YamlNode, problems: list[Problem]) -> Any:
        kind = list if isinstance(self.listed, ListOf) else dict
        shape = self.listed if isinstance(node.value, kind) else self.plain
        return shape.check(node, problems)

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [self.plain.json_schema(), self.listed.json_schema()]}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping of names that the user chooses to values of one shape.

    With ``takes_variables``, the names can have variables, which are replaced before the check.
    """

    item: Shape
    name: str = r".+"
    expected: str = "a name"
    takes_variables: bool = False

    def check(self, node: YamlNode, problems: list[Problem]) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            mismatch(node, "a mapping", problems)
            return {}
        self.check_names(node, problems)
        return {key: self.item.check(value, problems) for key, value in node.value.items()}

    def check_names(self, node: YamlNode, problems: list[Problem]) -> None:
        """Report invalid names, without checking their values."""
        for key, value in node.value.items():
            if not re.fullmatch(self.name, key):
                problems.append(Problem(f"expected {self.expected}, got {key!r}", value.place))

    def json_schema(self) -> dict[str, Any]:
        schema = {"type": "object", "additionalProperties": self.item.json_schema()}
        if self.name != ".+":
            typed = rf"({self.name}|.*\$\{{.+\}}.*)" if self.takes_variables else self.name
            schema["propertyNames"] = {"pattern": f"^{typed}$"}
        return schema


def plain(node: YamlNode) -> Any:
    """The value without places."""
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value
