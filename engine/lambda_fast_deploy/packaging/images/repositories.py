"""The repositories of one region: frees tags, examines pushed images, and keeps their tags."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy.adapters.aws.registry import Manifest, Registry, Repository
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture, Base, ImageRequest
from lambda_fast_deploy.packaging.images.app_tags import AppTags
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY, SAFE, warning
from lambda_fast_deploy.planning.manifest_check import child, examine
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import ImageTag, kept_tag


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image in the registry; ``configuration`` is empty if ECR did not return it."""

    digest: str
    manifest: Manifest
    configuration: Mapping[str, Any]
    size: int


class ImageRepositories:
    """The repositories that images are pushed to; each is checked once."""

    def __init__(self, registry: Registry, run_log: RunLog) -> None:
        self._registry = registry
        self._run_log = run_log
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Repository:
        """The repository of a name; it is created if it does not exist."""
        with self._lock:
            if name not in self._repositories:
                self._repositories[name] = self._registry.repository(name, POLICY)
            return self._repositories[name]

    def human_tag(self, repository: Repository, base: Base) -> tuple[str, ...]:
        """The base's readable tag, unless it is immutable and on another image."""
        tag = ImageTag.HUMAN.named(tag=base.tag)
        if repository.lets_move(tag) or not self._registry.digest(repository.name, tag):
            return (tag,)
        self._run_log.note(
            f"Repository {repository.name} is immutable, so its tag {tag} stays on an older "
            "base image. Functions use the new one by its digest."
        )
        return ()

    def free(self, repository: Repository, tags: Iterable[str], exempt: Collection[str]) -> None:
        """Remove tags of this project from their images, where the tags are immutable.

        Exempt are tags that did not exist at the look-up: another run has pushed them since, on an
        image of the same content.
        """
        for tag in tags:
            if tag not in exempt and not repository.lets_move(tag):
                self._registry.untag(repository.name, tag)

    def pushed(self, repository: str, tag: str) -> str:
        """The digest of a pushed tag.

        Raises:
            BuildFailed: the registry does not have the tag.
        """
        if digest := self._registry.digest(repository, tag):
            return digest
        raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not have it")

    def examined(
        self, repository: str, tag: str, what: str, architecture: Architecture
    ) -> PushedImage:
        """A pushed image.

        Raises:
            BuildFailed: Lambda would refuse the image.
        """
        digest = self.pushed(repository, tag)
        manifest = self._registry.manifest(repository, digest)
        if "manifests" in manifest.content:
            digest = child(manifest.content, architecture)
            manifest = self._registry.manifest(repository, digest)
        configuration = self._registry.configuration(repository, manifest.content)
        size = examine(what, manifest.content, configuration, architecture)
        return PushedImage(digest, manifest, configuration or {}, size)

    def keep(self, repository: str, image: PushedImage) -> None:
        """Add a permanent tag to an image."""
        self._registry.tag(repository, image.manifest, kept_tag(image.digest))

    def warn(self, request: ImageRequest, tags: AppTags, digest: str) -> None:
        """Warn about lifecycle rules that could still expire an image with these tags."""
        repository = request.source.repository
        tags_of_image = (*tags.of_content, *tags.of_stem, kept_tag(digest))
        if says := warning(
            repository, request.name, self._registry.policy(repository), tags_of_image
        ):
            self._run_log.note(f"{says} {SAFE}")
