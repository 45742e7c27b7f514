"""The SAM CLI, whose results ours are compared with."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from bench.tools import installed

BUCKET = "sam-artifacts"


@pytest.fixture(scope="session")
def sam() -> Path:
    """The SAM CLI, and a bucket for it."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return installed() / "sam"
