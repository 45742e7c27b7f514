"""The resources of a template, with what Globals and parameters say of them, nested ones too."""

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
DEEPEST = 10  # levels; nobody nests that deep but in a circle
_REMOTE = re.compile(r"(s3|https?)://")


@dataclass(frozen=True, slots=True)
class NestedStack:
    """A local template inside another: the property that names it, and its resources."""

    property: str
    resources: Resources


class Resources:
    """The resources of a template.

    Args:
        template: what was read.
        parameters: values of the template's parameters; defaults are known from it.
        within: the logical ids of the stacks that it is nested in, the outermost first.

    Raises:
        Invalid: a template inside it cannot be read.
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
        """A property of a function, its own or that of Globals, where it is not an intrinsic."""
        resource = self.template.resources[logical]
        properties = resource.get("Properties") or {}
        if name not in properties and resource["Type"] == SERVERLESS_FUNCTION:
            every = self.template.body.get("Globals") or {}
            properties = every.get("Function") or {}
        return self.known(properties.get(name, otherwise))

    def place_of_function(self, logical: str, name: str) -> Place:
        """Where a property of a function is written, its own or that of Globals."""
        own = (self.template.resources[logical].get("Properties") or {}).keys()
        way = ("Resources", logical, "Properties") if name in own else ("Globals", "Function")
        return self.template.place(*way, name)

    def known(self, value: Any) -> Any:
        """A value, where it refers to a parameter whose value is known."""
        if isinstance(value, dict) and value.keys() == {"Ref"} and _is_text(value["Ref"]):
            return self._values.get(value["Ref"], value)
        way = value.get("Fn::FindInMap") if isinstance(value, dict) else None
        if isinstance(way, list):
            found = self.template.body.get("Mappings") or {}
            for key in way[:3]:
                known = self.known(key)
                found = found.get(known) if isinstance(found, dict) and _is_text(known) else None
            return value if found is None else found
        return value

    @property
    def has_stacks(self) -> bool:
        """Whether there are stacks among them, wherever their templates are."""
        return has_stacks(self.template.body)

    @property
    def macros(self) -> tuple[str, ...]:
        """What CloudFormation sends the template through, without ``AWS::`` before it."""
        asked = self.template.body.get("Transform") or []
        names = asked if isinstance(asked, list) else [asked]
        return tuple(str(each).removeprefix("AWS::") for each in names if _is_text(each))

    def named(self, logical: str) -> str:
        """A function's name, if the template gives it one; with stars for what is not known."""
        name = self.of_function(logical, "FunctionName", "")
        if isinstance(name, dict) and isinstance(text := name.get("Fn::Sub"), str):
            return re.sub(r"\$\{[^}]*\}", "*", text)
        return name if _is_text(name) else "*"

    def local(self, value: Any) -> str | None:
        """A value that names something local, relative to the template; ``None`` otherwise."""
        found = self.known(value)
        return None if not _is_text(found) or _REMOTE.match(found) else str(found)

    @cached_property
    def nested(self) -> Mapping[str, NestedStack]:
        """The local templates inside this one, by the logical id of their stack."""
        found = {}
        for logical, resource in self.template.resources.items():
            if name := NESTED.get(resource["Type"]):
                properties = resource.get("Properties") or {}
                if local := self.local(properties.get(name)):
                    place = self.template.place("Resources", logical, "Properties", name)
                    path = self.template.path.parent / local
                    given = properties.get("Parameters")
                    given = given if isinstance(given, dict) else {}
                    known = {key: self.known(value) for key, value in given.items()}
                    texts = {key: str(v) for key, v in known.items() if not isinstance(v, dict)}
                    found[logical] = NestedStack(name, self._inside(path, place, texts, logical))
        return found

    def _inside(
        self, path: Path, place: Place, parameters: Mapping[str, str], logical: str
    ) -> Resources:
        if not is_file(path):
            raise Invalid([Problem(f"template {path.name!r} does not exist", place)])
        if len(self.within) >= DEEPEST:
            raise Invalid([Problem("templates are nested in each other without end", place)])
        return Resources(read_template(path), parameters, (*self.within, logical))

    @property
    def every(self) -> tuple[Resources, ...]:
        """These, and those of the templates inside."""
        inside = (found for each in self.nested.values() for found in each.resources.every)
        return (self, *inside)


def has_stacks(body: Mapping[str, Any]) -> bool:
    """Whether a template has stacks of its own, wherever their templates are."""
    return any(each["Type"] in NESTED for each in body["Resources"].values())


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
