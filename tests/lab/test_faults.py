"""Faults on demand."""

from __future__ import annotations

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.support import faults

pytestmark = pytest.mark.lab


@pytest.fixture
def once() -> Any:
    """The ECR API without retries."""
    return boto3.client("ecr", config=Config(retries={"total_max_attempts": 1}))


def test_a_call_is_refused_as_often_as_told(once: Any) -> None:
    rule = {"operation": "Describe.*", "skip": 1, "times": 1, "status": 503, "body": "{}"}
    with faults(rule) as done:
        once.describe_repositories()
        with pytest.raises(ClientError) as caught:
            once.describe_repositories()
        once.describe_repositories()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert [each["operation"] for each in done] == ["DescribeRepositories"]


def test_a_fault_ends_with_another_call(once: Any) -> None:
    with faults({"operation": "DescribeRepositories", "status": 503, "until": "DescribeRegistry"}):
        once.describe_registry()
        for _ in range(2):
            with pytest.raises(ClientError):
                once.describe_repositories()
        once.describe_registry()
        once.describe_repositories()


def test_an_outage_of_one_caller_begins_with_a_call_and_passes(once: Any) -> None:
    config = Config(retries={"total_max_attempts": 1}, user_agent_appid="broken")
    broken = boto3.client("ecr", config=config)
    rule = {"operation": ".*", "agent": "app/broken", "skip": 1, "lasts": 0.5, "status": 503}
    with faults(rule) as done:
        broken.describe_registry()
        for _ in range(2):
            with pytest.raises(ClientError):
                broken.describe_registry()
            once.describe_registry()
        time.sleep(0.6)
        broken.describe_registry()
    assert len(done) == 2


def test_an_answer_is_lost_after_the_work_was_done(once: Any, name: str) -> None:
    with (
        faults({"operation": "CreateRepository", "lost": True}),
        pytest.raises(ConnectionClosedError),
    ):
        once.create_repository(repositoryName=name)
    assert once.describe_repositories(repositoryNames=[name])["repositories"]


def test_an_upload_is_cut(bucket: Any) -> None:
    s3 = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))
    with faults({"operation": "PutObject", "cut": 1000}), pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket=bucket.name, Key="a", Body=b"x" * 100_000)
    assert list(bucket.objects.all()) == []


def test_an_answer_comes_late(once: Any) -> None:
    with faults({"operation": "DescribeRepositories", "seconds": 0.4}):
        begun = time.monotonic()
        once.describe_repositories()
    assert time.monotonic() - begun >= 0.4


def test_a_call_whose_name_is_in_its_body_is_met() -> None:
    stacks = boto3.client("cloudformation", config=Config(retries={"total_max_attempts": 1}))
    with faults({"operation": "DescribeStacks", "lost": True}) as done:
        stacks.list_stacks()
        with pytest.raises(ConnectionClosedError):
            stacks.describe_stacks()
    assert [each["operation"] for each in done] == ["DescribeStacks"]


def test_a_connection_is_silent_before_it_is_dropped(once: Any, name: str) -> None:
    begun = time.monotonic()
    with (
        faults({"operation": "CreateRepository", "lost": True, "seconds": 0.4}),
        pytest.raises(ConnectionClosedError),
    ):
        once.create_repository(repositoryName=name)
    assert time.monotonic() - begun >= 0.4
    assert once.describe_repositories(repositoryNames=[name])["repositories"]


def test_a_refusal_has_headers(once: Any) -> None:
    refusal = {"status": 401, "body": "{}", "headers": {"WWW-Authenticate": "Basic realm=x"}}
    with (
        faults({"operation": "DescribeRepositories", **refusal}),
        pytest.raises(ClientError) as caught,
    ):
        once.describe_repositories()
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["www-authenticate"] == "Basic realm=x"


def test_nothing_stays(once: Any) -> None:
    with faults({"operation": ".*", "status": 500}):
        pass
    once.describe_repositories()
    with urllib.request.urlopen(f"{once.meta.endpoint_url}/_lab/faults") as answer:
        assert answer.status == 200


def test_the_clock_of_the_answers_is_off(once: Any) -> None:
    with faults({"operation": "DescribeRepositories", "clock": 3600}):
        off, right = once.describe_repositories(), once.describe_registry()
    dates = [
        parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        for answer in (off, right)
    ]
    assert 3590 < (dates[0] - dates[1]).total_seconds() < 3610


def test_a_call_is_held_until_the_rules_are_others(once: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        with faults({"operation": "DescribeRepositories", "held": True}):
            call = pool.submit(once.describe_repositories)
            once.describe_registry()
            with pytest.raises(TimeoutError):
                call.result(0.5)
        assert "repositories" in call.result(10)
