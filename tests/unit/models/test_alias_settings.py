"""Settings of an alias: what is compared and sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.errors import DeployFailed
from lambda_fast_deploy.models.function_attributes import PROVISIONED, SETTINGS
from lambda_fast_deploy.models.function_settings import Call, SettingTarget
from tests.unit import make

(ASYNC,) = (each for each in SETTINGS if each.key == "async")
ORDERS = make.function()


def test_it_is_of_the_alias_and_of_latest_without_one() -> None:
    of_alias = Call("get_function_event_invoke_config", ORDERS_LIVE)
    assert ASYNC.look(ORDERS) == of_alias
    bare = replace(ORDERS, alias="$LATEST")
    assert ASYNC.look(bare).parameters == {"FunctionName": "orders"}


ORDERS_LIVE = {"FunctionName": "orders", "Qualifier": "live"}


@pytest.mark.parametrize(
    ("given", "there", "sent"),
    [
        ({"retries": 2}, {}, None),  # AWS's default
        ({"retries": 0}, {}, (0, 21600, {}, {})),
        ({"max-age": 60.0}, {"MaximumRetryAttempts": 1}, (1, 60, {}, {})),
        (
            {"on-success": "none", "on-failure": "arn:b"},
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:a"}}},
            (2, 21600, {}, {"Destination": "arn:b"}),
        ),
    ],
)
def test_what_is_not_given_stays(given: Any, there: Any, sent: Any) -> None:
    observed = ASYNC.observe(there, ORDERS) if there else ASYNC.default
    difference = ASYNC.difference(ASYNC.read(given), observed)
    if sent is None:
        assert difference is None
        return
    (call,) = ASYNC.write(SettingTarget(ORDERS, make.ARN), difference)
    retries, age, success, failure = sent
    assert call.parameters == {
        **ORDERS_LIVE,
        "MaximumRetryAttempts": retries,
        "MaximumEventAgeInSeconds": age,
        "DestinationConfig": {"OnSuccess": success, "OnFailure": failure},
    }


def test_provisioned_concurrency_is_awaited_until_it_is_there_or_fails() -> None:
    requested = {"RequestedProvisionedConcurrentExecutions": 3}
    answer = {**requested, "Status": "IN_PROGRESS", "AllocatedProvisionedConcurrentExecutions": 1}
    says = "alias live of orders has 1 of 3 provisioned executions"
    assert PROVISIONED.awaited(answer, ORDERS) == says
    assert PROVISIONED.awaited({**requested, "Status": "READY"}, ORDERS) == ""
    with pytest.raises(DeployFailed, match="could not be provided: no room"):
        PROVISIONED.awaited({**requested, "Status": "FAILED", "StatusReason": "no room"}, ORDERS)
