"""A template as plain values, whatever short forms it was written in, with the line of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lambda_fast_deploy.adapters.files import read_text
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.yaml_nodes import compose, scalar

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
    return parse_template(read_text(path), path)


def parse_template(text: str, path: Path) -> Template:
    """Read the text of a template; ``path`` is what errors name.

    Raises:
        Invalid: it is no template.
    """
    problems: list[Problem] = []
    root = compose(text, str(path), problems)
    if problems:
        raise Invalid(problems)
    reader = _TemplateReader(path)
    body = reader.read(root) if root is not None else None
    problems = reader.problems
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        body = {}
    found = Template(path, body, reader.lines)
    if not body.get("Resources"):
        problems.append(Problem("is no template: it has no Resources", Place(str(path), 1)))
    else:
        problems += _misshapen(found)
    if problems:
        raise Invalid(problems)
    return found


def _misshapen(template: Template) -> Iterator[Problem]:
    """What is no mapping though it must be one, and resources without a type."""

    def mapping(value: Any, *way: str) -> Iterator[Problem]:
        if not isinstance(value, dict) and value is not None:
            yield Problem(f"{way[-1]} must be a mapping", template.place(*way))

    body = template.body
    for section in ("Globals", "Mappings", "Parameters"):
        yield from mapping(body.get(section), section)
        if isinstance(body.get(section), dict):
            for name, value in body[section].items():
                if value is None and section == "Parameters":
                    value = []
                yield from mapping(value, section, name)
    for name, resource in template.resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            place = template.place("Resources", name)
            yield Problem(f"resource {name} has no Type", place)
            continue
        for part in ("Properties", "Metadata"):
            yield from mapping(resource.get(part), "Resources", name, part)
        metadata = resource.get("Metadata")
        if isinstance(metadata, dict):
            way = ("Resources", name, "Metadata", "DockerBuildArgs")
            yield from mapping(metadata.get("DockerBuildArgs"), *way)


def plain(text: str) -> Any:
    """The values of a template that CloudFormation has taken."""
    root = compose(text, "template", [])
    return _TemplateReader(Path("template")).read(root) if root is not None else {}


class _TemplateReader:
    """Turns composed YAML into plain values."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[Way, int] = {}
        self.problems: list[Problem] = []

    def _problem(self, says: str, node: yaml.Node) -> None:
        self.problems.append(Problem(says, Place(str(self._path), node.start_mark.line + 1)))

    def read(self, node: yaml.Node, way: Way = ()) -> Any:
        value = self._value(node, way)
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
        return scalar(node) if node.tag in _VALUES else str(node.value)

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
