"""The repositories of one region: tags are made free, and what was pushed is examined and kept."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

from lambda_fast_deploy.adapters.aws.registry import Manifest, Registry, Repository
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture, Base, ImageRequest
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY, SAFE, warning
from lambda_fast_deploy.packaging.images.manifest_check import child, examine
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import app_tag, kept_tag


class ImageRepositories:
    """The repositories that images are pushed to; each is made sure of once."""

    def __init__(self, registry: Registry, run_log: RunLog) -> None:
        self._registry = registry
        self._run_log = run_log
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Repository:
        """The repository of a name, which is created where it is missing."""
        with self._lock:
            if name not in self._repositories:
                self._repositories[name] = self._registry.repository(name, POLICY)
            return self._repositories[name]

    def human_tag(self, repository: Repository, base: Base) -> tuple[str, ...]:
        """The base's own tag, unless the repository holds it fast on another image."""
        if repository.lets_move(base.tag) or not self._registry.digest(repository.name, base.tag):
            return (base.tag,)
        self._run_log.note(
            f"Repository {repository.name} is immutable, so its tag {base.tag} stays on an older "
            "base; functions get the new one by its digest."
        )
        return ()

    def free(self, repository: Repository, tags: Iterable[str], exempt: Collection[str]) -> None:
        """Take tags of ours off the images that have them, where tags cannot move by themselves.

        Exempt are those that another run must have given since they were looked for: what
        has them has the same content.
        """
        for tag in tags:
            if tag not in exempt and not repository.lets_move(tag):
                self._registry.untag(repository.name, tag)

    def pushed(self, repository: str, tag: str) -> str:
        """The digest behind a tag that was pushed.

        Raises:
            BuildFailed: there is none.
        """
        if digest := self._registry.digest(repository, tag):
            return digest
        raise BuildFailed(f"{repository}:{tag} was pushed, but ECR does not show it")

    def examined(
        self, repository: str, tag: str, what: str, architecture: Architecture
    ) -> tuple[str, Manifest, int]:
        """The digest of what was pushed, its manifest and its bytes.

        Raises:
            BuildFailed: Lambda is known to refuse it.
        """
        digest = self.pushed(repository, tag)
        manifest = self._registry.manifest(repository, digest)
        if "manifests" in manifest.content:
            digest = child(manifest.content, architecture)
            manifest = self._registry.manifest(repository, digest)
        configuration = self._registry.configuration(repository, manifest.content)
        return digest, manifest, examine(what, manifest.content, configuration, architecture)

    def keep(
        self, request: ImageRequest, fingerprint: str, manifest: Manifest, digest: str
    ) -> None:
        """Give an image a tag that stays, and warn of rules that could expire it all the same."""
        repository = request.source.repository
        self._registry.tag(repository, manifest, kept_tag(digest))
        policy = self._registry.policy(repository)
        tags = (app_tag(fingerprint), kept_tag(digest))
        if says := warning(repository, request.name, policy, tags):
            self._run_log.note(f"{says} {SAFE}")
