"""Finds the local files in the properties of a template, which are zipped or built.

The properties are those of ``sam package`` and ``aws cloudformation package`` (AWS CLI command
reference, "cloudformation package").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import LOCK, is_directory, is_file, is_there, read_text
from lambda_fast_deploy.config.handler import absence_of, problem_with
from lambda_fast_deploy.config.sections.layers import NODE_LOCKS
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.layers.requirements import requirements as requirements_of
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.stacks.resources import (
    FUNCTIONS,
    LAMBDA_FUNCTION,
    LAYERS,
    SERVERLESS_FUNCTION,
    Resources,
)

NO_RUNTIME = Runtime()


@dataclass(frozen=True, slots=True)
class ArtifactProperty:
    """A property for local files, and its keys for the bucket and the object.

    Without keys, its packaged value is an address, ``s3://bucket/key``.
    """

    property: str
    keys: tuple[str, str] | None = None


_FORMS = {
    SERVERLESS_FUNCTION: ArtifactProperty("CodeUri"),
    LAMBDA_FUNCTION: ArtifactProperty("Code", ("S3Bucket", "S3Key")),
    "AWS::Serverless::LayerVersion": ArtifactProperty("ContentUri"),
    "AWS::Lambda::LayerVersion": ArtifactProperty("Content", ("S3Bucket", "S3Key")),
    "AWS::Serverless::Api": ArtifactProperty("DefinitionUri"),
    "AWS::Serverless::HttpApi": ArtifactProperty("DefinitionUri"),
    "AWS::Serverless::StateMachine": ArtifactProperty("DefinitionUri", ("Bucket", "Key")),
    "AWS::ApiGateway::RestApi": ArtifactProperty("BodyS3Location", ("Bucket", "Key")),
    "AWS::StepFunctions::StateMachine": ArtifactProperty("DefinitionS3Location", ("Bucket", "Key")),
}
# Manifests of languages that must be compiled first.
_COMPILED = ("pom.xml", "build.gradle", "build.gradle.kts", "go.mod", "Cargo.toml", "Gemfile")


@dataclass(frozen=True, slots=True)
class LocalArtifact:
    """Local files of a resource.

    ``logical`` is its logical id, after those of the stacks that it is nested in, with slashes.
    ``requirements`` are installed for ``runtime`` next to the files of ``path``, all below
    ``prefix`` in the zip. A ``path`` that is a file is uploaded unchanged.
    """

    logical: str
    form: ArtifactProperty
    path: Path
    place: Place
    is_layer: bool = False
    requirements: Path | None = None
    runtime: Runtime = NO_RUNTIME
    architecture: Architecture = Architecture.X86_64
    prefix: str = ""

    @property
    def id(self) -> str:
        """The id of its step in the plan."""
        return f"{'layer' if self.is_layer else 'code'}:{self.logical}"


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


def architecture_of(
    resources: Resources, value: Any, place: Place, problems: list[Problem]
) -> Architecture:
    """The instruction set in a property; errors go to ``problems``."""
    first = resources.resolve(value[0] if isinstance(value, list) and value else value)
    if first is None:
        return Architecture.X86_64
    if first in tuple(Architecture):
        return Architecture(first)
    problems.append(Problem(f"{first!r} is not an architecture of Lambda", place))
    return Architecture.X86_64


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

    def find(self) -> list[LocalArtifact]:
        parts = (self._part(name, each) for name, each in self._template.resources.items())
        return [part for part in parts if part]

    def _problem(self, message: str, logical: str, *path: str) -> None:
        place = self._template.place("Resources", logical, *path)
        self._problems.append(Problem(message, place))

    def _part(self, logical: str, resource: Mapping[str, Any]) -> LocalArtifact | None:
        kind = resource["Type"]
        form = _FORMS.get(kind)
        if form is None:
            return None
        properties = resource.get("Properties") or {}
        if kind in FUNCTIONS and is_image(self._resources, logical):
            return None
        value = properties.get(form.property)
        if value is None and kind == SERVERLESS_FUNCTION and "InlineCode" not in properties:
            value = self._resources.of_function(logical, form.property)
            if value is None:
                self._problem("has no CodeUri", logical)
        if (local := self._resources.local(value)) is None:
            return None
        place = self._template.place("Resources", logical, "Properties", form.property)
        path = self._template.path.parent / local
        if not (is_file(path) or is_directory(path)):
            self._problems.append(Problem(f"{form.property} {local!r} does not exist", place))
            return None
        name = self._resources.name(logical)
        part = LocalArtifact(name, form, path, place, is_layer=kind in LAYERS)
        if is_file(path):
            return part
        if kind in LAYERS:
            return self._layer(part, resource)
        if kind in FUNCTIONS:
            return self._function(part, logical, resource)
        self._problems.append(Problem(f"{form.property} {local!r} is a directory", place))
        return None

    def _function(
        self, part: LocalArtifact, logical: str, resource: Mapping[str, Any]
    ) -> LocalArtifact | None:
        method = (resource.get("Metadata") or {}).get("BuildMethod")
        runtime = self._resources.of_function(logical, "Runtime")
        architectures = self._resources.of_function(logical, "Architectures")
        architecture = self._architecture(part.place, architectures)
        if method and not _is_interpreted(method):
            self._unsupported(part, f"by {method}")
            return None
        if manifest := next((n for n in _COMPILED if is_file(part.path / n)), ""):
            self._unsupported(part, f"of {manifest}")
            return None
        artifact = self._with_requirements(part, runtime, architecture, "")
        if artifact and _is_interpreted(runtime):
            self._check_handler(artifact, logical)
        return artifact

    def _check_handler(self, part: LocalArtifact, logical: str) -> None:
        handler = self._resources.of_function(logical, "Handler")
        if not isinstance(handler, str):
            return
        layers = self._resources.of_function(logical, "Layers")
        is_complete = part.requirements is None and not layers
        arguments = (part.path, handler, part.runtime)
        if problem := problem_with(*arguments) or (absence_of(*arguments) if is_complete else ""):
            place = self._resources.place_of_function(logical, "Handler")
            self._problems.append(Problem(problem, place))

    def _layer(self, part: LocalArtifact, resource: Mapping[str, Any]) -> LocalArtifact | None:
        metadata = resource.get("Metadata") or {}
        method = metadata.get("BuildMethod")
        if method is None:  # its directory already has the layout of a layer
            return part
        if not _is_interpreted(method):
            self._unsupported(part, f"by {method}")
            return None
        properties = resource.get("Properties") or {}
        architectures = metadata.get("BuildArchitecture") or properties.get(
            "CompatibleArchitectures"
        )
        family = Runtime(method).family
        prefix = f"{family.layer_folder}/" if family else ""
        return self._with_requirements(
            part, method, self._architecture(part.place, architectures), prefix
        )

    def _with_requirements(
        self, part: LocalArtifact, runtime: Any, architecture: Architecture, prefix: str
    ) -> LocalArtifact | None:
        try:
            requirements = _requirements(part.path)
        except (ValueError, RecursionError) as error:
            self._problems.append(Problem(f"package.json is not valid JSON: {error}", part.place))
            return None
        if requirements and not is_file(requirements):
            problem = f"{requirements.name} does not exist; run npm install, and commit it"
            self._problems.append(Problem(problem, part.place))
            return None
        if requirements and not _is_interpreted(runtime):
            problem = f"{requirements.name} needs a supported runtime, got {runtime!r}"
            self._problems.append(Problem(problem, part.place))
            return None
        return replace(
            part,
            requirements=requirements,
            runtime=Runtime(runtime) if isinstance(runtime, str) else NO_RUNTIME,
            architecture=architecture,
            prefix=prefix,
        )

    def _unsupported(self, part: LocalArtifact, build: str) -> None:
        problem = f"a build {build} is not supported; build it in an earlier step and name its zip"
        self._problems.append(Problem(problem, part.place))

    def _architecture(self, place: Place, value: Any) -> Architecture:
        return architecture_of(self._resources, value, place, self._problems)


def _is_interpreted(runtime: Any) -> bool:
    """Whether it is a runtime whose packages are installed and not compiled."""
    return isinstance(runtime, str) and Runtime(runtime).has_layers


def _requirements(folder: Path) -> Path | None:
    """The file with the requirements of code; ``None`` if it has none."""
    requirements = folder / "requirements.txt"
    if is_there(requirements) and requirements_of(requirements):
        return requirements
    manifest = folder / "package.json"
    document = json.loads(read_text(manifest, LOCK)) if is_there(manifest) else {}
    if isinstance(document, dict) and document.get("dependencies"):
        locks = (folder / name for name in NODE_LOCKS)
        return next((lock for lock in locks if is_there(lock)), folder / NODE_LOCKS[0])
    return None
