"""Finds the local files that a template names, which are zipped or built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambda_fast_deploy.adapters.files import is_directory, is_file, read_text
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.stacks.artifact_properties import (
    FUNCTIONS,
    INCLUDED,
    NESTED,
    PROPERTIES,
    SERVERLESS_FUNCTION,
    WEB_FUNCTION,
    ArtifactProperty,
    includes,
)
from lambda_fast_deploy.stacks.code_builds import ArtifactBuilds, LocalArtifact
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import KeyPath, is_function, parse_template, plain

HERE = "."  # the code of a function that names none (AWS SAM CLI, "sam build")
_MACRO = "Fn::Transform"
_WITH_MACRO = frozenset({"Transform", _MACRO})
_SAM, _OF_SAM = "AWS::Serverless-2016-10-31", "AWS::Serverless::"
_API = "AWS::Serverless::Api"
_WITH_DEFAULT = (SERVERLESS_FUNCTION, WEB_FUNCTION)
# The keys of an included file that do not say where it is.
_NOT_SHOWN = frozenset({"Resources", "Properties", "Transform", "Fn::Transform", *INCLUDED.path})
# An address begins with a host, which has a dot or a port (Docker documentation, "docker image
# tag"); a path begins with a dot.
_ADDRESS = re.compile(r"[^/.][^/]*[.:][^/]*/")


def parts_of(resources: Resources) -> tuple[LocalArtifact, ...]:
    """All local artifacts, in the order of the templates.

    Raises:
        Invalid: with every artifact that cannot be built, each at its line.
    """
    problems: list[Problem] = []
    parts = [part for each in resources.every for part in _TemplateArtifacts(each, problems).find()]
    if problems:
        raise Invalid(problems)
    return tuple(parts)


def is_image(resources: Resources, logical: str) -> bool:
    """Whether a function is packaged as an image."""
    resource = resources.template.resources[logical]
    return (
        resources.of_function(logical, "PackageType") == "Image"
        or "ImageUri" in (resource.get("Properties") or {})
        or "Dockerfile" in (resource.get("Metadata") or {})
    )


class _TemplateArtifacts:
    """The parts of one template."""

    def __init__(self, resources: Resources, problems: list[Problem]) -> None:
        self._resources = resources
        self._template = resources.template
        self._problems = problems
        self._builds = ArtifactBuilds(resources, problems)

    def find(self) -> list[LocalArtifact]:
        self._check_transform()
        return [*self._of_resources(), *self._of_includes()]

    def _of_resources(self) -> Iterator[LocalArtifact]:
        for logical, resource in self._template.resources.items():
            forms = PROPERTIES.get(resource["Type"], ())
            if resource["Type"] in FUNCTIONS:
                self._check_architectures(logical)
            if resource["Type"] in FUNCTIONS and is_image(self._resources, logical):
                self._check_image(logical, resource)
                continue
            self._check_nested(logical, resource)
            for form in forms:
                for path, value in self._values(form, logical, resource):
                    keys = ("Resources", logical, *path)
                    has_one = len(forms) == 1
                    name = logical if has_one else ".".join((logical, *path[1:]))
                    part = self._local(form, value, keys, name)
                    if part and (built := self._builds.of(part, logical, resource)):
                        yield built
                    if part and form.is_url:
                        self._check_uploaded(part, plain(read_text(part.path)), "a stack set")

    def _of_includes(self) -> Iterator[LocalArtifact]:
        for keys, value in includes(self._template.body):
            shown = (each for each in keys if each not in _NOT_SHOWN and not each.isdecimal())
            if part := self._local(INCLUDED, value, keys, ".".join((*shown, "Include"))):
                yield part
                if template := self._included(keys, part):
                    self._check_uploaded(part, template, "AWS::Include")

    def _included(self, keys: KeyPath, part: LocalArtifact) -> Any:
        """What an included file adds to a template, if that is resources or their properties."""
        if keys[0] in ("Transform", _MACRO):
            return plain(read_text(part.path))
        if keys[0] != "Resources" or (keys[1] != _MACRO and keys[2:4] != ("Properties", _MACRO)):
            return None
        included = plain(read_text(part.path))
        if keys[1] == _MACRO or not isinstance(included, dict):
            return {"Resources": included}
        kind = self._template.resources[keys[1]]["Type"]
        properties = {"InlineCode": "", **included}  # the template itself can name the code
        return {"Resources": {keys[1]: {"Type": kind, "Properties": properties}}}

    def _check_uploaded(self, part: LocalArtifact, body: Any, reader: str) -> None:
        """Refuse local files in a template that is not packaged, since CloudFormation reads it."""
        try:
            template = parse_template(json.dumps(body), part.path)
            inner = _TemplateArtifacts(Resources(template, {}), [])
        except (Invalid, TypeError):  # CloudFormation names the problem of a file
            return
        for logical, name in inner.local_properties():
            problem = f"{part.path.name}: {name} of {logical} is local, which {reader} does not"
            remedy = "read; move the resource to this template, or to a nested one"
            self._problems.append(Problem(f"{problem} {remedy}", part.place))

    def local_properties(self) -> Iterator[tuple[str, str]]:
        """The properties with local files, each after the logical id of its resource."""
        for logical, resource in self._template.resources.items():
            kind, properties = resource["Type"], resource.get("Properties") or {}
            if kind in FUNCTIONS and is_image(self._resources, logical):
                if "Dockerfile" in self._resources.metadata(logical):
                    yield logical, "Dockerfile"
                continue
            for form in PROPERTIES.get(kind, ()):
                for _, value in self._values(form, logical, resource):
                    if self._resources.local(value) is not None:
                        yield logical, form.name
            if self._resources.local(properties.get(NESTED.get(kind, ""))) is not None:
                yield logical, NESTED[kind]

    def _problem(self, message: str, logical: str, *path: str) -> None:
        place = self._template.place("Resources", logical, *path)
        self._problems.append(Problem(message, place))

    def _values(
        self, form: ArtifactProperty, logical: str, resource: Mapping[str, Any]
    ) -> Iterable[tuple[KeyPath, Any]]:
        """The values of a property, which a SAM resource can have from Globals.

        The code of a SAM function is in the folder of the template by default.
        """
        values = list(form.values(resource))
        properties = resource.get("Properties") or {}
        if not values and resource["Type"] == _API and "DefinitionBody" not in properties:
            every = (self._template.body.get("Globals") or {}).get("Api")
            return [] if every is None else form.values({"Properties": every})
        is_complete = "InlineCode" not in properties and not any(map(is_function, properties))
        is_default = resource["Type"] in _WITH_DEFAULT and is_complete
        if not values and is_default:
            value = self._resources.of_function(logical, form.name)
            return [(form.path, HERE if value is None else value)]
        return values

    def _local(
        self, form: ArtifactProperty, value: Any, keys: KeyPath, name: str
    ) -> LocalArtifact | None:
        place = self._template.place(*keys)
        resolved = self._resources.resolve(value)
        if form.is_code and not form.keys and self._is_unknown(resolved):
            problem = f"{form.name} must be a path, or its parameters must have values"
            self._problems.append(Problem(problem, place))
        elif self._has_local_branch(resolved):
            self._refuse_branch(form.name, keys)
        if (local := self._resources.local(resolved)) is None:
            return None
        path = self._template.path.parent / local
        if not (is_file(path) or is_directory(path)):
            self._problems.append(Problem(f"{form.name} {local!r} does not exist", place))
            return None
        if is_directory(path) and not form.is_folder:
            self._problems.append(Problem(f"{form.name} {local!r} is a directory", place))
            return None
        within = self._resources.within
        return LocalArtifact(self._resources.name(name), within, keys, form, path, place)

    def _has_local_branch(self, value: Any) -> bool:
        """Whether ``Fn::If`` chooses a local path, which only CloudFormation could evaluate."""
        branches = value.get("Fn::If") if isinstance(value, dict) else None
        return isinstance(branches, list) and any(
            self._resources.local(each) is not None or self._has_local_branch(each)
            for each in branches[1:]
        )

    def _refuse_branch(self, name: str, keys: KeyPath) -> None:
        problem = f"{name} must not choose a local path by Fn::If; use a parameter or a mapping"
        self._problems.append(Problem(problem, self._template.place(*keys)))

    def _check_transform(self) -> None:
        """Refuse types of SAM in a template that no macro expands (AWS SAM specification)."""
        if not _WITH_MACRO.isdisjoint(self._template.body):
            return
        for logical, resource in self._template.resources.items():
            if resource["Type"].startswith(_OF_SAM):
                problem = f"{resource['Type']} needs Transform: {_SAM} in the template"
                self._problem(problem, logical, "Type")
                return

    def _check_architectures(self, logical: str) -> None:
        """Refuse several instruction sets (Lambda API, ``CreateFunction``: exactly one)."""
        given = self._resources.of_function(logical, "Architectures")
        if (
            isinstance(given, list)
            and len(given) > 1
            and all(isinstance(each, str) for each in given)
        ):
            place = self._resources.place_of_function(logical, "Architectures")
            problem = f"Architectures must name one, got {', '.join(given)}"
            self._problems.append(Problem(problem, place))

    def _check_nested(self, logical: str, resource: Mapping[str, Any]) -> None:
        """Refuse a nested template that CloudFormation would choose."""
        name = NESTED.get(resource["Type"], "")
        if self._has_local_branch((resource.get("Properties") or {}).get(name)):
            self._refuse_branch(name, ("Resources", logical, "Properties", name))

    def _is_unknown(self, value: Any) -> bool:
        """Whether SAM cannot resolve a path: an intrinsic function, or no parameter's name."""
        if not isinstance(value, dict) or len(value) != 1:
            return False
        ((key, name),) = value.items()
        return is_function(key) or (key == "Ref" and name not in self._template.parameters)

    def _check_image(self, logical: str, resource: Mapping[str, Any]) -> None:
        """Refuse an image of this machine, which has no address in a registry."""
        properties = resource.get("Properties") or {}
        code = properties.get("Code")
        value = code.get("ImageUri") if isinstance(code, dict) else properties.get("ImageUri")
        uri = self._resources.resolve(value)
        if "Dockerfile" in self._resources.metadata(logical):
            return
        names = (*properties, *(code if isinstance(code, dict) else ()))
        if value is None and not any(map(is_function, names)):
            self._problem("an image needs ImageUri, or a Dockerfile in Metadata", logical)
        if not isinstance(uri, str):
            return
        if not _ADDRESS.match(uri):
            problem = f"image {uri!r} is on this machine; name one in ECR, or add its Dockerfile"
            keys = ("Code", "ImageUri") if isinstance(code, dict) else ("ImageUri",)
            self._problem(f"{problem} to Metadata", logical, "Properties", *keys)
