"""Packaged templates against those of ``sam build`` and ``sam package``, up to names and keys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.artifacts import Artifact
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import plain, read_template
from tests.peers.conftest import BUCKET

TEMPLATES = sorted(Path(__file__).with_name("templates").glob("*/template.*"))
INSIDE = re.compile(rf"https?://\S+/{BUCKET}/(\S+\.template)")


def ours(path: Path) -> list[dict[str, Any]]:
    """The template and those inside it, as this engine packages them.

    The artifacts need not be built for that.
    """
    resources, empty = Resources(read_template(path), {}), archive({}, compress=False)
    artifacts = [
        Artifact(part, empty, "", "lambda-fast-deploy/0.zip") for part in parts_of(resources)
    ]
    bucket = Bucket(Aws(), "us-east-1", BUCKET)
    packaged = package(Stack(path, "stack"), resources, artifacts, bucket, {})
    return [plain(text_of(packaged.body)), *map(plain, packaged.nested.values())]


def theirs(sam: Path, path: Path) -> list[dict[str, Any]]:
    """The template and those inside it, as the SAM CLI builds and packages them."""
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [sam, *arguments], cwd=path.parent, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    run("build", "--template", path.name)
    repository = ("--image-repository", "000000000000.dkr.ecr.us-east-1.amazonaws.com/images")
    run("package", "--s3-bucket", BUCKET, *repository, "--output-template-file", "packaged.yaml")
    text, s3 = (path.parent / "packaged.yaml").read_text(), boto3.client("s3")
    nested = [
        s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        for key in INSIDE.findall(text)
    ]
    return [plain(text), *map(plain, nested)]


def without_names(value: Any) -> Any:
    """A template without the names and keys of what it was packaged to."""
    if isinstance(value, dict):
        if value.keys() in ({"S3Bucket", "S3Key"}, {"Bucket", "Key"}):
            return dict.fromkeys(sorted(value))
        # A note of sam's own, so that it finds resources again.
        return {key: without_names(each) for key, each in value.items() if key != "SamResourceId"}
    if isinstance(value, list):
        return [without_names(each) for each in value]
    if isinstance(value, str) and value.startswith(f"s3://{BUCKET}/"):
        return f"s3://{BUCKET}/"
    if isinstance(value, str) and INSIDE.search(value):
        return BUCKET
    return value


def resources_of(body: dict[str, Any]) -> dict[str, Any]:
    """Resources, without a Metadata that holds nothing."""
    found = without_names(body)["Resources"]
    return {
        logical: {key: value for key, value in each.items() if (key, value) != ("Metadata", {})}
        for logical, each in found.items()
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_a_packaged_template_is_that_of_sam(path: Path, sam: Path, tmp_path: Path) -> None:
    shutil.copytree(path.parent, tmp_path / "project")
    copied = tmp_path / "project" / path.name
    for mine, other in zip(ours(copied), theirs(sam, copied), strict=True):
        assert resources_of(mine) == resources_of(other)
        sections = {"Resources", "Globals"}
        assert {key: value for key, value in mine.items() if key not in sections} == {
            key: value for key, value in other.items() if key not in sections
        }
        assert mine.get("Globals") == other.get("Globals")


def test_there_are_thirteen_templates() -> None:
    assert len(TEMPLATES) == 13
