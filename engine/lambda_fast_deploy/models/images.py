"""The images of a configuration or a template, and the build of one."""

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
    """The image of a function; ``name`` is its name, or its logical id in a template."""

    name: str
    source: ImageSource
    architecture: Architecture

    @property
    def step(self) -> str:
        """The id of the step that reuses or builds it."""
        return f"image:{self.name}"


@dataclass(frozen=True, slots=True)
class DesiredImages:
    """Base images by their names, and images of functions, which may use them.

    ``region`` is the region for the login to registries, and ``event`` is the event of the run.
    """

    bases: Mapping[str, Base]
    images: tuple[ImageRequest, ...]
    region: str
    event: Event

    @classmethod
    def of(cls, settings: Settings) -> DesiredImages:
        """The images of a configuration."""
        images = tuple(
            ImageRequest(each.name, each.source, each.architecture)
            for each in settings.functions
            if isinstance(each.source, ImageSource)
        )
        return cls(settings.bases, images, next(iter(settings.regions), ""), settings.event)

    @property
    def sources(self) -> Mapping[str, Base | ImageSource]:
        """The source of each image, by the id of its step."""
        bases = {f"base:{name}": base for name, base in self.bases.items()}
        return {**bases, **{each.step: each.source for each in self.images}}

    def sources_of(self, steps: Container[str]) -> list[Base | ImageSource]:
        """The sources of the images of some steps."""
        return [source for step, source in self.sources.items() if step in steps]


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to build. ``what`` is its name for people; ``references`` are its names with tags.

    ``text`` is its Dockerfile, with known digests in place of tags; with ``pulls``, some digests
    are unknown and the builder must pull. ``kinds`` is the kind of each path of its context that it
    can copy, in order. ``upstreams`` are the images in its FROM and COPY --from. With ``auto``
    compression, the builder chooses. ``secrets`` are names of environment variables by their id.
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
