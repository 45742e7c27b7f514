"""The Docker engine of this machine, through its SDK: builds by the classic builder, and pushes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.registry import Login
from engine.errors import BuildFailed, NotReady
from engine.model import ImageBuild

_START = "Start Docker, or set DOCKER_HOST; GitHub's Linux runners have it."


class Docker:
    """The Docker engine of this machine; connected to when first needed."""

    def __init__(self) -> None:
        self._client: Any = None
        self._lock = threading.Lock()

    def ready(self) -> None:
        """Make sure that an engine answers.

        Raises:
            NotReady: no engine answers at DOCKER_HOST or the default socket.
        """
        self._engine()

    def _engine(self) -> Any:
        import docker  # costs 0.1 s, and an unchanged deploy never needs it

        with self._lock:
            if self._client is None:
                try:
                    client = docker.from_env(timeout=600)
                    client.ping()
                except docker.errors.DockerException as error:
                    where = os.environ.get("DOCKER_HOST", "the default socket")
                    raise NotReady(f"no Docker engine answers at {where}", remedy=_START) from error
                self._client = client
            return self._client

    # ------------------------------------------------------------ the SDK

    def log_in(self, login: Login) -> None:
        """Use a registry's credentials from now on, in this process only."""
        import docker

        try:
            self._engine().login(login.user, login.password, registry=login.host, reauth=True)
        except docker.errors.APIError as error:
            raise NotReady(f"{login.host} refuses its own credentials: {error}") from None

    def digest(self, reference: str, login: Callable[[], Login]) -> str:
        """The digest that an image reference stands for, or nothing when nobody knows.

        The registry is asked through the engine, which knows its mirrors and log-ins, and then
        with ``login`` if the image is in that registry; when it does not answer, the engine's own
        copy counts, since a build would use that.
        """
        if "@" in reference:
            return reference.partition("@")[2]
        try:
            found = self._registry_digest(reference)
            host = reference.partition("/")[0]
            if not found and re.search(r"[.:]", host) and host != "public.ecr.aws":
                credentials = login()
                if credentials.host == host:
                    self.log_in(credentials)
                    found = self._registry_digest(reference)
            return found or self._own_digest(reference)
        except NotReady:
            return ""

    def _registry_digest(self, reference: str) -> str:
        import docker

        try:
            return str(self._engine().images.get_registry_data(reference).id)
        except docker.errors.APIError:
            return ""

    def _own_digest(self, reference: str) -> str:
        import docker

        try:
            image = self._engine().images.get(reference)
        except docker.errors.APIError:
            return ""
        pulled = [name.partition("@")[2] for name in image.attrs.get("RepoDigests") or []]
        return pulled[0] if pulled else str(image.id)

    def build(self, image: ImageBuild, on_line: Callable[[str], None]) -> None:
        """Build an image with the engine's own builder, under its first reference.

        Raises:
            BuildFailed: with the last lines of the build's log.
        """
        import docker

        engine = self._engine()
        tail: list[str] = []
        try:
            stream = engine.api.build(
                path=str(image.context),
                dockerfile=str(image.dockerfile.resolve()),
                tag=image.references[0],
                buildargs=dict(image.build_args),
                platform=image.platform,
                nocache=image.no_cache,
                rm=True,
                decode=True,
            )
            for event in stream:
                for line in str(event.get("stream", "")).splitlines():
                    if line.strip():
                        tail.append(line.rstrip())
                        on_line(line.rstrip())
                if "error" in event:
                    raise BuildFailed(
                        f"{image.what} failed: {str(event['error']).splitlines()[0]}",
                        detail="\n".join(tail[-25:]),
                    )
        except docker.errors.DockerException as error:
            raise BuildFailed(
                f"{image.what} failed: {error}", detail="\n".join(tail[-25:])
            ) from None

    def push(self, references: Sequence[str]) -> None:
        """Push an image, built under the first reference, under each of them in turn.

        A broken push is tried again; blobs that arrived count.

        Raises:
            BuildFailed: the registry did not take it.
        """
        engine = self._engine()
        for reference in references:
            repository, _, tag = reference.rpartition(":")
            engine.api.tag(references[0], repository, tag)

            def attempt(repository: str = repository, tag: str = tag) -> None:
                for event in engine.api.push(repository, tag=tag, stream=True, decode=True):
                    if "error" in event:
                        raise BuildFailed(f"pushing {repository}:{tag} failed: {event['error']}")

            retry.again(attempt, BuildFailed, attempts=3)

    @property
    def has_containerd_store(self) -> bool:
        """Whether images are kept by containerd, as a registry cache and zstd layers need."""
        status = dict(self._engine().info().get("DriverStatus") or [])
        return "containerd.snapshotter" in status.get("driver-type", "")
