"""A repository can be told to hold images that Lambda refuses for their zstd layers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import boto3
import pytest

from tests.lab.making import refused

pytestmark = pytest.mark.lab

LAYER = "application/vnd.oci.image.layer.v1.tar"


@pytest.fixture
def repository(name: str) -> Iterator[str]:
    """A repository with an image of zstd layers under ``z`` and of gzip layers under ``g``."""
    ecr = boto3.client("ecr")
    ecr.create_repository(repositoryName=name)
    for tag, compression in (("z", "zstd"), ("g", "gzip")):
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2},
            "layers": [{"mediaType": f"{LAYER}+{compression}", "size": 10}],
        }
        ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag=tag)
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    yield found["repositoryUri"]
    ecr.delete_repository(repositoryName=name, force=True)


def tell(name: str, how: str) -> None:
    ecr = boto3.client("ecr")
    arn = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "lab:refuse-zstd", "Value": how}])


def settled(name: str) -> dict[str, str]:
    for _ in range(50):
        found: dict[str, str] = boto3.client("lambda").get_function_configuration(FunctionName=name)
        if "InProgress" not in (found["LastUpdateStatus"], found["State"]):
            return found
        time.sleep(0.1)
    raise AssertionError("the update does not end")


def create(name: str, image: str) -> None:
    boto3.client("lambda").create_function(
        FunctionName=name,
        PackageType="Image",
        Role=os.environ["LAB_ROLE_ARN"],
        Code={"ImageUri": image},
    )


def test_at_once_by_the_api_call(repository: str, name: str) -> None:
    tell(name, "at-once")
    create(name, f"{repository}:g")
    settled(name)
    client = boto3.client("lambda")
    answer = refused(client.update_function_code, FunctionName=name, ImageUri=f"{repository}:z")
    assert answer == ("InvalidParameterValueException", 400)


def test_later_by_the_status_and_the_previous_image_stays(repository: str, name: str) -> None:
    tell(name, "later")
    create(name, f"{repository}:g")
    before = settled(name)
    client = boto3.client("lambda")
    client.update_function_code(FunctionName=name, ImageUri=f"{repository}:z")
    after = settled(name)
    assert (after["State"], after["LastUpdateStatus"]) == ("Active", "Failed")
    assert after["LastUpdateStatusReasonCode"] == "InvalidImage"
    assert "UnsupportedImageLayerDetected" in after["LastUpdateStatusReason"]
    assert after["CodeSha256"] == before["CodeSha256"]


def test_later_a_new_function_fails(repository: str, name: str) -> None:
    tell(name, "later")
    create(name, f"{repository}:z")
    assert settled(name)["State"] == "Failed"
    client = boto3.client("lambda")
    answer = refused(client.update_function_code, FunctionName=name, ImageUri=f"{repository}:g")
    assert answer == ("ResourceConflictException", 409)  # it is to be deleted
    client.delete_function(FunctionName=name)


def test_not_at_all_unless_told(repository: str, name: str) -> None:
    create(name, f"{repository}:z")
    assert settled(name)["LastUpdateStatus"] == "Successful"
