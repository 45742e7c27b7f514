"""Docker: base images through its SDK, app images through buildx.

BuildKit has no Python client, so ``docker buildx`` is driven as a program; the SDK does the rest.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.registry import Login
from engine.adapters.process import output_of, run
from engine.errors import BuildFailed, NotReady

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
                    reason = str(error).splitlines()[0]
                    raise NotReady(f"Docker does not answer: {reason}", remedy=_START) from None
                self._client = client
            return self._client

    # ------------------------------------------------------------ the SDK

    def build(
        self,
        *,
        what: str,
        context: Path,
        dockerfile: Path,
        tag: str,
        build_args: Mapping[str, str],
        platform: str,
        on_line: Callable[[str], None],
    ) -> None:
        """Build an image with the engine's own builder and give it a tag.

        Raises:
            BuildFailed: with the last lines of the build's log.
        """
        import docker

        engine = self._engine()
        tail: list[str] = []
        try:
            stream = engine.api.build(
                path=str(context),
                dockerfile=str(dockerfile.resolve()),
                tag=tag,
                buildargs=dict(build_args),
                platform=platform,
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
                        f"{what} failed: {str(event['error']).splitlines()[0]}",
                        detail="\n".join(tail[-25:]),
                    )
        except docker.errors.DockerException as error:
            raise BuildFailed(f"{what} failed: {error}", detail="\n".join(tail[-25:])) from None

    def push(self, repository: str, tags: Sequence[str], source: str, login: Login) -> None:
        """Push an image under each tag. A broken push is tried again; blobs that arrived count.

        Raises:
            BuildFailed: the registry did not take it.
        """
        engine = self._engine()
        credentials = {"username": login.user, "password": login.password}
        for tag in tags:
            engine.api.tag(source, repository, tag)

            def attempt(tag: str = tag) -> None:
                for event in engine.api.push(
                    repository, tag=tag, stream=True, decode=True, auth_config=credentials
                ):
                    if "error" in event:
                        raise BuildFailed(f"pushing {repository}:{tag} failed: {event['error']}")

            retry.again(attempt, BuildFailed, attempts=3)

    # ------------------------------------------------------------ buildx

    @cached_property
    def exports_cache(self) -> bool:
        """Whether the current builder can write a registry cache.

        The docker driver can only with the containerd image store (Docker documentation,
        "Cache storage backends").
        """
        if "Driver:" not in (inspected := output_of(["docker", "buildx", "inspect"], Path.cwd())):
            raise NotReady(
                "docker buildx is not available",
                remedy="Install the buildx plugin, or add docker/setup-buildx-action.",
            )
        drivers = {
            line.split(":", 1)[1].strip()
            for line in inspected.splitlines()
            if line.startswith("Driver:")
        }
        if drivers != {"docker"}:
            return True
        status = dict(self._engine().info().get("DriverStatus") or [])
        return "containerd.snapshotter" in status.get("driver-type", "")

    def buildx(
        self,
        *,
        what: str,
        context: Path,
        dockerfile: Path,
        image: str,
        build_args: Mapping[str, str],
        platform: str,
        cache: str,
        no_cache: bool,
        login: Login,
        on_line: Callable[[str], None],
    ) -> str:
        """Build and push an image with BuildKit; its digest.

        One platform and no attestations: Lambda refuses an image index.
        """
        with _logged_in(login) as environment, tempfile.TemporaryDirectory() as folder:
            metadata = Path(folder) / "metadata.json"
            command = [
                *("docker", "buildx", "build", "--progress=plain"),
                *("--provenance=false", "--sbom=false", f"--platform={platform}"),
                f"--file={dockerfile}",
                f"--output=type=image,name={image},push=true,oci-mediatypes=true",
                f"--metadata-file={metadata}",
            ]
            command += [f"--build-arg={name}={build_args[name]}" for name in sorted(build_args)]
            if no_cache:
                command.append("--no-cache")
            else:
                command.append(f"--cache-from=type=registry,ref={cache}")
            if self.exports_cache:
                command.append(
                    f"--cache-to=type=registry,ref={cache},mode=max,image-manifest=true,"
                    "oci-mediatypes=true,ignore-error=true"
                )
            command.append(str(context))
            run(command, what=what, environment=environment, on_line=on_line)
            return str(json.loads(metadata.read_text())["containerimage.digest"])


@contextmanager
def _logged_in(login: Login) -> Iterator[dict[str, str]]:
    """An environment in which docker is logged in, leaving the user's own login files alone."""
    own = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker"))
    try:
        config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    auth = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    config["auths"] = {**config.get("auths", {}), login.host: {"auth": auth}}
    config.get("credHelpers", {}).pop(login.host, None)
    config.pop("credsStore", None)
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder)
        (private / "config.json").write_text(json.dumps(config), encoding="utf-8")
        for shared in ("cli-plugins", "contexts"):
            if (own / shared).exists():
                (private / shared).symlink_to((own / shared).resolve())
        yield {
            **os.environ,
            "DOCKER_CONFIG": folder,
            "BUILDX_CONFIG": os.environ.get("BUILDX_CONFIG", str(own / "buildx")),
        }
