"""The sources of functions' packages: base images, images, layers and zips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambda_fast_deploy.models.enums import Architecture, Bytecode, Compression, Profile
from lambda_fast_deploy.models.runtime import NODEJS, Runtime


@dataclass(frozen=True, slots=True)
class Base:
    """A base image, which functions share and which is rarely rebuilt.

    ``follow_upstream`` rebuilds it if an image in its FROM or COPY --from was updated. ``secrets``
    are names of environment variables by the id that the Dockerfile mounts.
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
    project to install.
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
class ImageSource:
    """A function packaged as a container image; ``follow_upstream``, ``secrets`` as in ``Base``."""

    dockerfile: Path
    context: Path
    repository: str
    base: str | None
    build_args: Mapping[str, str]
    compression: Compression
    follow_upstream: bool
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZipSource:
    """A function packaged as a zip of its code; ``layers`` are the names of published layers.

    With ``keeps_layers``, a deploy does not change the function's layers. ``key`` is the ARN of the
    KMS key of the zip, empty for AWS's own; ``None`` leaves it unchanged.
    """

    code: Path
    handler: str
    runtime: Runtime
    layers: tuple[str, ...]
    keeps_layers: bool = False
    key: str | None = None
