"""The sources of functions' packages: base images, images, layers and zips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambda_fast_deploy.arn import is_arn
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models.enums import Architecture, Bytecode, Compression, Profile
from lambda_fast_deploy.models.runtime import NODEJS, Runtime


@dataclass(frozen=True, slots=True)
class Base:
    """A base image, which functions share and which is rarely rebuilt.

    ``follow_upstream`` rebuilds it if an image in its FROM or COPY --from was updated. ``secrets``
    are names of environment variables by the id that the Dockerfile mounts. ``target`` is the stage
    of the Dockerfile to build; empty for the last one.
    """

    name: str
    dockerfile: Path
    context: Path
    repository: str
    tag: str
    architecture: Architecture
    build_args: Mapping[str, str]
    follow_upstream: bool
    secrets: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True, slots=True)
class BuildCommand:
    """A command that makes code; it runs only if its sources have changed.

    ``root`` is its working directory. ``sources`` are files and directories below it; empty for all
    files that git tracks there. ``variables`` are the names of the environment variables that
    count, and that it gets even if they are credentials.
    """

    command: tuple[str, ...]
    root: Path
    sources: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    place: Place = field(default=Place("build"), compare=False)


@dataclass(frozen=True, slots=True)
class PruningRules:
    """The rules for files to remove from layers.

    ``profile`` is the name of a set of rules; ``remove`` and ``keep`` are patterns of paths, which
    take precedence over it. ``services`` are the AWS services that botocore keeps; all if empty.
    """

    profile: Profile
    remove: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """Dependencies that are resolved together and published as one layer, or as several.

    ``requirements`` is a file or a list. ``parts`` maps the name of each published layer to its
    distributions, which include their dependencies; an empty part contains the rest. ``sources``
    are the distributions that may be built from source. ``extras`` and ``groups`` are those of its
    project to install. ``share`` are the accounts, organisations or ``everyone`` who may use its
    versions; ``None`` leaves that unchanged.
    """

    name: str
    requirements: Path | tuple[str, ...]
    runtime: Runtime
    architecture: Architecture
    pruning: PruningRules
    bytecode: Bytecode
    budget: int | None = None
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    share: tuple[str, ...] | None = None

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """Distributions by the name of the layer to publish, in order."""
        parts = {f"{self.name}-{part}": packages for part, packages in self.split.items()}
        return parts or {self.name: ()}

    @property
    def is_node(self) -> bool:
        """Whether it is for Node.js, not for Python."""
        return self.runtime.family is NODEJS

    @property
    def source(self) -> str:
        """The requirements, for people."""
        source = self.requirements
        return source.name if isinstance(source, Path) else "its requirements"


@dataclass(frozen=True, slots=True)
class FolderLayer:
    """A layer of the files of a folder, as they are; ``budget`` and ``share`` as in ``Layer``.

    Without a ``runtime`` or an ``architecture``, it is for all of them. ``build`` makes the folder.
    """

    name: str
    code: Path
    runtime: Runtime | None = None
    architecture: Architecture | None = None
    budget: int | None = None
    share: tuple[str, ...] | None = None
    build: BuildCommand | None = None

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """The layer to publish, by its name, as in ``Layer``."""
        return {self.name: ()}


PublishedLayer = Layer | FolderLayer  # of the configuration


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A function packaged as a container image.

    ``follow_upstream``, ``secrets`` and ``target`` as in ``Base``. ``overrides`` are the configured
    members of the API's ``ImageConfig``; an empty one removes an override.
    """

    dockerfile: Path
    context: Path
    repository: str
    base: str | None
    build_args: Mapping[str, str]
    compression: Compression
    follow_upstream: bool
    secrets: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrebuiltImage:
    """A function packaged as an image that exists in ECR, in this account or in another one.

    ``uri`` has a tag or a digest, and ``{region}`` as a placeholder. ``overrides`` as in
    ``ImageSource``.
    """

    uri: str
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZipSource:
    """A function packaged as a zip of its code.

    ``code`` is a directory, a zip or a jar, or several directories whose files make one zip.
    ``layers`` are the names of published layers, and ARNs of other layers as in lambda-deploy.yml:
    with ``{region}``, and without a version for the newest one. With ``keeps_layers``, a deploy
    does not change the function's layers. ``detach`` are ARNs of layers that were attached outside
    this project and must not stay. ``build`` makes the code, which may not exist before.
    ``packages`` are dependencies in the zip itself, built like a layer. ``key`` is the ARN of the
    KMS key of the zip, empty for AWS's own; ``None`` leaves it unchanged.
    """

    code: tuple[Path, ...]
    handler: str
    runtime: Runtime
    layers: tuple[str, ...]
    keeps_layers: bool = False
    detach: tuple[str, ...] = ()
    build: BuildCommand | None = None
    packages: Layer | None = None
    key: str | None = None

    @property
    def is_built(self) -> bool:
        """Whether its content is not in the working tree, and only a build shows it."""
        return self.build is not None or self.packages is not None

    @property
    def layers_by_arn(self) -> tuple[str, ...]:
        """Those of its layers that are named by an ARN."""
        return tuple(layer for layer in self.layers if is_arn(layer))
