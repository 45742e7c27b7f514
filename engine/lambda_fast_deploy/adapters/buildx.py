"""BuildKit, by way of ``docker buildx``: it has no Python client, so the program is driven."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lambda_fast_deploy.adapters import github_cache
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.build_errors import explained
from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.adapters.files import is_there, read_text
from lambda_fast_deploy.adapters.process import output_of, run
from lambda_fast_deploy.errors import BuildFailed, NotReady
from lambda_fast_deploy.models import ImageBuild

# zstd under Docker's own media types is non-standard, so OCI's are asked for (BuildKit README,
# "Output"). Layers that are there in another compression are only converted when forced to be:
# not worth it for zstd, and needed for gzip.
_ZSTD = ",oci-mediatypes=true,compression=zstd,compression-level=3"
_GZIP = ",oci-mediatypes=true,compression=gzip,force-compression=true"

# BuildKit README, "Cache": what cannot be written must not lose the image that was built.
_KEEP = "mode=max,ignore-error=true"
_REGISTRY = f",image-manifest=true{_ZSTD}"
# What is wrong with GitHub's cache before anything is built is an error to BuildKit, though
# ignore-error is set.
_GITHUB = re.compile(r"\bgha\b|GitHub Actions|ACTIONS_(?:CACHE|RUNTIME|RESULTS)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BuildxBuilder:
    """A builder of buildx: ``driver`` is docker, docker-container, kubernetes or remote.

    ``exports`` tells whether it can write caches and choose the compression of layers; the docker
    driver can only with the containerd image store (Docker documentation, "Cache storage
    backends").
    """

    name: str
    driver: str
    exports: bool

    def __str__(self) -> str:
        return f"builder {self.name} ({self.driver})"


class Buildx:
    """A builder of buildx: the one that is named, or else the best of those that run.

    ``github_trouble`` is why GitHub's cache is not used, or nothing.

    Args:
        docker: the engine of this machine.
        builder: the name of one, if the user has named it.
        note: told of each image that was pushed.
    """

    def __init__(self, docker: Docker, builder: str, note: Callable[[str], None]) -> None:
        self._docker = docker
        self._note = note
        self._named = builder
        self.github_trouble = github_cache.trouble()

    @cached_property
    def builder(self) -> BuildxBuilder | None:
        """The builder to use, or ``None`` where there is no buildx.

        Without a name it is the current one, unless that has the docker driver and one of
        BuildKit's own runs, which does not unpack what it builds.

        Raises:
            NotReady: the named builder does not exist.
        """
        inspected = output_of(["docker", "buildx", "inspect", *self._named.split()], Path.cwd())
        head = (inspected or "").partition("Nodes:")[0]
        found = dict(re.findall(r"^(Name|Driver):\s+(\S+)", head, re.MULTILINE))
        if "Driver" not in found:
            by_variable = os.environ.get("BUILDX_BUILDER", "")
            wanted = self._named or by_variable
            if not wanted or not (
                self._named or output_of(["docker", "buildx", "version"], Path.cwd())
            ):
                return None
            by = "" if self._named else " (BUILDX_BUILDER)"
            raise NotReady(
                f"there is no buildx builder {wanted!r}{by}",
                remedy="See docker buildx ls; make one with docker buildx create.",
            )
        name, driver = found["Name"], found["Driver"]
        if driver == "docker" and not self._named:
            name, driver = _own_builder() or (name, driver)
        return BuildxBuilder(name, driver, driver != "docker" or self._docker.has_containerd_store)

    @property
    def is_named(self) -> bool:
        """Whether the user named the builder."""
        return bool(self._named)

    def _caches(self, reference: str) -> dict[str, str]:
        """The caches of an image, the better one first, with the options to write each.

        BuildKit reads GitHub's only where it can write caches, too (moby:
        ``builder-next/controller.go``).
        """
        caches = {f"type=registry,ref={reference}": _REGISTRY}
        if not self.github_trouble and self.builder and self.builder.exports:
            scope = re.sub("[^a-z0-9]+", "-", reference.partition("/")[2])
            caches[f"type=gha,scope={scope}"] = ""
        return caches

    def build(
        self,
        image: ImageBuild,
        *,
        repository: str,
        cache: str,
        writes_cache: bool,
        logins: Iterable[Login],
        on_line: Callable[[str], None],
        beat: Callable[[], None],
    ) -> str:
        """Build an image; its digest in the registry, where it has no name yet.

        The docker driver leaves it in the engine, under all its references and without a digest: it
        pushes nothing by digest. One platform and no attestations: Lambda refuses an image index.

        Args:
            image: what to build.
            repository: where to push it.
            cache: reference of the registry cache.
            writes_cache: whether that may be written, besides being read.
            logins: credentials of that registry, and of those that are pulled from.
            on_line: takes each line of BuildKit's log.
            beat: called while that is silent; what it raises ends the build.

        Raises:
            PushFailed: the registry did not take the image.
            BuildFailed: with its cause, and the last lines of the log.
        """
        try:
            return self._build(image, repository, cache, writes_cache, logins, on_line, beat)
        except BuildFailed as failure:
            if self.github_trouble or not _GITHUB.search(failure.message):
                raise
        self.github_trouble = "BuildKit does not take what the runner hands over"
        return self._build(image, repository, cache, writes_cache, logins, on_line, beat)

    def _build(
        self,
        image: ImageBuild,
        repository: str,
        cache: str,
        writes_cache: bool,
        logins: Iterable[Login],
        on_line: Callable[[str], None],
        beat: Callable[[], None],
    ) -> str:
        builder = self.builder
        assert builder is not None
        exports, is_engine = builder.exports, builder.driver == "docker"
        push = "" if is_engine else ",push=true,push-by-digest=true,name-canonical=true"
        names = image.references if is_engine else (repository,)
        command = [
            *("docker", "buildx", "build", f"--builder={builder.name}", "--progress=plain"),
            *("--provenance=false", "--sbom=false", f"--platform={image.platform}"),
            f"--output=type=image{push}{_compression(image, exports=exports)}",
            *(f"--tag={name}" for name in names),
        ]
        command += [f"--build-arg={name}={value}" for name, value in _sorted(image.build_args)]
        command += [f"--secret=id={name},env={where}" for name, where in _sorted(image.secrets)]
        if image.pulls:
            command.append("--pull")
        if image.no_cache:
            command.append("--no-cache")
        else:
            command += [f"--cache-from={source}" for source in self._caches(cache)]
        if exports:  # one of them: each takes as long as the push of all layers
            writable = [
                f"--cache-to={kept},{_KEEP}{options}"
                for kept, options in self._caches(cache).items()
                if writes_cache or options != _REGISTRY
            ]
            command += writable[:1]
        command.append(str(image.context))
        secrets = [os.environ.get(where, "") for where in image.secrets.values()]
        hidden = [line for value in secrets for line in value.splitlines() if line.strip()]
        with _logged_in(logins) as environment, _written(image) as dockerfile:
            told = Path(environment["DOCKER_CONFIG"], "metadata.json")
            files = (f"--metadata-file={told}", f"--file={dockerfile}")
            try:
                run(
                    [*command[:3], *files, *command[3:]],
                    what=image.what,
                    environment=environment,
                    on_line=on_line,
                    hidden=hidden,
                    beat=beat,
                )
            except BuildFailed as failure:
                raise explained(image.what, failure.detail.splitlines()) from None
            if is_engine:
                return ""
            digest = str(json.loads(told.read_text(encoding="utf-8"))["containerimage.digest"])
        self._note(f"push image {repository}@{digest}")
        return digest


def _sorted(pairs: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(pairs.items())


def _compression(image: ImageBuild, *, exports: bool) -> str:
    """Options of the exporter; an old image store of Docker's knows none of them."""
    if not exports or image.compression == "auto":
        return ",oci-mediatypes=true"
    return _ZSTD if image.compression == "zstd" else _GZIP


