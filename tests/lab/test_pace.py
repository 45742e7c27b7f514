"""AWS further away, and slower."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.pace import paced
from tests.lab.making import Function, code
from tests.lab.test_metrics import Watch

pytestmark = pytest.mark.lab


def test_each_call_takes_longer(live: Function) -> None:
    live.api.get_function(FunctionName=live.name)
    with paced(request=0.3):
        begun = time.monotonic()
        live.api.get_function(FunctionName=live.name)
        assert time.monotonic() - begun >= 0.3
    begun = time.monotonic()
    live.api.get_function(FunctionName=live.name)
    assert time.monotonic() - begun < 0.3


def test_an_update_takes_as_long_as_told(live: Function) -> None:
    with paced(update=1.5):
        begun = time.monotonic()
        live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"))
        assert live.settle() == [("Active", "InProgress"), ("Active", "Successful")]
    assert 1.5 <= time.monotonic() - begun < 5


def test_lambda_answers_so_many_calls_a_second(live: Function) -> None:
    once = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    with paced(quota=1):
        with pytest.raises(ClientError) as caught:
            _ask(once, 60)  # 15 at once and 15 a second
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        once.get_function(FunctionName=live.name)  # it has a quota of its own
        once.invoke(FunctionName=live.name)
        time.sleep(0.2)
        once.get_account_settings()
    _ask(once, 40)


def _ask(api: Any, times: int) -> None:
    for _ in range(times):
        api.get_account_settings()


def test_cloudwatch_shows_calls_late(live: Function) -> None:
    watch = Watch(live.name)
    with paced(metrics=3):
        begun = time.monotonic()
        live.call("$LATEST")
        assert watch.sum("Invocations") == 0
        while not watch.sum("Invocations"):
            time.sleep(0.1)
        assert 3 <= time.monotonic() - begun < 10
        live.call("$LATEST")
        assert watch.sum("Invocations") == 1
    assert watch.sum("Invocations") == 2


def test_the_minute_of_cloudwatch_can_be_short(live: Function) -> None:
    api, named = boto3.client("cloudwatch"), Watch(live.name).dimensions()
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": named}
    query = {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    begun = datetime.now(UTC)

    def minutes() -> int:
        span = {"StartTime": begun - timedelta(hours=1), "EndTime": begun + timedelta(hours=1)}
        found = api.get_metric_data(**span, MetricDataQueries=[query])
        return len(found["MetricDataResults"][0]["Timestamps"])

    with paced(minute=1):
        while minutes() < 3:
            live.call("$LATEST")
    assert minutes() <= 2
