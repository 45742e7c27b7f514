"""The resources of a template and of its nested ones, with the values of Globals and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.stacks.template import Template, read_template

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
LAMBDA_FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (SERVERLESS_FUNCTION, LAMBDA_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")
NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
DEEPEST = 10  # levels; deeper nesting is a cycle
_REMOTE = re.compile(r"(s3|https?)://")


@dataclass(frozen=True, slots=True)
class NestedStack:
    """A local nested template: the property with its path, and its resources."""

    property: str
    resources: Resources


class Resources:
    """The resources of a template.

    Args:
        template: the template.
        parameters: values of its parameters, which take precedence over defaults.
        within: the logical ids of the stacks that it is nested in, outermost first.

    Raises:
        Invalid: a nested template cannot be read.
    """

    def __init__(
        self, template: Template, parameters: Mapping[str, str], within: tuple[str, ...] = ()
    ) -> None:
        self.template = template
        self.within = within
        defaults = {
            name: str(each["Default"])
            for name, each in template.parameters.items()
            if isinstance(each, dict) and "Default" in each
        }
        self._values = {**defaults, **parameters}

    @property
    def functions(self) -> tuple[str, ...]:
        """The logical ids of functions."""
        return tuple(
            name for name, each in self.template.resources.items() if each["Type"] in FUNCTIONS
        )

    def name(self, logical: str) -> str:
        """A resource's logical id, after those of the stacks that it is nested in."""
        return "/".join((*self.within, logical))

    def of_function(self, logical: str, name: str, otherwise: Any = None) -> Any:
        """A property of a function or of Globals, with references to parameters resolved."""
        resource = self.template.resources[logical]
        properties = resource.get("Properties") or {}
        if name not in properties and resource["Type"] == SERVERLESS_FUNCTION:
            every = self.template.body.get("Globals") or {}
            properties = every.get("Function") or {}
        return self.resolve(properties.get(name, otherwise))

    def place_of_function(self, logical: str, name: str) -> Place:
        """The place of a property of a function, or of Globals."""
        own = (self.template.resources[logical].get("Properties") or {}).keys()
        path = ("Resources", logical, "Properties") if name in own else ("Globals", "Function")
        return self.template.place(*path, name)

    def resolve(self, value: Any) -> Any:
        """A value, with a reference to a parameter or a mapping resolved if that is known."""
        if isinstance(value, dict) and value.keys() == {"Ref"} and _is_text(value["Ref"]):
            return self._values.get(value["Ref"], value)
        lookup = value.get("Fn::FindInMap") if isinstance(value, dict) else None
        if isinstance(lookup, list):
            entry = self.template.body.get("Mappings") or {}
            for key in lookup[:3]:
                name = self.resolve(key)
                entry = entry.get(name) if isinstance(entry, dict) and _is_text(name) else None
            return value if entry is None else entry
        return value

    @property
    def has_stacks(self) -> bool:
        """Whether the template has nested stacks, local or remote."""
        return has_stacks(self.template.body)

    @property
    def macros(self) -> tuple[str, ...]:
        """The macros of the template, without the prefix ``AWS::``."""
        transform = self.template.body.get("Transform") or []
        names = transform if isinstance(transform, list) else [transform]
        return tuple(str(each).removeprefix("AWS::") for each in names if _is_text(each))

    def named(self, logical: str) -> str:
        """The name of a function, if the template has one; with stars for unknown parts."""
        name = self.of_function(logical, "FunctionName", "")
        if isinstance(name, dict) and isinstance(text := name.get("Fn::Sub"), str):
            return re.sub(r"\$\{[^}]*\}", "*", text)
        return name if _is_text(name) else "*"

    def local(self, value: Any) -> str | None:
        """A local path, relative to the template; ``None`` if the value is something else."""
        path = self.resolve(value)
        return None if not _is_text(path) or _REMOTE.match(path) else str(path)

    @cached_property
    def nested(self) -> Mapping[str, NestedStack]:
        """The local nested templates, by the logical id of their stack."""
        stacks = {}
        for logical, resource in self.template.resources.items():
            if name := NESTED.get(resource["Type"]):
                properties = resource.get("Properties") or {}
                if local := self.local(properties.get(name)):
                    place = self.template.place("Resources", logical, "Properties", name)
                    path = self.template.path.parent / local
                    parameters = properties.get("Parameters")
                    parameters = parameters if isinstance(parameters, dict) else {}
                    values = {key: self.resolve(value) for key, value in parameters.items()}
                    texts = {key: str(v) for key, v in values.items() if not isinstance(v, dict)}
                    stacks[logical] = NestedStack(name, self._inside(path, place, texts, logical))
        return stacks

    def _inside(
        self, path: Path, place: Place, parameters: Mapping[str, str], logical: str
    ) -> Resources:
        if not is_file(path):
            raise Invalid([Problem(f"template {path.name!r} does not exist", place)])
        if len(self.within) >= DEEPEST:
            raise Invalid([Problem("templates are nested in a cycle", place)])
        return Resources(read_template(path), parameters, (*self.within, logical))

    @property
    def every(self) -> tuple[Resources, ...]:
        """These resources, and those of nested templates."""
        inside = (each for stack in self.nested.values() for each in stack.resources.every)
        return (self, *inside)


def has_stacks(body: Mapping[str, Any]) -> bool:
    """Whether a template has nested stacks, local or remote."""
    return any(each["Type"] in NESTED for each in body["Resources"].values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
