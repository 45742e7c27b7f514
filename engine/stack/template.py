"""A template as plain values, whatever short forms it was written in, with the line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engine.errors import Invalid, Place, Problem

# Intrinsic functions whose full name has no "Fn::" before it (CloudFormation template reference).
_BARE = ("Ref", "Condition")
# Dates stay the text that was written: "2010-09-09" is a version.
_VALUES = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A template. ``lines`` has the line of every key, by the keys that lead to it."""

    path: Path
    body: Mapping[str, Any]
    lines: Mapping[Way, int]

    def place(self, *way: str) -> Place:
        """Where something is written, or the nearest thing above it."""
        while way and way not in self.lines:
            way = way[:-1]
        return Place(str(self.path), self.lines.get(way, 1))

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by their logical ids."""
        found: Mapping[str, Mapping[str, Any]] = self.body["Resources"]
        return found

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters by their names."""
        found: Mapping[str, Mapping[str, Any]] = self.body.get("Parameters") or {}
        return found


def read_template(path: Path) -> Template:
    """Read a template in YAML or JSON.

    Raises:
        Invalid: it cannot be read, or is no template.
    """
    try:
        template = parse_template(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid([Problem(f"cannot be read: {reason}", Place(str(path)))]) from None
    return template


def parse_template(text: str, path: Path) -> Template:
    """Read the text of a template; ``path`` is what errors name.

    Raises:
        Invalid: it is no template.
    """
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        says = getattr(error, "problem", None) or str(error).splitlines()[0]
        place = Place(str(path), mark.line + 1 if mark else 1)
        raise Invalid([Problem(f"not valid YAML: {says}", place)]) from None
    reader = _Reader(path)
    body = reader.read(root) if root is not None else None
    problems = reader.problems
    resources = body.get("Resources") if isinstance(body, dict) else None
    if not isinstance(resources, dict) or not resources:
        problems.append(Problem("is no template: it has no Resources", Place(str(path), 1)))
        raise Invalid(problems)
    for name, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            line = reader.lines.get(("Resources", name), 1)
            problems.append(Problem(f"resource {name} has no Type", Place(str(path), line)))
    if problems:
        raise Invalid(problems)
    assert body is not None
    return Template(path, body, reader.lines)


def plain(text: str) -> Any:
    """The values of a template that CloudFormation has taken."""
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return _Reader(Path("template")).read(root) if root is not None else {}


class _Reader:
    """Turns composed YAML into plain values."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[Way, int] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def _problem(self, says: str, node: yaml.Node) -> None:
        self.problems.append(Problem(says, Place(str(self._path), node.start_mark.line + 1)))

    def read(self, node: yaml.Node, way: Way = ()) -> Any:
        if id(node) in self._open:
            self._problem("this holds itself, through an alias", node)
            return None
        self._open.add(id(node))
        value = self._value(node, way)
        self._open.remove(id(node))
        tag = str(node.tag)
        if not tag.startswith("!"):
            return value
        name = tag[1:]
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name if name in _BARE else f"Fn::{name}": value}

    def _value(self, node: yaml.Node, way: Way) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, way)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(each, (*way, str(i))) for i, each in enumerate(node.value)]
        return self._scalars.construct_object(node) if node.tag in _VALUES else str(node.value)

    def _mapping(self, node: yaml.MappingNode, way: Way) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                many = isinstance(value_node, yaml.SequenceNode)
                for source in value_node.value if many else [value_node]:
                    values = self.read(source, way)
                    merged = {**(values if isinstance(values, dict) else {}), **merged}
                continue
            key = str(key_node.value)
            if key in found:
                self._problem(f"{key!r} is written twice", key_node)
            self.lines[(*way, key)] = key_node.start_mark.line + 1
            found[key] = self.read(value_node, (*way, key))
        return {**merged, **found}
