"""Finds the local files that a template names, which are zipped or built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lambda_fast_deploy.adapters.files import is_directory, is_file, read_text
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.stacks.artifact_properties import (
    INCLUDED,
    PROPERTIES,
    WEB_FUNCTION,
    ArtifactProperty,
    includes,
)
from lambda_fast_deploy.stacks.code_builds import ArtifactBuilds, LocalArtifact
from lambda_fast_deploy.stacks.resources import FUNCTIONS, SERVERLESS_FUNCTION, Resources
from lambda_fast_deploy.stacks.template import KeyPath, is_function, parse_template, plain

HERE = "."  # the code of a function that names none (AWS SAM CLI, "sam build")
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
        return [*self._of_resources(), *self._of_includes()]

    def _of_resources(self) -> Iterator[LocalArtifact]:
        for logical, resource in self._template.resources.items():
            forms = PROPERTIES.get(resource["Type"], ())
            if resource["Type"] in FUNCTIONS and is_image(self._resources, logical):
                self._check_image(logical, resource)
                continue
            for form in forms:
                for path, value in self._values(form, logical, resource):
                    keys = ("Resources", logical, *path)
                    has_one = len(forms) == 1
                    name = logical if has_one else ".".join((logical, *path[1:]))
                    part = self._local(form, value, keys, name)
                    if part and (built := self._builds.of(part, logical, resource)):
                        yield built

    def _of_includes(self) -> Iterator[LocalArtifact]:
        for keys, value in includes(self._template.body):
            shown = (each for each in keys if each not in _NOT_SHOWN)
            if part := self._local(INCLUDED, value, keys, ".".join(shown) or "Include"):
                yield part
                if keys[:2] == ("Resources", "Fn::Transform"):
                    self._check_included(part)

    def _check_included(self, part: LocalArtifact) -> None:
        """Refuse resources with local files in a file that CloudFormation itself includes."""
        text = json.dumps({"Resources": plain(read_text(part.path))})
        try:
            template = parse_template(text, part.path)
        except Invalid:  # CloudFormation names the problem of a file
            return
        resources = Resources(template, {})
        for inner in _TemplateArtifacts(resources, []).find():
            problem = (
                f"{inner.form.name} of {inner.logical} is local, which AWS::Include does not read"
            )
            remedy = "move the resource to this template, or to a nested one"
            self._problems.append(Problem(f"{part.path.name}: {problem}; {remedy}", part.place))

    def _problem(self, message: str, logical: str, *path: str) -> None:
        place = self._template.place("Resources", logical, *path)
        self._problems.append(Problem(message, place))

    def _values(
        self, form: ArtifactProperty, logical: str, resource: Mapping[str, Any]
    ) -> Iterable[tuple[KeyPath, Any]]:
        """The values of a property; for code of a SAM function, that of Globals or this folder."""
        values = list(form.values(resource))
        properties = resource.get("Properties") or {}
        is_default = resource["Type"] in _WITH_DEFAULT and "InlineCode" not in properties
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
        if "Dockerfile" in self._resources.metadata(logical) or not isinstance(uri, str):
            return
        if not _ADDRESS.match(uri):
            problem = f"image {uri!r} is on this machine; name one in ECR, or add its Dockerfile"
            keys = ("Code", "ImageUri") if isinstance(code, dict) else ("ImageUri",)
            self._problem(f"{problem} to Metadata", logical, "Properties", *keys)
