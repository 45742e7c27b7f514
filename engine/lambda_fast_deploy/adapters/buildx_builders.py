"""The builders of buildx: which one builds, and one of the action's own if none can cache."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.adapters.process import output_of, run
from lambda_fast_deploy.errors import BuildFailed, NotReady

OWN = "lambda-fast-deploy"  # one name, so that the next run on this machine finds it
# An index of all platforms, fixed by its digest wherever it comes from. The second place has copies
# of what Docker Hub is often asked for, without its limit of pulls (Google Cloud documentation,
# "Pull cached Docker Hub images").
_BUILDKIT = (
    "moby/buildkit:v0.32.2@sha256:28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8"
)
IMAGES = (f"docker.io/{_BUILDKIT}", f"mirror.gcr.io/{_BUILDKIT}")
_ROUNDS = 2  # a refusal of Docker Hub lasts for hours, a fault of the network for seconds


@dataclass(frozen=True, slots=True)
class BuildxBuilder:
    """A builder of buildx: ``driver`` is docker, docker-container, kubernetes or remote.

    ``exports`` is whether it can write caches and choose the compression of layers; the docker
    driver can only with the containerd image store (Docker documentation, "Cache storage
    backends"). ``instead_of`` is the engine's builder if this one does not run yet.
    """

    name: str
    driver: str
    exports: bool
    instead_of: str = ""

    def __str__(self) -> str:
        return f"builder {self.name} ({self.driver})"


def chosen(named: str, docker: Docker) -> BuildxBuilder | None:
    """The builder to build with: the user's, or else the best; ``None`` without buildx.

    The best is a running one of BuildKit's own, since it does not unpack its images. Without one,
    it is the engine's, if that can write caches, or else ``OWN``, which may not run yet.

    Args:
        named: the name of a builder, if the configuration has one.
        docker: the engine of this machine.

    Raises:
        NotReady: the user's builder does not exist, or no engine answers.
    """
    by_variable = os.environ.get("BUILDX_BUILDER", "")
    inspected = output_of(["docker", "buildx", "inspect", *named.split()], Path.cwd())
    head = (inspected or "").partition("Nodes:")[0]
    builders = dict(re.findall(r"^(Name|Driver):[ \t]+(\S+)", head, re.MULTILINE))
    if "Driver" not in builders:
        if "Name" in builders:  # its engine does not answer
            docker.ready()
        name = named or by_variable
        if not name or not (named or output_of(["docker", "buildx", "version"], Path.cwd())):
            return None
        by = "" if named else " (BUILDX_BUILDER)"
        raise NotReady(
            f"there is no buildx builder {name!r}{by}",
            remedy="List builders with docker buildx ls; create one with docker buildx create.",
        )
    name, driver = builders["Name"], builders["Driver"]
    if driver != "docker":
        return BuildxBuilder(name, driver, exports=True)
    if not named and not by_variable and (other := _running()):
        return other
    exports = docker.has_containerd_store
    if exports or named or by_variable:
        return BuildxBuilder(name, driver, exports)
    return BuildxBuilder(OWN, "docker-container", exports=True, instead_of=name)


def _running() -> BuildxBuilder | None:
    """A running builder with its own BuildKit."""
    listed = output_of(["docker", "buildx", "ls", "--format={{json .}}"], Path.cwd())
    for line in (listed or "").splitlines():
        builder = json.loads(line)
        statuses = {node.get("Status") for node in builder.get("Nodes") or []}
        if builder.get("Driver") != "docker" and statuses == {"running"}:
            return BuildxBuilder(builder["Name"], builder["Driver"], exports=True)
    return None


def start(beat: Callable[[], None]) -> None:
    """Create the builder ``OWN`` if it is absent, and start it.

    Args:
        beat: called meanwhile; an exception in it ends the start.

    Raises:
        BuildFailed: it cannot be started; the first line has the cause of the first attempt.
    """
    failures: list[BuildFailed] = []

    def attempt() -> None:
        for image in IMAGES:
            try:
                return _start(image, beat)
            except BuildFailed as failure:
                failures.append(failure)
                output_of(["docker", "buildx", "rm", OWN], Path.cwd())
        raise failures[-1]

    try:
        retry.again(attempt, BuildFailed, attempts=_ROUNDS, first=1.0)
    except BuildFailed:
        raise _explained(failures[0]) from None


def _start(image: str, beat: Callable[[], None]) -> None:
    command = ["docker", "buildx", "create", f"--name={OWN}", "--driver=docker-container"]
    try:
        run([*command, f"--driver-opt=image={image}"], what=OWN, beat=beat)
    except BuildFailed as failure:
        if "existing instance" not in failure.detail:  # of an earlier run, or one at the same time
            raise
    run(["docker", "buildx", "inspect", "--bootstrap", OWN], what=OWN, beat=beat)


def _explained(failure: BuildFailed) -> BuildFailed:
    lines = [line for line in failure.detail.splitlines() if line.strip()]
    cause = (lines or [failure.message])[-1].removeprefix("ERROR: ")
    return BuildFailed(f"Builder {OWN} cannot be started: {cause}", detail=failure.detail)
