"""What the code of a function or a layer needs: its requirements, or a build that is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import LOCK, is_file, is_there, read_text
from lambda_fast_deploy.config.handler import absence_of, problem_with
from lambda_fast_deploy.config.sections.layers import NODE_LOCKS
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.fingerprints.layers.node_project import manifest_of
from lambda_fast_deploy.fingerprints.layers.requirements import requirements as requirements_of
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import NODEJS, PYTHON, Runtime
from lambda_fast_deploy.stacks.artifact_properties import LAYERS, ArtifactProperty
from lambda_fast_deploy.stacks.compiled_code import typescript_of, uncompiled
from lambda_fast_deploy.stacks.resources import Resources, is_dynamic
from lambda_fast_deploy.stacks.template import KeyPath

NO_RUNTIME = Runtime()
NODE_MANIFEST = "package.json"
_INSTALLED = ("dependencies", "optionalDependencies")
# What npm never packs (npm documentation, "package.json", files); .npmrc and node_modules aside.
_NEVER_PACKED = (
    *(".npmignore", "pnpm-lock.yaml", "yarn.lock", "npm-debug.log", "config.gypi", ".lock-wscript"),
    *("*.orig", ".*.swp", "._*", ".wafpickle-[0-9]", "CVS/", ".svn/", ".hg/"),
)
_ARCHIVES = (".zip", ".jar", ".war")


@dataclass(frozen=True, slots=True)
class LocalArtifact:
    """Local files that a template names.

    ``logical`` is the logical id of their resource, after those of the stacks that it is nested in,
    with slashes; if a resource can have several, also the keys. ``within`` and ``keys`` are their
    place in the templates: the logical ids of the stacks around it, and its path of keys.
    ``requirements`` are installed for ``runtime`` next to the files of ``path``, all below
    ``prefix`` in the zip. ``left_out`` are the patterns of files that are not part of it.
    """

    logical: str
    within: tuple[str, ...]
    keys: KeyPath
    form: ArtifactProperty
    path: Path
    place: Place
    is_layer: bool = False
    requirements: Path | None = None
    runtime: Runtime = NO_RUNTIME
    architecture: Architecture = Architecture.X86_64
    prefix: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of its step in the plan."""
        return f"{'layer' if self.is_layer else 'code'}:{self.logical}"


def architecture_of(
    resources: Resources,
    value: Any,
    place: Place,
    problems: list[Problem],
    *,
    is_needed: bool = True,
) -> Architecture:
    """The instruction set in a property; errors go to ``problems``.

    Without a build it ``is_needed`` by nobody, and may be known to CloudFormation only.
    """
    first = resources.resolve(value[0] if isinstance(value, list) and value else value)
    if first in tuple(Architecture):
        return Architecture(first)
    if isinstance(first, str):
        problems.append(Problem(f"{first!r} is not an architecture of Lambda", place))
    elif first is not None and is_needed:
        problem = "Architectures must be known for a build: name one, or a parameter with a value"
        problems.append(Problem(problem, place))
    return Architecture.X86_64


