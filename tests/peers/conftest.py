"""The bucket that both this engine and the SAM CLI package to."""

from __future__ import annotations

import boto3
import pytest

from bench.packaged import BUCKET


@pytest.fixture(scope="session", autouse=True)
def bucket() -> None:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
