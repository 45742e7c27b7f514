"""What goes wrong while images are built and pushed: told, survived, and mended by the next run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, faults, get

pytestmark = pytest.mark.docker

EXPIRED = json.dumps(
    {"errors": [{"code": "DENIED", "message": "Your authorization token has expired."}]}
)
UPLOADS = "CompleteBlobUpload|UploadBlob"
FAULTS = [
    pytest.param({"operation": f"Ping|{UPLOADS}", "times": 3, "status": 503}, id="unavailable"),
    pytest.param({"operation": UPLOADS, "times": 2, "cut": 100}, id="reset"),
    pytest.param({"operation": "PutManifest", "times": 1, "lost": True}, id="answer-lost"),
    pytest.param(
        {
            "operation": f"StartBlobUpload|{UPLOADS}|PutManifest",
            "status": 403,
            "body": EXPIRED,
            "until": "GetAuthorizationToken",
        },
        id="expired",
    ),
]


@pytest.mark.usefixtures("own_base")
@pytest.mark.parametrize("rule", FAULTS)
def test_a_push_recovers_from_faults_of_the_registry(
    lean: Project, name: str, rule: dict[str, Any]
) -> None:
    """The base is pushed by the Docker engine, the image by BuildKit."""
    lean.edit("Dockerfile.lambda.base", "echo base", f"echo {name}")  # known to no registry
    lean.write("app/name.txt", name)
    with faults(rule) as done:
        base = lean.run("build", "base")
    assert base.code == 0
    assert done
    with faults(rule) as done:
        run = lean.deploy()
    assert run.code == 0
    assert done
    assert get(run.function["url"])[1]["status"] == "ok"
    assert lean.deploy().changes == []


def test_a_push_that_never_succeeds_leaves_users_alone(lean: Project) -> None:
    first = lean.deploy()
    lean.edit("app/main.py", '"hello"', '"good day"')
    lean.edit("Dockerfile.lambda", "CMD", "RUN echo built\nCMD")  # which needs a builder
    with faults({"operation": "PutManifest", "status": 403, "body": EXPIRED}):
        run = lean.deploy()
    assert run.code == 1
    cause = next(line for line in run.log.splitlines() if line.startswith("error: "))
    assert "failed to push" in cause
    assert "403 Forbidden" in cause
    assert "Allow ecr:PutImage in the IAM policy" in run.log
    assert "Traceback" not in run.log
    assert get(first.function["url"])[1]["greeting"] == "hello"
    assert get(lean.deploy().function["url"])[1]["greeting"] == "good day"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "cancelled"])
def test_a_run_that_ends_in_mid_push_leaves_users_alone(lean: Project, number: int) -> None:
    first = lean.deploy()
    lean.edit("app/main.py", '"hello"', '"good day"')
    lean.edit("Dockerfile.lambda", "CMD", "RUN echo built\nCMD")  # which needs a builder
    with faults({"operation": "PutManifest", "seconds": 4}):
        run = subprocess.Popen(
            [sys.executable, "-m", "lambda_fast_deploy", "deploy"],
            cwd=lean.root,
            start_new_session=True,
        )
        time.sleep(2.5)
        os.killpg(run.pid, number)
        assert run.wait(30) != 0
    assert get(first.function["url"])[1]["greeting"] == "hello"
    assert get(lean.deploy().function["url"])[1]["greeting"] == "good day"


@pytest.mark.parametrize("by_buildkit", [False, True], ids=["engine", "buildkit"])
def test_a_silent_build_is_left_when_the_run_is_cancelled(
    lean: Project, *, by_buildkit: bool
) -> None:
    if by_buildkit:
        lean.edit("Dockerfile.lambda.base", "RUN echo", "RUN --mount=type=tmpfs,target=/t echo")
    lean.edit("Dockerfile.lambda.base", "echo base", "sleep 40 && echo base")
    run = subprocess.Popen([sys.executable, "-m", "lambda_fast_deploy", "deploy"], cwd=lean.root)
    time.sleep(4)
    begun = time.monotonic()
    run.terminate()
    assert run.wait(30) == 1
    assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("own_base")
def test_an_immutable_repository_loses_no_deploy(lean: Project, name: str) -> None:
    client = boto3.client("ecr")
    for repository in (name, f"{name}-base"):
        client.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    first = lean.deploy()
    assert first.code == 0
    assert f"Repository {name} is immutable, so no build cache is kept in it" in first.log
    tags = client.list_images(repositoryName=name, filter={"tagStatus": "TAGGED"})["imageIds"]
    assert "buildcache" not in {image["imageTag"] for image in tags}

    lean.edit("Dockerfile.lambda.base", "echo base", "echo another")
    second = lean.deploy()
    assert second.code == 0
    assert "its tag 3.13 stays on an older base" in second.log
    assert get(second.function["url"])[1]["marker"] == "another\n"

    lean.edit("app/main.py", '"hello"', '"good day"')
    forced = lean.deploy("anew [no-cache] [rebuild-base]")
    assert forced.code == 0
    assert forced.actions[f"image:{name}"] == "build"
    assert lean.deploy("anew [no-cache]").code == 0


def test_a_cache_that_has_gone_is_told(lean: Project, name: str) -> None:
    first = lean.deploy()
    assert "build cache" not in first.log  # there was none to expect
    boto3.client("ecr").batch_delete_image(
        repositoryName=name, imageIds=[{"imageTag": "buildcache"}]
    )
    lean.edit("Dockerfile.lambda", "CMD", "RUN echo built\nCMD")
    assert "No build cache found" in lean.deploy().log


def test_a_cache_that_cannot_be_written_is_told(lean: Project) -> None:
    assert lean.run("build", "base").code == 0
    refused = {"operation": "PutManifest", "path": "/buildcache", "status": 400, "body": "{}"}
    with faults(refused):
        run = lean.deploy()
    assert run.code == 0
    assert "so a fresh machine builds it from scratch" in run.log


def test_without_buildx_the_engine_builds_and_it_is_told(lean: Project, tmp_path: Path) -> None:
    bare = tmp_path / "docker"
    bare.mkdir()
    run = lean.deploy(DOCKER_CONFIG=str(bare))
    assert run.code == 3
    assert "docker buildx is not available, and Dockerfile.lambda has COPY --link" in run.log
    assert run.changes == []
    lean.edit("Dockerfile.lambda", "COPY --link", "COPY")
    run = lean.deploy(DOCKER_CONFIG=str(bare))
    assert run.code == 0
    assert "docker buildx is not available, so images are built without a cache" in run.log


@pytest.mark.usefixtures("own_base")
def test_without_an_engine_nothing_is_touched(lean: Project) -> None:
    run = lean.deploy(DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert run.code == 3
    assert "no Docker engine answers at unix:///nonexistent/docker.sock" in run.log
    assert run.changes == []


def test_a_build_secret_is_mounted_and_told_nowhere(lean: Project) -> None:
    lean.edit(
        "Dockerfile.lambda",
        "CMD",
        "RUN --mount=type=secret,id=token "
        "cp /run/secrets/token /tmp/t && wc -c < /tmp/t > /marker && rm /tmp/t\nCMD",
    )
    lean.edit(
        "lambda-deploy.yml", "    image:\n", "    image:\n      build-secrets: {token: TOKEN}\n"
    )
    run = lean.deploy()
    assert run.code == 3
    assert "a build secret has no value: TOKEN (of secret token) is not set" in run.log
    assert run.changes == []
    assert lean.deploy(TOKEN="").code == 3

    secret = "hunter2-and-more"
    assert get(lean.deploy(TOKEN=secret).function["url"])[1]["marker"] == f"{len(secret)}\n"

    lean.edit("Dockerfile.lambda", "rm /tmp/t", "cat /tmp/t && false")
    broken = lean.deploy(TOKEN=secret)
    assert broken.code == 1
    assert "***" in broken.log
    assert secret not in broken.log + broken.out + json.dumps(broken.report)


def test_a_full_disk_is_told_with_its_remedy(lean: Project) -> None:
    lean.edit(
        "Dockerfile.lambda", "CMD", "RUN dd if=/dev/zero of=/dev/shm/zero bs=1M count=100\nCMD"
    )
    run = lean.deploy()
    assert run.code == 1
    assert "The disk is full. Free space with docker system prune" in run.log