class ArtifactBuilds:
    """What has to be built for the code of one template; errors go to ``problems``."""

    def __init__(self, resources: Resources, problems: list[Problem]) -> None:
        self._resources = resources
        self._problems = problems

    def of(
        self, part: LocalArtifact, logical: str, resource: Mapping[str, Any]
    ) -> LocalArtifact | None:
        """A part with its requirements; ``None`` if it needs a build that is not supported."""
        if not part.form.is_code:
            return part
        is_layer = resource["Type"] in LAYERS
        runtime = None if is_layer else self._resources.of_function(logical, "Runtime")
        given = Runtime(runtime) if isinstance(runtime, str) else NO_RUNTIME
        part = replace(part, is_layer=is_layer, runtime=given)
        built: LocalArtifact | None = part
        if is_file(part.path):
            built = self._file(part, logical)
        elif not self._resources.is_built(logical):
            properties = resource.get("Properties") or {}
            built = (
                self._layer(part, logical, properties)
                if is_layer
                else self._function(part, logical)
            )
        if built and not is_layer:
            self._check_handler(built, logical)
        return built

    def _file(self, part: LocalArtifact, logical: str) -> LocalArtifact | None:
        """Code in a single file: a zip, or a file that is zipped."""
        if is_zip(part.path):
            return part
        if part.path.suffix in _ARCHIVES:
            problem = f"{part.form.name} {part.path.name!r} is not a zip"
            self._problems.append(Problem(problem, part.place))
            return None
        has_layers = not part.is_layer and bool(self._resources.of_function(logical, "Layers"))
        build = uncompiled(part.path, part.runtime, has_layers=has_layers)
        return self._unsupported(part, build) if build else part

    def _function(self, part: LocalArtifact, logical: str) -> LocalArtifact | None:
        metadata = self._resources.metadata(logical)
        method = metadata.get("BuildMethod")
        if method and not _is_interpreted(method):
            return self._unsupported(part, f"by {method}")
        properties = metadata.get("BuildProperties")
        if isinstance(properties, dict) and "ParentPackages" in properties:
            return self._unsupported(part, "with ParentPackages")
        runtime = self._resources.of_function(logical, "Runtime")
        has_layers = bool(self._resources.of_function(logical, "Layers"))
        if build := uncompiled(part.path, runtime, has_layers=has_layers):
            return self._unsupported(part, build)
        architectures = self._resources.of_function(logical, "Architectures")
        return self._with_requirements(part, runtime, architectures)

    def _layer(
        self, part: LocalArtifact, logical: str, properties: Mapping[str, Any]
    ) -> LocalArtifact | None:
        metadata = self._resources.metadata(logical)
        method = metadata.get("BuildMethod")
        if method is None:  # its directory already has the layout of a layer
            return part
        if not _is_interpreted(method):
            return self._unsupported(part, f"by {method}")
        architectures = metadata.get("BuildArchitecture") or properties.get(
            "CompatibleArchitectures"
        )
        family = Runtime(method).family
        prefix = f"{family.layer_folder}/" if family else ""
        return self._with_requirements(part, method, architectures, prefix)

    def _check_handler(self, part: LocalArtifact, logical: str) -> None:
        """Refuse a handler that its code does not define."""
        handler = self._resources.of_function(logical, "Handler")
        if not isinstance(handler, str) or is_zip(part.path):
            return
        folder = part.path.parent if is_file(part.path) else part.path
        if source := typescript_of(folder, handler, part.runtime):
            self._unsupported(part, f"of {source}")
            return
        arguments = (_code_of(part, handler), handler, part.runtime)
        problem = problem_with(*arguments)
        if not self._resources.of_function(logical, "Layers") and not _is_in_package(part, handler):
            problem = problem or absence_of(*arguments)
        if problem:
            place = self._resources.place_of_function(logical, "Handler")
            self._problems.append(Problem(problem, place))

    def _with_requirements(
        self, part: LocalArtifact, runtime: Any, architectures: Any, prefix: str = ""
    ) -> LocalArtifact | None:
        try:
            requirements = _requirements(part.path, runtime)
        except (ValueError, RecursionError) as error:
            problem = f"{NODE_MANIFEST} is not valid JSON: {error}"
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
            architecture=architecture_of(
                *(self._resources, architectures, part.place, self._problems),
                is_needed=requirements is not None,
            ),
            prefix=prefix,
            left_out=_left_out(part.path, runtime, requirements),
        )

    def _unsupported(self, part: LocalArtifact, build: str) -> LocalArtifact | None:
        problem = (
            f"a build {build} is not supported; run sam build in an earlier step and name "
            ".aws-sam/build/template.yaml as the template, or name a zip here"
        )
        self._problems.append(Problem(problem, part.place))
        return None


def is_zip(path: Path) -> bool:
    """Whether a path is a file with the format of a zip."""
    return is_file(path) and zipfile.is_zipfile(path)


def _code_of(part: LocalArtifact, handler: str) -> Path:
    """The folder of a handler's module; a single file that is not the module has none."""
    family = part.runtime.family
    if not is_file(part.path) or family is None:
        return part.path
    names = (f"{family.module_of(handler)}{suffix}" for suffix in family.suffixes)
    is_module = part.path.name in names or part.path.suffix in family.compiled
    return part.path.parent if is_module else part.path


def _is_interpreted(runtime: Any) -> bool:
    """Whether it is a runtime whose packages are installed and not compiled."""
    return isinstance(runtime, str) and Runtime(runtime).has_layers


def _requirements(folder: Path, runtime: Any) -> Path | None:
    """The file with the requirements of code for a runtime; ``None`` if it has none.

    A runtime that is unknown here can be of any language.
    """
    is_known = isinstance(runtime, str) and not is_dynamic(runtime)
    families = [Runtime(runtime).family] if is_known else [PYTHON, NODEJS]
    requirements, manifest = folder / "requirements.txt", folder / NODE_MANIFEST
    if PYTHON in families and is_there(requirements) and requirements_of(requirements):
        return requirements
    if NODEJS in families and is_there(manifest):
        document = json.loads(read_text(manifest, LOCK))
        if isinstance(document, dict) and any(map(document.get, _INSTALLED)):
            locks = (folder / name for name in NODE_LOCKS)
            return next((lock for lock in locks if is_there(lock)), manifest)
    return None


def _is_in_package(part: LocalArtifact, handler: str) -> bool:
    """Whether the module of a handler may be in an installed package."""
    if part.requirements is None or part.runtime.family is None:
        return False
    if part.runtime.family is PYTHON:
        return True
    module = part.runtime.family.module_of(handler).removeprefix("./")
    manifest = manifest_of(part.path)
    names = [name for kind in _INSTALLED for name in manifest.get(kind) or ()]
    return any(f"{module}/".startswith(("node_modules/", f"{name}/")) for name in names)


def _left_out(folder: Path, runtime: Any, requirements: Path | None) -> tuple[str, ...]:
    """What is not deployed from a package of Node.js: what npm ignores, and installed packages.

    ``sam build`` packs such a folder by ``npm pack``, for which .npmignore has the patterns of
    .gitignore, and which always packs package.json (npm documentation, "npm publish"). It copies a
    folder without package.json.
    """
    if not isinstance(runtime, str) or Runtime(runtime).family is not NODEJS:
        return ()
    if not is_there(folder / NODE_MANIFEST):
        return ()
    ignore = folder / ".npmignore"
    lines = read_text(ignore).splitlines() if is_there(ignore) else []
    said = (line for line in lines if not line.endswith("\\"))
    patterns = (*_NEVER_PACKED, *said, f"!/{NODE_MANIFEST}")
    return (*patterns, "node_modules/") if requirements else patterns
