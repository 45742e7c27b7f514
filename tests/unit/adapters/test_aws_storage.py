"""Layer versions, images and objects: found by what they are, absent without fuss."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from engine.adapters.aws.bucket import Bucket
from engine.adapters.aws.layers import Layers
from engine.adapters.aws.registry import Registry, Repository
from engine.adapters.aws.session import Aws
from engine.build.lifecycle import POLICY
from engine.errors import NotReady
from engine.model import LayerVersion
from tests.unit import make

Stub = Callable[[str], Stubber]
PRINT = "0123456789abcdef"


def version(number: int, description: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"LayerVersionArn": f"arn:layer:deps:{number}", "Version": number}
    return found if description is None else found | {"Description": description}


def found_in(aws: Aws, stub: Stub, *pages: list[dict[str, Any]]) -> LayerVersion | None:
    service = stub("lambda")
    for index, page in enumerate(pages):
        marker = {"Marker": f"page-{index}"} if index else {}
        last = index == len(pages) - 1
        more = {} if last else {"NextMarker": f"page-{index + 1}"}
        service.add_response(
            "list_layer_versions", {"LayerVersions": page, **more}, {"LayerName": "deps", **marker}
        )
    return Layers(aws, make.REGION).find("deps", PRINT)


def test_a_layer_is_found_by_its_fingerprint_on_any_page(aws: Aws, stub: Stub) -> None:
    found = found_in(
        aws,
        stub,
        [version(9, "lambda-fast-deploy ffff 5 bytes"), version(8, None)],
        [],
        [version(3, f"lambda-fast-deploy {PRINT} 1234 bytes")],
    )
    assert found == LayerVersion("arn:layer:deps:3", 1234)


def test_the_newest_layer_of_a_fingerprint_is_found_without_reading_on(
    aws: Aws, stub: Stub
) -> None:
    service = stub("lambda")
    mark = f"lambda-fast-deploy {PRINT}"
    service.add_response(
        "list_layer_versions",
        {"LayerVersions": [version(5, mark), version(4, mark)], "NextMarker": "more"},
    )
    assert Layers(aws, make.REGION).find("deps", PRINT) == LayerVersion("arn:layer:deps:5", 0)


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        PRINT,
        f"lambda-fast-deploy {PRINT}0",
        f"lambda-fast-deploy {PRINT[:-1]}",
        f"lambda-fast-deploy {PRINT} 12 bytes and more",
        f"my lambda-fast-deploy {PRINT}",
        "by hand",
    ],
)
def test_a_layer_of_somebody_else_is_not_taken(
    aws: Aws, stub: Stub, description: str | None
) -> None:
    assert found_in(aws, stub, [version(1, description)]) is None


def test_a_layer_without_versions_is_absent(aws: Aws, stub: Stub) -> None:
    stub("lambda").add_client_error("list_layer_versions", "ResourceNotFoundException", "no", 404)
    assert Layers(aws, make.REGION).find("deps", PRINT) is None


def test_a_published_layer_is_found_again(aws: Aws, stub: Stub) -> None:
    service = stub("lambda")
    mark = f"lambda-fast-deploy {PRINT} 99 bytes"
    service.add_response(
        "publish_layer_version",
        {"LayerVersionArn": "arn:layer:deps:1"},
        {
            "LayerName": "deps",
            "Description": mark,
            "Content": {"ZipFile": b"zip"},
            "CompatibleRuntimes": ["python3.13"],
            "CompatibleArchitectures": ["arm64"],
        },
    )
    layers = Layers(aws, make.REGION)
    made = layers.publish("deps", PRINT, b"zip", 99, "python3.13", "arm64")
    service.add_response("list_layer_versions", {"LayerVersions": [version(1, mark)]})
    assert made == LayerVersion("arn:layer:deps:1", 99) == layers.find("deps", PRINT)


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize("code", ["RepositoryNotFoundException", "ImageNotFoundException"])
def test_an_image_that_is_not_there_has_no_digest(aws: Aws, stub: Stub, code: str) -> None:
    stub("ecr").add_client_error("describe_images", code, "no", 400)
    assert Registry(aws, make.REGION).digest("orders", "app-1") is None


def test_an_image_is_known_by_its_digest(aws: Aws, stub: Stub) -> None:
    stub("ecr").add_response(
        "describe_images",
        {"imageDetails": [{"imageDigest": make.DIGEST}]},
        {"repositoryName": "orders", "imageIds": [{"imageTag": "app-1"}]},
    )
    assert Registry(aws, make.REGION).digest("orders", "app-1") == make.DIGEST


def test_a_permission_that_is_missing_is_not_an_image_that_is_missing(aws: Aws, stub: Stub) -> None:
    stub("ecr").add_client_error("describe_images", "AccessDeniedException", "no", 400)
    with pytest.raises(NotReady, match="ecr:DescribeImages"):
        Registry(aws, make.REGION).digest("orders", "app-1")


def test_a_repository_is_created_when_it_is_absent(aws: Aws, stub: Stub) -> None:
    service = stub("ecr")
    service.add_client_error("describe_repositories", "RepositoryNotFoundException", "no", 400)
    service.add_response(
        "create_repository",
        {"repository": {"repositoryUri": "uri", "repositoryArn": "arn"}},
        {
            "repositoryName": "orders",
            "imageScanningConfiguration": {"scanOnPush": True},
            "tags": [{"Key": "made-by", "Value": "lambda-fast-deploy"}],
        },
    )
    service.add_response(
        "put_lifecycle_policy", {}, {"repositoryName": "orders", "lifecyclePolicyText": POLICY}
    )
    assert Registry(aws, make.REGION).repository("orders", POLICY) == Repository("uri", "arn")


def test_a_repository_that_another_run_created_first_is_taken(aws: Aws, stub: Stub) -> None:
    service = stub("ecr")
    service.add_client_error("describe_repositories", "RepositoryNotFoundException", "no", 400)
    service.add_client_error("create_repository", "RepositoryAlreadyExistsException", "is", 400)
    service.add_response(
        "describe_repositories",
        {"repositories": [{"repositoryUri": "uri", "repositoryArn": "arn"}]},
    )
    assert Registry(aws, make.REGION).repository("orders", POLICY) == Repository("uri", "arn")


def test_a_login_never_shows_its_password(aws: Aws, stub: Stub) -> None:
    token = base64.b64encode(b"AWS:secret:with:colons").decode()
    stub("ecr").add_response(
        "get_authorization_token",
        {
            "authorizationData": [
                {"authorizationToken": token, "proxyEndpoint": f"https://{make.REGISTRY}/"}
            ]
        },
    )
    login = Registry(aws, make.REGION).login()
    assert (login.host, login.user, login.password) == (
        make.REGISTRY,
        "AWS",
        "secret:with:colons",
    )
    assert "secret" not in repr(login)


# ---------------------------------------------------------------- buckets


def test_a_bucket_that_is_not_there_does_not_exist(aws: Aws, stub: Stub) -> None:
    service = stub("s3")
    service.add_client_error("head_bucket", "404", "Not Found", 404)
    service.add_response("head_bucket", {}, {"Bucket": "files"})
    bucket = Bucket(aws, make.REGION, "files")
    assert [bucket.exists(), bucket.exists()] == [False, True]


def test_an_object_is_read_or_absent(aws: Aws, stub: Stub) -> None:
    service = stub("s3")
    service.add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(b"content"), 7)},
        {"Bucket": "files", "Key": "a"},
    )
    service.add_client_error("get_object", "NoSuchKey", "no", 404)
    bucket = Bucket(aws, make.REGION, "files")
    assert [bucket.get("a"), bucket.get("b")] == [b"content", None]
