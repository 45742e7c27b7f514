"""BuildKit, by way of ``docker buildx``: it has no Python client, so the program is driven."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from engine.adapters.aws.registry import Login
from engine.adapters.docker import Docker
from engine.adapters.process import output_of, run
from engine.errors import NotReady
from engine.model import ImageBuild

# zstd under Docker's own media types is non-standard, so OCI's are asked for (BuildKit README,
# "Output"). Layers that are there in another compression are only converted when forced to be:
# not worth it for zstd, and needed for gzip.
_ZSTD = ",oci-mediatypes=true,compression=zstd,compression-level=3"
_GZIP = ",oci-mediatypes=true,compression=gzip,force-compression=true"


class Buildx:
    """A builder of buildx, by name, or the current one."""

    def __init__(self, docker: Docker, builder: str = "") -> None:
        self._docker = docker
        self._name = builder
        self._builder = [f"--builder={builder}"] if builder else []

    @cached_property
    def exports_cache(self) -> bool:
        """Whether the builder can write a registry cache.

        The docker driver can only with the containerd image store (Docker documentation,
        "Cache storage backends").

        Raises:
            NotReady: there is no buildx.
        """
        inspected = output_of(["docker", "buildx", "inspect", *self._name.split()], Path.cwd())
        drivers = {
            line.partition(":")[2].strip()
            for line in inspected.splitlines()
            if line.startswith("Driver:")
        }
        if not drivers and self._name:
            raise NotReady(
                f"there is no buildx builder {self._name!r}",
                remedy="See docker buildx ls; make one with docker buildx create.",
            )
        if not drivers:
            raise NotReady(
                "docker buildx is not available",
                remedy="Install the buildx plugin, or add docker/setup-buildx-action.",
            )
        return drivers != {"docker"} or self._docker.has_containerd_store

    def _compression(self, image: ImageBuild) -> str:
        """Options of the exporter; an old image store of Docker's knows none of them."""
        if not self.exports_cache or image.compression == "auto":
            return ",oci-mediatypes=true"
        return _ZSTD if image.compression == "zstd" else _GZIP

    def build(
        self, image: ImageBuild, *, cache: str, login: Login, on_line: Callable[[str], None]
    ) -> None:
        """Build an image and push it under all its references.

        One platform and no attestations: Lambda refuses an image index.

        Args:
            image: what to build.
            cache: reference of the registry cache.
            login: credentials of the registry.
            on_line: takes each line of BuildKit's log.

        Raises:
            BuildFailed: with the last lines of the log.
        """
        command = [
            *("docker", "buildx", "build", *self._builder, "--progress=plain"),
            *("--provenance=false", "--sbom=false", f"--platform={image.platform}"),
            f"--file={image.dockerfile}",
            f"--output=type=image,push=true{self._compression(image)}",
        ]
        command += [f"--tag={reference}" for reference in image.references]
        arguments = sorted(image.build_args.items())
        command += [f"--build-arg={name}={value}" for name, value in arguments]
        if image.no_cache:
            command.append("--no-cache")
        else:
            command.append(f"--cache-from=type=registry,ref={cache}")
        if self.exports_cache:
            command.append(
                f"--cache-to=type=registry,ref={cache},mode=max,image-manifest=true,"
                f"ignore-error=true{_ZSTD}"
            )
        command.append(str(image.context))
        with _logged_in(login) as environment:
            run(command, what=image.what, environment=environment, on_line=on_line)


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