def _own_builder() -> tuple[str, str] | None:
    """Name and driver of a running builder of BuildKit's own."""
    listed = output_of(["docker", "buildx", "ls", "--format={{json .}}"], Path.cwd())
    for line in (listed or "").splitlines():
        builder = json.loads(line)
        statuses = {node.get("Status") for node in builder.get("Nodes") or []}
        if builder.get("Driver") != "docker" and statuses == {"running"}:
            return builder["Name"], builder["Driver"]
    return None


@contextmanager
def _written(image: ImageBuild) -> Iterator[Path]:
    """The Dockerfile as it is to be built, in a folder of its own, with its own ignore file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, image.dockerfile.name)
        path.write_text(image.text, encoding="utf-8")
        own = Path(f"{image.dockerfile}.dockerignore")
        if is_there(own):
            Path(f"{path}.dockerignore").write_text(read_text(own), encoding="utf-8")
        yield path


@contextmanager
def _logged_in(logins: Iterable[Login]) -> Iterator[dict[str, str]]:
    """An environment in which docker is logged in, leaving the user's own login files alone."""
    own = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker"))
    try:
        config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    for login in logins:
        auth = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        config["auths"] = {**config.get("auths", {}), login.host: {"auth": auth}}
        config.get("credHelpers", {}).pop(login.host, None)
    config.pop("credsStore", None)
    with tempfile.TemporaryDirectory() as folder:
        private = Path(folder)
        file = private / "config.json"
        file.touch(mode=0o600)  # it outlives a run that is killed
        file.write_text(json.dumps(config), encoding="utf-8")
        for shared in ("cli-plugins", "contexts"):
            if (own / shared).exists():
                (private / shared).symlink_to((own / shared).resolve())
        yield {
            **os.environ,
            "DOCKER_CONFIG": folder,
            "BUILDX_CONFIG": os.environ.get("BUILDX_CONFIG", str(own / "buildx")),
        }
