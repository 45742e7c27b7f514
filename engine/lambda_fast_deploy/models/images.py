"""The images that a configuration or a template wants to be built, and a build of one."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambda_fast_deploy.models.desired import Settings
from lambda_fast_deploy.models.enums import Architecture, Compression
from lambda_fast_deploy.models.event import Event
from lambda_fast_deploy.models.sources import Base, ImageSource


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The image of a function: of a configuration by its name, of a template by its logical id."""

    name: str
    source: ImageSource
    architecture: Architecture

    @property
    def step(self) -> str:
        """The id of the step that finds or builds it."""
        return f"image:{self.name}"


@dataclass(frozen=True, slots=True)
class DesiredImages:
    """Base images by their names, and images of functions, which may stand on those.

    ``region`` is the one whose credentials registries are asked with, and ``event`` what started
    the run.
    """

    bases: Mapping[str, Base]
    images: tuple[ImageRequest, ...]
    region: str
    event: Event

    @classmethod
    def of(cls, settings: Settings) -> DesiredImages:
        """Those of a configuration."""
        images = tuple(
            ImageRequest(each.name, each.source, each.architecture)
            for each in settings.functions
            if isinstance(each.source, ImageSource)
        )
        return cls(settings.bases, images, next(iter(settings.regions), ""), settings.event)

    @property
    def sources(self) -> Mapping[str, Base | ImageSource]:
        """What each is built from, by the step that builds it."""
        bases = {f"base:{name}": base for name, base in self.bases.items()}
        return {**bases, **{each.step: each.source for each in self.images}}

    def sources_of(self, steps: Container[str]) -> list[Base | ImageSource]:
        """What those of some steps are built from."""
        return [source for step, source in self.sources.items() if step in steps]


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to build. ``what`` names it for people; ``references`` are its names with tags.

    ``text`` is its Dockerfile, with digests in place of tags where they are known; with ``pulls``
    some are not, and no copy on the machine will do. ``kinds`` is what each path of its context is
    that it can copy, in order. ``upstreams`` are the images that it starts from, or copies from.
    With ``auto`` compression the builder does as it likes. ``secrets`` are names of environment
    variables by their id.
    """

    what: str
    references: tuple[str, ...]
    context: Path
    dockerfile: Path
    build_args: Mapping[str, str]
    platform: str
    text: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    upstreams: tuple[str, ...] = ()
    pulls: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    compression: Compression = "auto"
