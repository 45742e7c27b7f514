"""Buckets: whose they are, and what S3 says of the bytes in them."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

OWN, OTHER = "000000000000", "111111111111"
PART = 8 * 1024 * 1024  # bytes


@pytest.mark.lab
def test_a_bucket_of_another_account_than_expected_is_refused(bucket: Any) -> None:
    s3, named = boto3.client("s3"), {"Bucket": bucket.name}
    s3.put_object(**named, Key="a", Body=b"x", ExpectedBucketOwner=OWN)
    with pytest.raises(ClientError) as refused:
        s3.get_object(**named, Key="a", ExpectedBucketOwner=OTHER)
    error = refused.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == ("AccessDenied", "Access Denied")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError, match=r"\(403\)"):
        s3.head_bucket(**named, ExpectedBucketOwner=OTHER)

    tags = {"TagSet": [{"Key": "lab:owner", "Value": OTHER}]}
    s3.put_bucket_tagging(**named, Tagging=tags)
    s3.head_bucket(**named, ExpectedBucketOwner=OTHER)
    s3.get_object(**named, Key="a")  # who does not ask, is not told
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(**named, Key="a", Body=b"y", ExpectedBucketOwner=OWN)


def test_checksums_are_told_to_who_asks(bucket: Any) -> None:
    s3, named = boto3.client("s3"), {"Bucket": bucket.name}

    def told(key: str) -> Any:
        return s3.head_object(**named, Key=key, ChecksumMode="ENABLED").get("ChecksumSHA256")

    s3.put_object(**named, Key="small", Body=b"x", ChecksumAlgorithm="SHA256")
    s3.put_object(**named, Key="none", Body=b"x")
    assert told("small") == _sha256(b"x")
    assert told("none") is None
    assert "ChecksumSHA256" not in s3.head_object(**named, Key="small")

    content = bytes(PART) + b"more"
    s3.upload_fileobj(
        io.BytesIO(content),
        bucket.name,
        "large",
        {"ChecksumAlgorithm": "SHA256"},
        Config=TransferConfig(),
    )
    parts = [hashlib.sha256(part).digest() for part in (bytes(PART), b"more")]
    assert told("large") == f"{_sha256(b''.join(parts))}-2"


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
