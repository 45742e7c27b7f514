"""Reads a template as plain values, with short forms expanded, and the line of each key."""

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

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A template.

    ``lines`` has the line of every key, by its path of keys. ``notes`` are about what is probably a
    mistake, though CloudFormation accepts it.
    """

    path: Path
    body: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    notes: tuple[str, ...] = ()

    def place(self, *path: str) -> Place:
        """The place of a path of keys, or of its nearest parent."""
        while path and path not in self.lines:
            path = path[:-1]
        return Place(str(self.path), self.lines.get(path, 1))

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by their logical ids, without loops and macros among them."""
        return resources_of(self.body)

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters by their names."""
        parameters: Mapping[str, Mapping[str, Any]] = self.body.get("Parameters") or {}
        return parameters


def resources_of(body: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The resources of a template's body, without loops and macros among them (``Fn::…``)."""
    return {name: each for name, each in body["Resources"].items() if not is_function(name)}


def is_function(key: str) -> bool:
    """Whether a key is an intrinsic function, such as ``Fn::Transform``."""
    return key.startswith("Fn::")


def read_template(path: Path) -> Template:
    """Read a template in YAML or JSON.

    Raises:
        Invalid: it cannot be read, or is not a template.
    """
    return parse_template(read_text(path), path)


def parse_template(text: str, path: Path) -> Template:
    """Read the text of a template; errors have ``path``.

    Raises:
        Invalid: it is not a template.
    """
    problems: list[Problem] = []
    root = compose(text, str(path), problems)
    if problems:
        raise Invalid(problems)
    reader = _TemplateReader(path)
    body = reader.read(root) if root is not None else None
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict):
        body = {}
    template = Template(path, body, reader.lines, tuple(reader.notes))
    if not body.get("Resources"):
        problems.append(Problem("is not a template: it has no Resources", Place(str(path), 1)))
    else:
        problems += misshapen(template)
    if problems:
        raise Invalid(problems)
    return template


def misshapen(template: Template) -> Iterator[Problem]:
    """Problems: values that must be mappings, and resources without a type."""

    def mapping(value: Any, *path: str) -> Iterator[Problem]:
        if not isinstance(value, dict) and value is not None:
            yield Problem(f"{path[-1]} must be a mapping", template.place(*path))

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
            path = ("Resources", name, "Metadata", "DockerBuildArgs")
            yield from mapping(metadata.get("DockerBuildArgs"), *path)


def plain(text: str) -> Any:
    """The values of a deployed template."""
    root = compose(text, "template", [])
    return _TemplateReader(Path("template")).read(root) if root is not None else {}


class _TemplateReader:
    """Turns composed YAML into plain values."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[KeyPath, int] = {}
        self.notes: list[str] = []

    def read(self, node: yaml.Node, path: KeyPath = ()) -> Any:
        value = self._value(node, path)
        tag = str(node.tag)
        if not tag.startswith("!"):
            return value
        name = tag[1:]
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name if name in _BARE else f"Fn::{name}": value}

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(each, (*path, str(i))) for i, each in enumerate(node.value)]
        return scalar(node) if node.tag in _VALUES else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                many = isinstance(value_node, yaml.SequenceNode)
                for source in value_node.value if many else [value_node]:
                    base = self.read(source, path)
                    merged = {**(base if isinstance(base, dict) else {}), **merged}
                continue
            key = str(key_node.value)
            if key in values:
                place = Place(str(self._path), key_node.start_mark.line + 1)
                self.notes.append(f"{place}: {key} is written twice; CloudFormation takes this one")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            values[key] = self.read(value_node, (*path, key))
        return {**merged, **values}
