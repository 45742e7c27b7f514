"""What builds an image: the interface of every builder, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from lambda_fast_deploy.adapters.aws.registry import Repository
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import Base, ImageBuild, ImageSource, Step
from lambda_fast_deploy.packaging.images.registry_session import RegistrySession
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class BuildJob:
    """An image to build for a step, and to push to a repository.

    ``check`` is called before the image gets its names, and raises if its files changed meanwhile.
    With ``cache_expected`` it is worth a note if a cache has nothing for it.
    """

    image: ImageBuild
    source: Base | ImageSource
    step: Step
    repository: Repository
    registry: RegistrySession
    check: Callable[[], None]
    run_log: RunLog
    cache_expected: bool = False


class ImageBuilder(Protocol):
    """Builds images and pushes them.

    ``name`` is for people, and ``remedy`` what to do where none can build an image.
    """

    name: str
    remedy: str

    def __init__(self, clients: Clients) -> None: ...

    def why_not(self, source: Base | ImageSource) -> str:
        """Why another builder should build an image, or nothing if this one can, and well.

        Raises:
            NotReady: the builder that the user named does not exist, or Docker is not there.
        """

    def ready(self, sources: Collection[Base | ImageSource], note: Callable[[str], None]) -> str:
        """Make sure that it answers before it builds these, and note what makes it slower.

        Returns:
            What builds, for people.

        Raises:
            NotReady: it does not answer.
        """

    def build(self, job: BuildJob) -> str:
        """Build and push an image, under all its references; how, for people.

        Raises:
            BuildFailed: with its cause.
        """
