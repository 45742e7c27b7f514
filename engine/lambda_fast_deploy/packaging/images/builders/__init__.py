"""The image builders. To add one, add a file here and its class to this list."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Base, ImageSource
from lambda_fast_deploy.packaging.images.builders.builder import ImageBuilder
from lambda_fast_deploy.packaging.images.builders.buildkit import BuildKitBuilder
from lambda_fast_deploy.packaging.images.builders.docker_engine import DockerEngineBuilder

# In order of preference: the first that has no reason against an image builds it.
BUILDERS: tuple[type[ImageBuilder], ...] = (DockerEngineBuilder, BuildKitBuilder)


def builder_of(source: Base | ImageSource, clients: Clients) -> tuple[ImageBuilder, str]:
    """The builder of an image, and why no preferred builder can build it.

    Raises:
        NotReady: no builder of this machine can build it.
    """
    reasons: list[str] = []
    for kind in BUILDERS:
        builder = kind(clients)
        reason = builder.why_not(source)
        if not reason:
            return builder, ", and ".join(reasons)
        reasons.append(reason)
    raise NotReady(", and ".join(reversed(reasons)), remedy=builder.remedy)


def check_builders(
    sources: Iterable[Base | ImageSource], clients: Clients, note: Callable[[str], None]
) -> dict[str, ImageBuilder]:
    """Check that the builders of these images are available, and note what makes builds slower.

    Returns:
        The builders, by how people call them.

    Raises:
        NotReady: a builder is not available.
    """
    builders: dict[str, ImageBuilder] = {}
    built: dict[str, list[Base | ImageSource]] = {}
    for source in sources:
        builder, _ = builder_of(source, clients)
        builders.setdefault(builder.name, builder)
        built.setdefault(builder.name, []).append(source)
    return {builder.ready(built[name], note): builder for name, builder in builders.items()}
