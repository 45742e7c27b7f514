"""Layer versions, images and objects: found by what they are, absent without fuss."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.bucket import Bucket, checksum_of
from lambda_fast_deploy.adapters.aws.lambda_layers import LayersApi
from lambda_fast_deploy.adapters.aws.registry import Registry, Repository
from lambda_fast_deploy.adapters.aws.session import PART, Aws
from lambda_fast_deploy.errors import ContentMismatch, NotPermitted, NotReady, Refused
from lambda_fast_deploy.models import LayerVersion
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY
from tests.unit import make

LAYER = make.LAYER_ARN.rpartition(":")[0]
Stub = Callable[[str], Stubber]
PRINT = "0123456789abcdef"


def version(number: int, description: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"LayerVersionArn": f"{LAYER}:{number}", "Version": number}
    return found if description is None else found | {"Description": description}


def found_in(aws: Aws, stub: Stub, *pages: list[dict[str, Any]]) -> tuple[LayerVersion, ...]:
    service = stub("lambda")
    for index, page in enumerate(pages):
        marker = {"Marker": f"page-{index}"} if index else {}
        last = index == len(pages) - 1
        more = {} if last else {"NextMarker": f"page-{index + 1}"}
        service.add_response(
            "list_layer_versions", {"LayerVersions": page, **more}, {"LayerName": "deps", **marker}
        )
    return LayersApi(aws, make.REGION).versions("deps")


MARK = f"lambda-fast-deploy {PRINT} aa of aa.bb, 1234 bytes"


def test_versions_are_found_on_every_page_with_what_they_say_of_themselves(
    aws: Aws, stub: Stub
) -> None:
    found = found_in(aws, stub, [version(9, MARK), version(8, None)], [], [version(3, MARK)])
    assert found == tuple(
        LayerVersion(f"{LAYER}:{number}", 1234, PRINT, "aa", ("aa", "bb")) for number in (9, 3)
    )
    assert found[0].number == "9"


@pytest.mark.parametrize(
    "description",
    [None, "", PRINT, MARK + " and more", "my " + MARK, MARK.replace("1234", "many"), "by hand"],
)
def test_a_layer_of_somebody_else_is_not_taken(
    aws: Aws, stub: Stub, description: str | None
) -> None:
    assert found_in(aws, stub, [version(1, description)]) == ()


def test_a_layer_without_versions_is_absent(aws: Aws, stub: Stub) -> None:
    stub("lambda").add_client_error("list_layer_versions", "ResourceNotFoundException", "no", 404)
    assert LayersApi(aws, make.REGION).versions("deps") == ()


def test_a_published_layer_is_found_again(aws: Aws, stub: Stub) -> None:
    service = stub("lambda")
    service.add_response(
        "publish_layer_version",
        {"LayerVersionArn": f"{LAYER}:1", "Content": {"CodeSha256": "sha"}},
        {
            "LayerName": "deps",
            "Description": MARK,
            "Content": {"ZipFile": b"zip"},
            "CompatibleRuntimes": ["python3.13"],
            "CompatibleArchitectures": ["arm64"],
        },
    )
    layers = LayersApi(aws, make.REGION)
    wanted = LayerVersion("", 1234, PRINT, "aa", ("aa", "bb"))
    made = layers.publish("deps", wanted, {"ZipFile": b"zip"}, "sha", "python3.13", "arm64")
    service.add_response("list_layer_versions", {"LayerVersions": [version(1, MARK)]})
    assert (made,) == layers.versions("deps")


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_layer_of_other_bytes_than_this_run_made_is_deleted_again(
    aws: Aws, stub: Stub, *, is_lost: bool
) -> None:
    service, told = stub("lambda"), {"LayerVersionArn": f"{LAYER}:1", "Version": 1}
    taken = {**told, "Content": {"CodeSha256": "other"}}
    if is_lost:
        service.add_client_error("publish_layer_version", "ServiceException", "no", 500)
        service.add_response("list_layer_versions", {"LayerVersions": [version(1, MARK)]})
        service.add_response("get_layer_version_by_arn", taken, {"Arn": f"{LAYER}:1"})
    else:
        service.add_response("publish_layer_version", taken)
    service.add_response("delete_layer_version", {}, {"LayerName": "deps", "VersionNumber": 1})
    wanted = LayerVersion("", 1234, PRINT, "aa", ("aa", "bb"))
    with pytest.raises(
        ContentMismatch, match="layer deps than this run built: CodeSha256 other instead of sha"
    ):
        LayersApi(aws, make.REGION).publish("deps", wanted, {}, "sha", "python3.13", "arm64")


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


OWNER = "123456789012"


def _account(stub: Stub) -> None:
    """Let AWS tell whose the credentials are, once."""
    stub("sts").add_response("get_caller_identity", {"Account": OWNER}, {})


def test_a_bucket_that_is_not_there_does_not_exist(aws: Aws, stub: Stub) -> None:
    service = stub("s3")
    service.add_client_error("head_bucket", "404", "Not Found", 404)
    service.add_response("head_bucket", {}, {"Bucket": "files", "ExpectedBucketOwner": OWNER})
    bucket = Bucket(aws, make.REGION, "files", OWNER)
    assert [bucket.exists(), bucket.exists()] == [False, True]


def test_an_object_is_read_or_absent(aws: Aws, stub: Stub) -> None:
    service = stub("s3")
    service.add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(b"content"), 7)},
        {"Bucket": "files", "Key": "a", "ExpectedBucketOwner": OWNER},
    )
    service.add_client_error("get_object", "NoSuchKey", "no", 404)
    bucket = Bucket(aws, make.REGION, "files", OWNER)
    assert [bucket.get("a"), bucket.get("b")] == [b"content", None]


def test_a_bucket_that_was_created_before_its_answer_was_lost_is_taken(
    aws: Aws, stub: Stub
) -> None:
    service = stub("s3")
    _account(stub)
    service.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", "is", 409)
    for call in ("put_public_access_block", "put_bucket_encryption"):
        service.add_response(call, {})
    service.add_response("put_bucket_lifecycle_configuration", {})
    Bucket(aws, make.REGION, "zips").create()
    service.assert_no_pending_responses()


@pytest.mark.usefixtures("quick")
def test_a_bucket_that_another_run_is_creating_is_created_after_that(aws: Aws, stub: Stub) -> None:
    service = stub("s3")
    _account(stub)
    service.add_client_error("create_bucket", "OperationAborted", "try again", 409)
    service.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", "is", 409)
    for call in ("put_public_access_block", "put_bucket_encryption"):
        service.add_response(call, {})
    service.add_response("put_bucket_lifecycle_configuration", {})
    Bucket(aws, make.REGION, "zips").create()
    service.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_an_object_has_its_address_in_the_domain_of_its_partition(
    aws: Aws, region: str, domain: str
) -> None:
    address = Bucket(aws, region, "zips").address("a")
    assert address == f"https://s3.{region}.{domain}/zips/a"


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
def test_an_image_that_cannot_be_pulled_is_none(aws: Aws, stub: Stub, status: str) -> None:
    found = {"imageDigest": "sha256:d", "imageTags": ["a"], "imageStatus": status}
    stub("ecr").add_response("describe_images", {"imageDetails": [found]})
    assert Registry(aws, make.REGION).digest("orders", "a") is None


def test_a_bucket_of_somebody_else_is_not_taken(aws: Aws, stub: Stub) -> None:
    _account(stub)
    stub("s3").add_client_error("create_bucket", "BucketAlreadyExists", "is", 409)
    with pytest.raises(Refused):
        Bucket(aws, make.REGION, "zips").create()


def test_the_owner_is_expected_whose_the_credentials_are(aws: Aws, stub: Stub) -> None:
    _account(stub)
    service, wanted = stub("s3"), {"Bucket": "files", "Key": "a", "ExpectedBucketOwner": OWNER}
    service.add_response("head_object", {}, {**wanted, "ChecksumMode": "ENABLED"})
    service.add_response("delete_object", {}, wanted)
    bucket = Bucket(aws, make.REGION, "files")
    assert bucket.checksum("a") == ""
    bucket.delete("a")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Access Denied", f"bucket files does not belong to account {OWNER}, or no permission"),
        (
            "User: x is not authorized to perform: s3:GetObject on resource: y",
            "no permission for s3:GetObject",
        ),
    ],
)
def test_a_refusal_that_may_be_about_the_owner_says_so(
    aws: Aws, stub: Stub, said: str, expected: str
) -> None:
    stub("s3").add_client_error("get_object", "AccessDenied", said, 403)
    with pytest.raises(NotPermitted) as caught:
        Bucket(aws, make.REGION, "files", OWNER).get("a")
    assert caught.value.message.startswith(expected)
    assert ("owner: " in caught.value.remedy) == (expected[0] == "b")


def test_a_bucket_of_another_account_is_not_created(aws: Aws, stub: Stub) -> None:
    _account(stub)
    with pytest.raises(NotReady, match="cannot create it for account 999999999999"):
        Bucket(aws, make.REGION, "files", "999999999999").create()


@pytest.mark.parametrize(
    ("size", "expected"), [(PART - 1, ""), (PART, "-1"), (PART + 1, "-2"), (3 * PART, "-3")]
)
def test_the_checksum_of_what_is_written_in_parts_counts_them(size: int, expected: str) -> None:
    assert checksum_of(bytes(size))[44:] == expected
