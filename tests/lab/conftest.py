"""Fixtures of the probes. They run in the lab: python -m lab -- pytest tests/lab"""

from __future__ import annotations

import os
import secrets
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, Session, policy


@pytest.fixture(scope="session", autouse=True)
def _in_the_lab() -> None:
    if "LAB_REQUESTS" not in os.environ:
        pytest.fail("these tests run inside the lab: python -m lab -- pytest tests/lab")


@pytest.fixture
def name() -> str:
    """A name that no other probe uses, fit for functions, layers, buckets and repositories."""
    return f"probe-{secrets.token_hex(4)}"


@pytest.fixture
def function(name: str) -> Function:
    """A function that is not there yet."""
    return Function(name)


@pytest.fixture
def live(function: Function) -> Function:
    """A function that says "one"."""
    function.create()
    return function


@pytest.fixture
def ecr() -> Any:
    """The ECR API."""
    return boto3.client("ecr")


@pytest.fixture
def bucket(name: str) -> Any:
    """An empty bucket."""
    return boto3.resource("s3").create_bucket(Bucket=name)


@pytest.fixture
def user(name: str) -> Session:
    """A user with an inline policy."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def with_policy(*statements: tuple[str, str] | dict[str, Any]) -> boto3.Session:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")

    return with_policy
