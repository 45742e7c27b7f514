"""The builder that a run starts: its commands are real; its BuildKit is the lab engine's own.

The lab has no copy of Docker Hub, so a ``docker`` in front of the real one creates the builder on
that BuildKit, or refuses as Docker Hub does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.buildx_builders import IMAGES, OWN
from tests.support import Project, own_buildkit, pump, served

pytestmark = pytest.mark.docker

DOCKER = """\
#!/bin/sh
export DOCKER_HOST={host}
case "$1 $2" in
"buildx create")
    echo "$@" >> {folder}/created
    exec {docker} buildx create --name={name} --driver=remote unix://{folder}/buildkit ;;
esac
case "$1 $2 $3" in
"buildx inspect --bootstrap")
    if [ -e {folder}/limited ]; then echo "ERROR: toomanyrequests: too many pulls"; exit 1; fi ;;
esac
exec {docker} "$@"
"""


@pytest.fixture
def created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the commands that create a builder are noted, on an engine without containerd's store.

    That is what the engine says of itself: its connection has another word in that place.
    """
    engine, docker = os.environ["DOCKER_HOST"], shutil.which("docker")
    program = tmp_path / "bin/docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(host=engine, docker=docker, folder=tmp_path, name=OWN))
    program.chmod(0o755)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_unix_connection(engine.removeprefix("unix://"))
        await asyncio.gather(
            pump(reader, requests),
            pump(answers, writer, b"containerd.snapshotter", b"overlay2xx.snapshotter"),
        )

    with own_buildkit(tmp_path / "buildkit"), served(tmp_path / "engine", connect):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine")
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        yield tmp_path / "created"
        subprocess.run([program, "buildx", "rm", OWN], check=False, capture_output=True)


def test_a_builder_is_started_once_and_found_by_the_next_run(lean: Project, created: Path) -> None:
    first = lean.deploy()
    assert first.code == 0
    assert created.read_text().splitlines() == [
        f"buildx create --name={OWN} --driver=docker-container --driver-opt=image={IMAGES[0]}"
    ]
    assert f"builder {OWN} (docker-container)" in first.log
    lean.edit("Dockerfile.lambda", "CMD", "ENV CHANGED=1\nRUN true\nCMD")
    second = lean.deploy()
    assert second.code == 0
    assert f"builder {OWN} (remote)" in second.log  # as the real one calls itself
    assert len(created.read_text().splitlines()) == 1


def test_the_engine_builds_if_the_builder_cannot_be_started(lean: Project, created: Path) -> None:
    created.with_name("limited").touch()
    run = lean.deploy()
    assert run.code == 0
    says = f"Builder {OWN} cannot be started: toomanyrequests: too many pulls."
    assert says in run.log
    assert f"{says} The Docker engine's own builder is used." in " ".join(run.log.split())
    assert "builder default (docker)" in run.log
    assert created.read_text().count("mirror.gcr.io/moby/buildkit") == 2


def test_nothing_is_started_if_nothing_is_built(lean: Project, name: str, created: Path) -> None:
    assert lean.deploy().code == 0
    subprocess.run(["docker", "buildx", "rm", OWN], check=True, capture_output=True)
    created.unlink()
    assert lean.deploy().changes == []
    assert lean.run("plan").code == 0
    assert lean.run("doctor").code == 0
    lean.edit("app/main.py", '"hello"', '"good day"')
    assert lean.deploy().actions[f"image:{name}"] == "replace"
    assert not created.exists()
