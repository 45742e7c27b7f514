"""What of a template must be built: the properties that name something local, and how it is made.

The properties are those that ``sam package`` and ``aws cloudformation package`` know (AWS CLI
command reference, "cloudformation package").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.adapters.files import is_directory, is_file, read_text
from engine.content.requirements import requirements as requirements_of
from engine.errors import Invalid, Place, Problem
from engine.model import LATEST, Architecture, Configuration, Function, ImageSource
from engine.stack.template import Template

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
LAMBDA_FUNCTION = "AWS::Lambda::Function"
FUNCTIONS = (SERVERLESS_FUNCTION, LAMBDA_FUNCTION)
LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")


@dataclass(frozen=True, slots=True)
class Form:
    """How a resource names what is local: a property, and the keys of its bucket and object.

    Without keys it is an address, ``s3://bucket/key``.
    """

    property: str
    keys: tuple[str, str] | None = None


_FORMS = {
    SERVERLESS_FUNCTION: Form("CodeUri"),
    LAMBDA_FUNCTION: Form("Code", ("S3Bucket", "S3Key")),
    "AWS::Serverless::LayerVersion": Form("ContentUri"),
    "AWS::Lambda::LayerVersion": Form("Content", ("S3Bucket", "S3Key")),
    "AWS::Serverless::Api": Form("DefinitionUri"),
    "AWS::Serverless::HttpApi": Form("DefinitionUri"),
    "AWS::Serverless::StateMachine": Form("DefinitionUri", ("Bucket", "Key")),
    "AWS::ApiGateway::RestApi": Form("BodyS3Location", ("Bucket", "Key")),
    "AWS::StepFunctions::StateMachine": Form("DefinitionS3Location", ("Bucket", "Key")),
}
_NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_REMOTE = re.compile(r"(s3|https?)://")
# Files of languages that must be compiled first, and what makes them.
_COMPILED = ("pom.xml", "build.gradle", "build.gradle.kts", "go.mod", "Cargo.toml", "Gemfile")


@dataclass(frozen=True, slots=True)
class Part:
    """Something local that a resource is made of.

    ``requirements`` are installed for ``runtime`` beside the files of ``path``, all of them below
    ``prefix`` in the zip. A ``path`` that is a file goes as it is.
    """

    logical: str
    form: Form
    path: Path
    place: Place
    is_layer: bool = False
    requirements: Path | None = None
    runtime: str = ""
    architecture: Architecture = Architecture.X86_64
    prefix: str = ""

    @property
    def id(self) -> str:
        """Its step of the plan."""
        return f"{'layer' if self.is_layer else 'code'}:{self.logical}"


class Resources:
    """The resources of a template, with what Globals say of them.

    Args:
        template: what was read.
        parameters: values of the template's parameters; defaults are known from it.
    """

    def __init__(self, template: Template, parameters: Mapping[str, str]) -> None:
        self._template = template
        defaults = {
            name: str(each["Default"])
            for name, each in template.parameters.items()
            if isinstance(each, dict) and "Default" in each
        }
        self._values = {**defaults, **parameters}
        self._problems: list[Problem] = []

    @property
    def functions(self) -> tuple[str, ...]:
        """The logical ids of functions."""
        return tuple(
            name for name, each in self._template.resources.items() if each["Type"] in FUNCTIONS
        )

    def of_function(self, logical: str, name: str, otherwise: Any = None) -> Any:
        """A property of a function, its own or that of Globals, where it is not an intrinsic."""
        resource = self._template.resources[logical]
        properties = resource.get("Properties") or {}
        if name not in properties and resource["Type"] == SERVERLESS_FUNCTION:
            every = self._template.body.get("Globals") or {}
            properties = every.get("Function") or {}
        return self._known(properties.get(name, otherwise))

    def parts(self) -> tuple[Part, ...]:
        """Everything local, in the order of the template.

        Raises:
            Invalid: with everything that cannot be built, each at its line.
        """
        self._problems = []
        found = [
            part
            for logical, resource in self._template.resources.items()
            for part in [self._part(logical, resource)]
            if part
        ]
        if self._problems:
            raise Invalid(self._problems)
        return tuple(found)

    # ------------------------------------------------------------ one resource

    def _known(self, value: Any) -> Any:
        """A value, where it refers to a parameter whose value is known."""
        if isinstance(value, dict) and value.keys() == {"Ref"} and _is_text(value["Ref"]):
            return self._values.get(value["Ref"], value)
        way = value.get("Fn::FindInMap") if isinstance(value, dict) else None
        if isinstance(way, list):
            found = self._template.body.get("Mappings") or {}
            for key in way[:3]:
                known = self._known(key)
                found = found.get(known) if isinstance(found, dict) and _is_text(known) else None
            return value if found is None else found
        return value

    def _problem(self, says: str, logical: str, *way: str) -> None:
        place = self._template.place("Resources", logical, *way)
        self._problems.append(Problem(says, place))

    def _part(self, logical: str, resource: Mapping[str, Any]) -> Part | None:
        kind = resource["Type"]
        if kind in _NESTED:
            self._nested(logical, resource, _NESTED[kind])
        form = _FORMS.get(kind)
        if form is None:
            return None
        properties = resource.get("Properties") or {}
        if kind in FUNCTIONS and self._is_image(logical, resource):
            return None
        value = properties.get(form.property)
        if value is None and kind == SERVERLESS_FUNCTION and "InlineCode" not in properties:
            value = self.of_function(logical, form.property)
            if value is None:
                self._problem("has no CodeUri", logical)
        value = self._known(value)
        if not isinstance(value, str) or _REMOTE.match(value):
            return None
        place = self._template.place("Resources", logical, "Properties", form.property)
        path = self._template.path.parent / value
        if not (is_file(path) or is_directory(path)):
            self._problems.append(Problem(f"{form.property} {value!r} does not exist", place))
            return None
        part = Part(logical, form, path, place, is_layer=kind in LAYERS)
        if is_file(path):
            return part
        if kind in LAYERS:
            return self._layer(part, resource)
        if kind in FUNCTIONS:
            return self._function(part, resource)
        self._problems.append(Problem(f"{form.property} {value!r} is a directory", place))
        return None

    def _nested(self, logical: str, resource: Mapping[str, Any], name: str) -> None:
        value = self._known((resource.get("Properties") or {}).get(name))
        if isinstance(value, str) and not _REMOTE.match(value):
            says = f"a local template inside another ({value}) is not supported; deploy it alone"
            self._problem(says, logical, "Properties", name)

    def _is_image(self, logical: str, resource: Mapping[str, Any]) -> bool:
        return (
            self.of_function(logical, "PackageType") == "Image"
            or "ImageUri" in (resource.get("Properties") or {})
            or "Dockerfile" in (resource.get("Metadata") or {})
        )

    def images(self, stack: str) -> tuple[Function, ...]:
        """The functions whose images are built here, by their logical ids.

        Args:
            stack: the stack's name, which the names of repositories begin with.

        Raises:
            Invalid: with everything that cannot be built.
        """
        self._problems = []
        found = [
            function
            for logical in self.functions
            for function in [self._image(logical, stack)]
            if function
        ]
        if self._problems:
            raise Invalid(self._problems)
        return tuple(found)

    def _image(self, logical: str, stack: str) -> Function | None:
        """A function whose Metadata tells how its image is built, as the SAM CLI has it."""
        metadata = self._template.resources[logical].get("Metadata") or {}
        if "Dockerfile" not in metadata:
            return None
        context = self._template.path.parent / str(metadata.get("DockerContext", "."))
        dockerfile = context / str(metadata["Dockerfile"])
        if not is_file(dockerfile):
            says = f"Dockerfile {metadata['Dockerfile']!r} does not exist"
            self._problem(says, logical, "Metadata", "Dockerfile")
        if "DockerBuildTarget" in metadata:
            says = "a DockerBuildTarget is not supported; give that stage a Dockerfile of its own"
            self._problem(says, logical, "Metadata", "DockerBuildTarget")
        arguments = metadata.get("DockerBuildArgs") or {}
        place = self._template.place("Resources", logical)
        return Function(
            name=logical,
            source=ImageSource(
                dockerfile=dockerfile,
                context=context,
                repository=f"{stack}-{logical}".lower(),
                base=None,
                build_args={str(key): str(self._known(each)) for key, each in arguments.items()},
                compression="gzip",  # every Lambda reads that, and CloudFormation tries once
            ),
            architecture=self._architecture(place, self.of_function(logical, "Architectures")),
            role=None,
            alias=LATEST,
            configuration=Configuration(),
            url=None,
            gates=(),
        )

    def _function(self, part: Part, resource: Mapping[str, Any]) -> Part | None:
        method = (resource.get("Metadata") or {}).get("BuildMethod")
        runtime = self.of_function(part.logical, "Runtime")
        architecture = self._architecture(
            part.place, self.of_function(part.logical, "Architectures")
        )
        if method and not _is_interpreted(method):
            self._unbuilt(part, f"by {method}")
            return None
        if compiled := next((n for n in _COMPILED if (part.path / n).is_file()), ""):
            self._unbuilt(part, f"of {compiled}")
            return None
        return self._with_requirements(part, runtime, architecture, "")

    def _layer(self, part: Part, resource: Mapping[str, Any]) -> Part | None:
        metadata = resource.get("Metadata") or {}
        method = metadata.get("BuildMethod")
        if method is None:  # its directory is laid out already, as Lambda unpacks it
            return part
        if not _is_interpreted(method):
            self._unbuilt(part, f"by {method}")
            return None
        properties = resource.get("Properties") or {}
        wanted = metadata.get("BuildArchitecture") or properties.get("CompatibleArchitectures")
        prefix = "nodejs/" if method.startswith("nodejs") else "python/"
        return self._with_requirements(part, method, self._architecture(part.place, wanted), prefix)

    def _with_requirements(
        self, part: Part, runtime: Any, architecture: Architecture, prefix: str
    ) -> Part | None:
        try:
            requirements = _requirements(part.path)
        except (ValueError, RecursionError) as error:
            self._problems.append(Problem(f"package.json is not valid JSON: {error}", part.place))
            return None
        if requirements and not requirements.is_file():
            says = f"{requirements.name} is missing; run npm install, and commit it"
            self._problems.append(Problem(says, part.place))
            return None
        if requirements and not _is_interpreted(runtime):
            says = f"{requirements.name} needs a runtime that is known here, got {runtime!r}"
            self._problems.append(Problem(says, part.place))
            return None
        return replace(
            part,
            requirements=requirements,
            runtime=str(runtime),
            architecture=architecture,
            prefix=prefix,
        )

    def _unbuilt(self, part: Part, how: str) -> None:
        says = f"what is built {how} is not built here; name the zip that came of it"
        self._problems.append(Problem(says, part.place))

    def _architecture(self, place: Place, value: Any) -> Architecture:
        first = self._known(value[0] if isinstance(value, list) and value else value)
        if first is None:
            return Architecture.X86_64
        if first in tuple(Architecture):
            return Architecture(first)
        self._problems.append(Problem(f"{first!r} is no architecture of Lambda", place))
        return Architecture.X86_64


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_interpreted(runtime: Any) -> bool:
    """Whether it is a runtime whose packages are installed, not compiled."""
    return isinstance(runtime, str) and bool(re.fullmatch(r"python3\.\d+|nodejs\d+\.x", runtime))


def _requirements(folder: Path) -> Path | None:
    """The file that settles what code needs besides itself; ``None`` if it needs nothing."""
    found = folder / "requirements.txt"
    if found.is_file() and requirements_of(found):
        return found
    manifest = folder / "package.json"
    asked = json.loads(read_text(manifest)) if manifest.is_file() else {}
    if isinstance(asked, dict) and asked.get("dependencies"):
        return folder / "package-lock.json"
    return None
