"""Fixtures of the probes. They run in the lab: python -m lab -- pytest tests/lab

Or on another AWS, where ``PROBE_PREFIX`` begins the names of all that they make (lab/probes.py).
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.belongings import everything, take_away
from tests.lab.making import IAM_SECONDS, REGION, Function, Registry, Session, policy

_outcomes: dict[str, str] = {}  # why each probe failed, if it did, by its id
_there: dict[str, list[str]] = {}  # what was there after the last probe


@pytest.fixture(scope="session", autouse=True)
def _in_an_aws() -> None:
    if not {"LAB_REQUESTS", "PROBE_PREFIX"} & os.environ.keys():
        pytest.fail("these tests run inside the lab: python -m lab -- pytest tests/lab")


@pytest.fixture
def name() -> str:
    """A name that no other probe uses, fit for functions, layers, buckets and repositories."""
    return f"{os.environ.get('PROBE_PREFIX', 'probe')}-{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
def _taken_away(request: pytest.FixtureRequest, name: str) -> Iterator[None]:
    """Take away what a probe has made, and see that nothing of it is left, under any name."""
    if request.node.get_closest_marker("lab"):
        yield
        _there.clear()
        return
    # In the lab nobody else makes anything meanwhile.
    looked_at = name if "PROBE_PREFIX" in os.environ else ""
    before = dict(_there) or everything(looked_at)
    yield
    take_away(name)
    _there.update(everything(looked_at))
    assert _there == before


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
    return Registry()


@pytest.fixture
def bucket(name: str) -> Any:
    """An empty bucket."""
    region = boto3.session.Session().region_name
    place = {"LocationConstraint": region}
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": place}
    return boto3.resource("s3").create_bucket(Bucket=name, **where)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the outcome of a probe; one with parameters passes when it does with all of them."""
    probe = report.nodeid.partition("[")[0]
    crash = getattr(report.longrepr, "reprcrash", None)
    said = str(crash.message if crash else report.longrepr).splitlines()[0] if report.failed else ""
    _outcomes[probe] = _outcomes.get(probe) or said


def pytest_sessionfinish() -> None:
    """Write the outcomes where that was asked for."""
    if path := os.environ.get("PROBE_OUTCOMES"):
        Path(path).write_text(json.dumps(_outcomes, indent=1, sort_keys=True) + "\n")


@pytest.fixture
def user(name: str) -> Session:
    """A user with an inline policy."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def with_policy(*statements: tuple[str, str] | dict[str, Any]) -> boto3.Session:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        time.sleep(IAM_SECONDS)
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)

    return with_policy
