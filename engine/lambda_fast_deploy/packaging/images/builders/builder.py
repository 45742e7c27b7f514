"""The interface of every image builder, and its input."""

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

    ``check`` is called before the image is tagged, and raises if its files changed during the
    build. With ``cache_expected``, a build cache without matches is worth a note.
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

    ``name`` is for people. ``remedy`` is what to do if no builder can build an image.
    """

    name: str
    remedy: str

    def __init__(self, clients: Clients) -> None: ...

    def why_not(self, source: Base | ImageSource) -> str:
        """Why another builder should build an image, or ``""`` if this one can.

        Raises:
            NotReady: the builder that the user named does not exist, or Docker is not available.
        """

    def ready(self, sources: Collection[Base | ImageSource], note: Callable[[str], None]) -> str:
        """Check that the builder is available for these sources, and note what makes builds slower.

        Returns:
            The builder, for people.

        Raises:
            NotReady: the builder does not answer.
        """

    def begin(self, beat: Callable[[], None]) -> None:
        """Begin in the background what takes time before a build.

        Args:
            beat: called meanwhile; an exception in it ends the work.
        """

    def build(self, job: BuildJob) -> str:
        """Build an image and push it under all its references; returns how, for people.

        Raises:
            BuildFailed: with its cause.
        """
