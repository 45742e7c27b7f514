"""BuildKit by ``docker buildx``: there is no Python client, so the program is run."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from lambda_fast_deploy.adapters import buildx_builders, github_cache
from lambda_fast_deploy.adapters.aws.registry import Login
from lambda_fast_deploy.adapters.build_errors import explained
from lambda_fast_deploy.adapters.buildx_builders import BuildxBuilder
from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.adapters.files import is_there, read_text
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.errors import BuildFailed, DeployError
from lambda_fast_deploy.models import ImageBuild

# zstd under Docker's own media types is non-standard, so OCI's are requested (BuildKit README,
# "Output"). Layers in another compression are only converted with force-compression: not worth it
# for zstd, and needed for gzip.
_ZSTD = ",oci-mediatypes=true,compression=zstd,compression-level=3"
_GZIP = ",oci-mediatypes=true,compression=gzip,force-compression=true"

# BuildKit README, "Cache": an export error must not lose the built image.
_KEEP = "mode=max,ignore-error=true"
_REGISTRY = f",image-manifest=true{_ZSTD}"
# BuildKit reports trouble with GitHub's cache before the build as an error, even with
# ignore-error.
_GITHUB = re.compile(r"\bgha\b|GitHub Actions|ACTIONS_(?:CACHE|RUNTIME|RESULTS)", re.IGNORECASE)


class Buildx:
    """A builder of buildx: the named one, or else the best running one.

    ``github_trouble`` is why GitHub's cache is not used, or ``""``; ``builder_trouble`` likewise is
    why a builder could not be started.

    Args:
        docker: the engine of this machine.
        builder: the name of a builder, if the user has set one.
        note: receives a line for each pushed image.
    """

    def __init__(self, docker: Docker, builder: str, note: Callable[[str], None]) -> None:
        self._docker = docker
        self._note = note
        self._named = builder
        self.github_trouble = github_cache.trouble()
        self.builder_trouble = ""
        self._starting = threading.Lock()

    @cached_property
    def builder(self) -> BuildxBuilder | None:
        """The builder to use; ``None`` without buildx.

        Raises:
            NotReady: the named builder does not exist.
        """
        return buildx_builders.chosen(self._named, self._docker)

    def start(self, beat: Callable[[], None]) -> None:
        """Start the builder if it does not run.

        If that fails, the engine's builder is used, and ``builder_trouble`` has the cause.

        Args:
            beat: called meanwhile; an exception in it ends the start.
        """
        with self._starting:
            builder = self.builder
            if builder is None or not builder.instead_of:
                return
            try:
                buildx_builders.start(beat)
                self.builder = replace(builder, instead_of="")
            except BuildFailed as failure:
                self.builder_trouble = failure.message
                self.builder = BuildxBuilder(builder.instead_of, "docker", exports=False)

    def begin(self, beat: Callable[[], None]) -> None:
        """Start the builder while the run does other work; ``start`` waits for it."""

        def work() -> None:
            with suppress(DeployError):  # ``start`` reports it again
                self.start(beat)

        threading.Thread(target=work, daemon=True).start()

    @property
    def is_named(self) -> bool:
        """Whether the user set a builder."""
        return bool(self._named)

    def _caches(self, reference: str) -> dict[str, str]:
        """The caches of an image, the better one first, with the options to write each.

        BuildKit reads GitHub's cache only if it can write caches, too (moby:
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
        """Build an image; returns its digest in the registry, where it has no tag yet.

        The docker driver leaves it in the engine, tagged and without a digest, since it cannot push
        by digest. One platform and no attestations: Lambda refuses an image index.

        Args:
            image: the image.
            repository: the repository to push to.
            cache: reference of the registry cache.
            writes_cache: whether the registry cache is written, in addition to being read.
            logins: credentials of that registry, and of those of upstream images.
            on_line: receives each line of BuildKit's log.
            beat: called while the log is silent; an exception in it ends the build.

        Raises:
            PushFailed: the registry refused the image.
            BuildFailed: with its cause, and the last lines of the log.
        """
        try:
            return self._build(image, repository, cache, writes_cache, logins, on_line, beat)
        except BuildFailed as failure:
            if self.github_trouble or not _GITHUB.search(failure.message):
                raise
        self.github_trouble = "BuildKit does not accept the runner's variables"
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
        if exports:  # one cache only: each takes as long as pushing all layers
            writable = [
                f"--cache-to={exported},{_KEEP}{options}"
                for exported, options in self._caches(cache).items()
                if writes_cache or options != _REGISTRY
            ]
            command += writable[:1]
        command.append(str(image.context))
        secrets = [os.environ.get(where, "") for where in image.secrets.values()]
        hidden = [line for value in secrets for line in value.splitlines() if line.strip()]
        with _logged_in(logins) as environment, _pinned_dockerfile(image) as dockerfile:
            detail = Path(environment["DOCKER_CONFIG"], "metadata.json")
            files = (f"--metadata-file={detail}", f"--file={dockerfile}")
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
            digest = str(json.loads(detail.read_text(encoding="utf-8"))["containerimage.digest"])
        self._note(f"push image {repository}@{digest}")
        return digest


def _sorted(pairs: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(pairs.items())


def _compression(image: ImageBuild, *, exports: bool) -> str:
    """Options of the exporter; Docker's old image store has none."""
    if not exports or image.compression == "auto":
        return ",oci-mediatypes=true"
    return _ZSTD if image.compression == "zstd" else _GZIP


@contextmanager
def _pinned_dockerfile(image: ImageBuild) -> Iterator[Path]:
    """The pinned Dockerfile in a separate folder, with its ignore file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, image.dockerfile.name)
        path.write_text(image.text, encoding="utf-8")
        ignore_file = Path(f"{image.dockerfile}.dockerignore")
        if is_there(ignore_file):
            Path(f"{path}.dockerignore").write_text(read_text(ignore_file), encoding="utf-8")
        yield path


@contextmanager
def _logged_in(logins: Iterable[Login]) -> Iterator[dict[str, str]]:
    """An environment with docker logged in, without changes to the user's own login files."""
    user_folder = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker"))
    try:
        config = json.loads((user_folder / "config.json").read_text(encoding="utf-8"))
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
        file.touch(mode=0o600)  # stays private even if the run is killed
        file.write_text(json.dumps(config), encoding="utf-8")
        for shared in ("cli-plugins", "contexts"):
            if (user_folder / shared).exists():
                (private / shared).symlink_to((user_folder / shared).resolve())
        yield {
            **os.environ,
            "DOCKER_CONFIG": folder,
            "BUILDX_CONFIG": os.environ.get("BUILDX_CONFIG", str(user_folder / "buildx")),
        }
