"""The Docker engine of this machine, by its SDK: builds with the classic builder, and pushes."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import process
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.build_errors import explained
from lambda_fast_deploy.adapters.context_archive import archived
from lambda_fast_deploy.adapters.heartbeat import beating
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import ImageBuild

_TELL_EVERY = 5.0  # seconds
_START = "Start Docker, or set DOCKER_HOST; GitHub's Linux runners have it."


class Docker:
    """The Docker engine of this machine, connected on first use.

    Args:
        note: receives a line for each pushed image.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._client: Any = None
        self._lock = threading.Lock()

    def ready(self) -> None:
        """Check that an engine answers.

        Raises:
            NotReady: no engine answers at DOCKER_HOST or the default socket.
        """
        self._engine()

    @property
    def answers(self) -> bool:
        """Whether an engine answers."""
        try:
            self._engine()
        except NotReady:
            return False
        return True

    def _engine(self) -> Any:
        import docker  # costs 0.1 s, and an unchanged deploy never needs it

        if not process.allows("docker"):
            raise NotReady("the Docker engine is not used: this run starts no programs except git")
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

    @property
    def storage(self) -> Path | None:
        """The folder where the engine keeps images; ``None`` if it is on another machine.

        Raises:
            NotReady: no engine answers.
        """
        folder = Path(str(self._engine().info().get("DockerRootDir", "")))
        is_here = os.environ.get("DOCKER_HOST", "unix:").startswith("unix:") and folder.is_dir()
        return folder if is_here else None

    # ------------------------------------------------------------ the SDK

    def log_in(self, login: Login) -> None:
        """Use a registry's credentials from now on, in this process only.

        Raises:
            NotReady: the registry refuses them, or does not answer.
        """
        import docker

        try:
            self._log_in(login)
        except docker.errors.APIError as error:
            raise NotReady(f"{login.host} refused its own credentials: {error}") from None

    def _log_in(self, login: Login) -> None:
        self._engine().login(login.user, login.password, registry=login.host, reauth=True)

    def triggers(self, reference: str) -> tuple[str, ...] | None:
        """The ONBUILD of the engine's copy of an image; ``None`` without a copy or an engine."""
        import docker

        try:
            image = self._engine().images.get(reference)
        except (NotReady, docker.errors.APIError):
            return None
        return tuple(map(str, image.attrs.get("Config", {}).get("OnBuild") or ()))

    def build(
        self, image: ImageBuild, on_line: Callable[[str], None], beat: Callable[[], None]
    ) -> None:
        """Build an image with the engine's own builder, under all its references.

        The engine gets the Dockerfile, and the files of the context that this can copy.

        Args:
            image: the image.
            on_line: receives each line of the log.
            beat: called while the log is silent; an exception in it ends the build.

        Raises:
            BuildFailed: with its cause, and the last lines of the build's log.
        """
        import docker

        engine = self._engine()
        tail: deque[str] = deque(maxlen=25)
        try:
            with archived(image) as (context, dockerfile):
                stream = engine.api.build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile=dockerfile,
                    tag=image.references[0],
                    buildargs=dict(image.build_args),
                    platform=image.platform,
                    nocache=image.no_cache,
                    pull=image.pulls,
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                for event in beating(stream, beat):
                    output = str(event.get("stream", "")).splitlines()
                    output += [
                        f"ERROR: {line}" for line in str(event.get("error", "")).splitlines()
                    ]
                    for line in filter(None, map(str.rstrip, output)):
                        tail.append(line)
                        on_line(line)
                    if "error" in event:
                        raise explained(image.what, tail)
            for reference in image.references[1:]:
                engine.api.tag(image.references[0], *_split(reference))
        except docker.errors.DockerException as error:
            says = getattr(error, "explanation", None) or error
            raise explained(image.what, [*tail, f"ERROR: {says}"]) from None

    def push(
        self,
        image: ImageBuild,
        login: Login,
        on_line: Callable[[str], None],
        on_bytes: Callable[[int, int], None],
        beat: Callable[[], None],
    ) -> None:
        """Push a built image, under each of its references in turn.

        Args:
            image: the image.
            login: credentials of the registry.
            on_line: receives the progress every few seconds.
            on_bytes: receives with each event the bytes sent, and the total.
            beat: called while the engine is silent; an exception in it ends the push.

        Raises:
            PushFailed: the registry refused the image.
        """
        import docker

        try:
            self._log_in(login)
            for reference in image.references:
                repository, tag = _split(reference)
                progress = _PushProgress(on_line, on_bytes)
                events = self._engine().api.push(repository, tag=tag, stream=True, decode=True)
                for event in beating(events, beat):
                    if "error" in event:
                        says = f"ERROR: failed to push {reference}: {event['error']}"
                        raise explained(image.what, [says])
                    progress.take(event)
                self._note(f"push image {reference}")
        except docker.errors.DockerException as error:
            raise explained(image.what, [f"ERROR: failed to push: {error}"]) from None

    @property
    def has_containerd_store(self) -> bool:
        """Whether containerd stores the images, as a registry cache and zstd layers need."""
        status = dict(self._engine().info().get("DriverStatus") or [])
        return "containerd.snapshotter" in status.get("driver-type", "")


def _split(reference: str) -> tuple[str, str]:
    """Repository and tag of a reference; a port also has a colon."""
    repository, _, tag = reference.rpartition(":")
    return repository, tag


class _PushProgress:
    """Sums up the engine's progress of each layer's upload."""

    def __init__(self, tell: Callable[[str], None], count: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._count = count
        self._layers: dict[str, tuple[int, int]] = {}
        self._told = time.monotonic()

    def take(self, event: Mapping[str, Any]) -> None:
        """Process an event of the push."""
        detail = event.get("progressDetail") or {}
        if "current" in detail:
            self._layers[event.get("id", "")] = (detail["current"], detail.get("total") or 0)
        if not self._layers:
            return
        sent = sum(current for current, _ in self._layers.values())
        total = sum(total for _, total in self._layers.values())
        self._count(sent, total)
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            self._tell(units.pushed(sent, total))
