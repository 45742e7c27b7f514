"""The request log."""

from __future__ import annotations

import random
import time
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, archive, fetch, logged_requests

pytestmark = pytest.mark.lab


def calls(since: int) -> list[tuple[str, str, bool]]:
    """Return service, operation and mutating of the requests after line ``since``."""
    lines = logged_requests()[since:]
    return [(line["service"], line["operation"], line["mutating"]) for line in lines]


def test_lambda_calls_have_their_api_names(live: Function) -> None:
    name, since = live.name, len(logged_requests())
    live.api.update_function_code(FunctionName=name, ZipFile=archive({"app.py": "x = 1"}))
    live.api.get_function(FunctionName=name)
    live.api.get_function_configuration(FunctionName=name)
    live.api.list_versions_by_function(FunctionName=name)
    live.api.invoke(FunctionName=name)
    live.api.list_layer_versions(LayerName=name)
    live.api.publish_layer_version(LayerName=name, Content={"ZipFile": archive({"a": "b"})})
    live.settle()
    live.api.publish_version(FunctionName=name)
    live.api.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    live.api.get_alias(FunctionName=name, Name="live")
    live.api.update_alias(FunctionName=name, Name="live", Description="x")
    live.api.delete_function(FunctionName=name)
    expected = [
        ("UpdateFunctionCode", True),
        ("GetFunction", False),
        ("GetFunctionConfiguration", False),
        ("ListVersionsByFunction", False),
        ("Invoke", False),
        ("ListLayerVersions", False),
        ("PublishLayerVersion", True),
        ("PublishVersion", True),
        ("CreateAlias", True),
        ("GetAlias", False),
        ("UpdateAlias", True),
        ("DeleteFunction", True),
    ]
    seen = calls(since)
    assert {service for service, _, _ in seen} == {"lambda"}
    polls = ("lambda", "GetFunctionConfiguration", False)
    told = [call for call in seen if call != polls]
    assert told == [("lambda", *call) for call in expected if call != polls[1:]]
    assert polls in seen


def test_an_update_that_is_only_rehearsed_changes_nothing(live: Function) -> None:
    since, code = len(logged_requests()), archive({"app.py": "x = 1"})
    live.api.update_function_code(FunctionName=live.name, ZipFile=code, DryRun=True)
    live.api.update_function_code(FunctionName=live.name, ZipFile=code, DryRun=False)
    large = archive({"app.py": random.Random(1).randbytes(20_000)})  # not looked into
    live.settle()
    live.api.update_function_code(FunctionName=live.name, ZipFile=large, DryRun=True)
    updates = [mutating for _, name, mutating in calls(since) if name == "UpdateFunctionCode"]
    assert updates == [False, True, True]


def test_s3_calls_have_their_api_names(bucket: Any) -> None:
    s3, since = boto3.client("s3"), len(logged_requests())
    s3.put_object(Bucket=bucket.name, Key="a/b", Body=b"x")
    s3.head_object(Bucket=bucket.name, Key="a/b")
    s3.get_object(Bucket=bucket.name, Key="a/b")
    s3.list_objects_v2(Bucket=bucket.name)
    s3.copy_object(Bucket=bucket.name, Key="c", CopySource=f"{bucket.name}/a/b")
    s3.head_bucket(Bucket=bucket.name)
    s3.get_bucket_versioning(Bucket=bucket.name)
    upload = s3.create_multipart_upload(Bucket=bucket.name, Key="m")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket.name, Key="m", UploadId=upload)
    s3.delete_object(Bucket=bucket.name, Key="a/b")
    s3.list_buckets()
    assert calls(since) == [
        ("s3", "PutObject", True),
        ("s3", "HeadObject", False),
        ("s3", "GetObject", False),
        ("s3", "ListObjectsV2", False),
        ("s3", "CopyObject", True),
        ("s3", "HeadBucket", False),
        ("s3", "GetBucketVersioning", False),
        ("s3", "CreateMultipartUpload", True),
        ("s3", "AbortMultipartUpload", True),
        ("s3", "DeleteObject", True),
        ("s3", "ListBuckets", False),
    ]


def test_calls_of_other_protocols_have_their_api_names(ecr: Any, name: str) -> None:
    since = len(logged_requests())
    boto3.client("sts").get_caller_identity()
    boto3.client("iam").get_role(RoleName="lambda-execution")
    ecr.create_repository(repositoryName=name)
    ecr.get_authorization_token()
    ecr.batch_check_layer_availability(repositoryName=name, layerDigests=["sha256:" + "0" * 64])
    assert calls(since) == [
        ("sts", "GetCallerIdentity", False),
        ("iam", "GetRole", False),
        ("ecr", "CreateRepository", True),
        ("ecr", "GetAuthorizationToken", False),
        ("ecr", "BatchCheckLayerAvailability", False),
    ]


def test_a_line_tells_all_of_a_request(live: Function) -> None:
    before = time.time()
    url = live.open_url()
    fetch(url + "up")
    line = logged_requests()[-1]
    assert before <= line.pop("time") <= time.time()
    assert line == {
        "service": "function-url",
        "operation": "InvokeFunctionUrl",
        "method": "GET",
        "path": url.partition("/_aws")[1] + url.partition("/_aws")[2] + "up",
        "status": 200,
        "mutating": False,
        "bytes": 0,
    }
