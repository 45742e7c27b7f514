"""A change of code makes an image of another one: no builder and no Docker, same as a build."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.support import Project, get

pytestmark = pytest.mark.docker


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment without a Docker engine and without its programs."""
    return {"DOCKER_HOST": "unix:///nowhere", "PATH": "/nowhere"}


def manifest(repository: str, tag: str) -> dict[str, Any]:
    """An image's manifest."""
    found = boto3.client("ecr").batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": tag}]
    )
    return dict(json.loads(found["images"][0]["imageManifest"]))


def tags(repository: str) -> dict[str, list[str]]:
    """The tags of each image."""
    images = boto3.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return {each["imageDigest"]: sorted(each.get("imageTags", ())) for each in images}


def test_a_change_of_code_needs_no_docker(
    lean: Project, name: str, no_docker: dict[str, str]
) -> None:
    first = lean.deploy()
    assert first.actions[f"image:{name}"] == "build"
    lean.edit("app/main.py", '"hello"', '"good day"')
    changed = lean.deploy(**no_docker)
    assert changed.code == 0
    assert changed.actions[f"image:{name}"] == "replace"
    assert get(changed.function["url"])[1]["greeting"] == "good day"
    stems = [tag for each in tags(name).values() for tag in each if tag.startswith("stem-")]
    assert len(stems) == 1
