"""A container image on a base of its own, from nothing to an undone mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.support import Project, get

pytestmark = pytest.mark.docker


@pytest.fixture
def project(example: Callable[[str], Project], bucket: Any) -> Project:
    return example("image-api")


def test_an_image_goes_the_whole_way(project: Project, name: str, aws: Any, bucket: Any) -> None:
    """One story, since every step stands on the one before it."""
    first = project.deploy()
    assert first.code == 0
    assert first.actions["base:python"] == "build"
    status, health = get(first.function["url"])
    assert (status, health["greeting"]) == (200, "hello")
    assert health["jq"].startswith("jq-")  # from the base image
    assert first.function["image_uri"].count("@sha256:") == 1

    unchanged = project.deploy()
    assert unchanged.code == 0
    assert unchanged.changes == []
    assert [work["action"] for work in unchanged.report["work"]] == ["read", "read"]

    project.edit("app/main.py", '"hello"', '"good day"')
    changed = project.deploy()
    assert changed.code == 0
    assert changed.actions["base:python"] == "reuse"
    assert changed.actions[f"image:{name}"] == "build"
    assert get(changed.function["url"])[1]["greeting"] == "good day"

    project.edit("app/main.py", '"good day"', '"hello"')
    back = project.deploy()
    assert back.actions[f"image:{name}"] == "reuse"  # its content is known
    assert back.function["image_uri"] == first.function["image_uri"]

    project.edit("app/main.py", '"status": "ok"', '"status": "broken"')
    project.edit("lambda-deploy.yml", "within: 10s", "within: 2s")
    broken = project.deploy()
    assert broken.code == 1
    assert broken.function["outcome"] == "undone"
    assert get(first.function["url"])[1]["status"] == "ok"
    latest = aws.get_function(FunctionName=name)
    assert latest["Code"]["ResolvedImageUri"] == first.function["image_uri"]


def test_the_s3_gate_runs_when_asked_and_leaves_no_object(
    project: Project, name: str, bucket: Any
) -> None:
    first = project.deploy("first")
    step = f"test:{name}:storage"
    assert first.actions[step] == "skip"

    asked = project.deploy("look at it [Test-S3]")
    assert asked.code == 0
    assert asked.actions[step] == "test"
    assert any(work["id"] == step and work["outcome"] == "done" for work in asked.report["work"])
    assert list(bucket.objects.all()) == []

    released = project.run("deploy", GITHUB_EVENT_NAME="release")
    assert released.actions[step] == "test"

    project.edit("app/main.py", 'PREFIX = "objects/"', 'PREFIX = "elsewhere/"')
    project.edit("lambda-deploy.yml", "  storage:\n", "  storage:\n    within: 2s\n")
    broken = project.deploy("move it [test-s3]")
    assert broken.code == 1
    assert broken.function["outcome"] == "undone"
    assert "does not hold what was written" in broken.log


def test_a_broken_dockerfile_ends_with_the_builders_words(project: Project, name: str) -> None:
    project.edit("Dockerfile.lambda", "RUN pip", "RUN no-such-program && pip")
    run = project.deploy()
    assert run.code == 1
    assert "no-such-program" in run.log
    lam = boto3.client("lambda")
    with pytest.raises(lam.exceptions.ResourceNotFoundException):
        lam.get_function(FunctionName=name)
