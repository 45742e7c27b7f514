"""The resources of a template and of its nested ones, with the values of Globals and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.stacks import cdk_assets
from lambda_fast_deploy.stacks.artifact_properties import FUNCTIONS, NESTED, SERVERLESS_FUNCTION
from lambda_fast_deploy.stacks.language_extensions import expanded
from lambda_fast_deploy.stacks.parameter_constraints import text_of
from lambda_fast_deploy.stacks.template import Template, read_template, resources_of

DEEPEST = 10  # levels; deeper nesting is a cycle
_REMOTE = re.compile(r"(s3|https?)://")
_BY_CLOUDFORMATION = "AWS::SSM::Parameter::Value<"  # a type whose text is the value's name
_DYNAMIC = "{{resolve:"  # the start of a dynamic reference
_SUBSTITUTED = re.compile(r"\$\{([^!}][^}]*)\}")  # ${!Literal} is a literal


@dataclass(frozen=True, slots=True)
class NestedStack:
    """A local nested template: the property with its path, and its resources."""

    property: str
    resources: Resources


class Resources:
    """The resources of a template.

    Args:
        template: the template.
        parameters: values of its parameters, which take precedence over defaults; ``None`` if
            only CloudFormation knows the value.
        within: the logical ids of the stacks that it is nested in, outermost first.

    Raises:
        Invalid: a nested template cannot be read, or a loop cannot be expanded.
    """

    def __init__(
        self, template: Template, parameters: Mapping[str, str | None], within: tuple[str, ...] = ()
    ) -> None:
        self.template = cdk_assets.with_assets(template)
        self.within = within
        self._values = _known(template.parameters, parameters)
        self.template = expanded(self.template, self.resolve)

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
        if isinstance(value, dict) and value.keys() == {"Fn::Sub"}:
            return self._substituted(value)
        if isinstance(value, dict) and value.keys() == {"Fn::Join"}:
            return self._joined(value)
        lookup = value.get("Fn::FindInMap") if isinstance(value, dict) else None
        if isinstance(lookup, list):
            entry = self.template.body.get("Mappings") or {}
            for key in lookup[:3]:
                name = self.resolve(key)
                entry = entry.get(name) if isinstance(entry, dict) and _is_text(name) else None
            return value if entry is None else entry
        return value

    def _substituted(self, value: Mapping[str, Any]) -> Any:
        """The text of ``Fn::Sub`` if all its parameters are known, else the value."""
        text = value["Fn::Sub"]
        text, own = text if isinstance(text, list) and len(text) == 2 else (text, {})
        if not _is_text(text) or not isinstance(own, dict):
            return value
        values = {**self._values, **{name: self.resolve(each) for name, each in own.items()}}
        names = _SUBSTITUTED.findall(text)
        if not all(_is_text(values.get(name)) for name in names):
            return value
        return _SUBSTITUTED.sub(lambda match: values[match[1]], text).replace("${!", "${")

    def _joined(self, value: Mapping[str, Any]) -> Any:
        """The text of ``Fn::Join`` if all its texts are known, else the value."""
        match value["Fn::Join"]:
            case [str(separator), [*texts]]:
                known = [self.resolve(each) for each in texts]
                return separator.join(known) if all(map(_is_text, known)) else value
            case _:
                return value

    def metadata(self, logical: str) -> Mapping[str, Any]:
        """The Metadata of a resource, with references to parameters resolved."""
        metadata = self.template.resources[logical].get("Metadata") or {}
        return {key: self.resolve(value) for key, value in metadata.items()}

    def is_built(self, logical: str) -> bool:
        """Whether the code of a resource is deployed as it is, without its requirements.

        That is what ``SkipBuild`` says; and ``sam build`` and the CDK, which have already built it,
        add the other keys.
        """
        metadata = self.metadata(logical)
        is_skipped = str(metadata.get("SkipBuild", False)).lower() == "true"
        return is_skipped or "SamResourceId" in metadata or cdk_assets.PATH in metadata

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
                    parameters = properties.get("Parameters")
                    parameters = parameters if isinstance(parameters, dict) else {}
                    given = {key: self.text(value) for key, value in parameters.items()}
                    stacks[logical] = NestedStack(name, self._inside(local, place, given, logical))
        return stacks

    def text(self, value: Any) -> str | None:
        """The text of a value; ``None`` if only CloudFormation knows it."""
        found = self.resolve(value)
        return None if found is None or isinstance(found, (dict, list)) else text_of(found)

    def _inside(
        self, local: str, place: Place, parameters: Mapping[str, str | None], logical: str
    ) -> Resources:
        path = self.template.path.parent / local
        if not is_file(path):
            raise Invalid([Problem(f"template {local!r} does not exist", place)])
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
    return any(each["Type"] in NESTED for each in resources_of(body).values())


def _known(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str | None]
) -> dict[str, str]:
    """The values of parameters that are known here: not those that CloudFormation looks up."""
    defaults = {
        name: text_of(each["Default"])
        for name, each in declared.items()
        if isinstance(each, dict) and "Default" in each
    }
    looked_up = {
        name
        for name, each in declared.items()
        if isinstance(each, dict) and _BY_CLOUDFORMATION in str(each.get("Type"))
    }
    return {
        name: value
        for name, value in {**defaults, **given}.items()
        if value is not None and name not in looked_up and not is_dynamic(value)
    }


def is_dynamic(value: Any) -> bool:
    """Whether a value has a dynamic reference, which CloudFormation resolves."""
    return _is_text(value) and _DYNAMIC in value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
