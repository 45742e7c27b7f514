"""Functions that sleep, are under way for long, or have failed."""

from __future__ import annotations

import time
from typing import Any

import boto3
from botocore.config import Config

from lab.pace import paced
from tests.lab.making import Function, refused


def put(live: Function, state: str) -> None:
    arn = live.api.get_function(FunctionName=live.name)["Configuration"]["FunctionArn"]
    live.api.tag_resource(Resource=arn, Tags={"lab:state": state})


def state(live: Function, qualifier: str = "$LATEST") -> dict[str, Any]:
    found: dict[str, Any] = live.api.get_function(FunctionName=live.name, Qualifier=qualifier)
    assert "lab:state" not in found.get("Tags", {})
    configuration: dict[str, Any] = found["Configuration"]
    return configuration


def test_a_version_that_sleeps_is_woken_by_a_call_that_fails(live: Function) -> None:
    live.publish()
    put(live, "1:Inactive")
    assert (state(live, "1")["State"], state(live, "1")["StateReasonCode"]) == ("Inactive", "Idle")
    call = {"FunctionName": live.name, "Qualifier": "1"}
    once = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    with paced(update=0.3):
        assert refused(once.invoke, **call) == ("ResourceNotReadyException", 502)
    assert state(live, "1")["State"] == "Pending"
    assert refused(live.api.invoke, **call) == ("ResourceConflictException", 409)
    time.sleep(0.4)
    assert state(live, "1")["State"] == "Active"
    assert live.call("1")[0] is None


def test_a_function_is_under_way_for_as_long_as_told(live: Function) -> None:
    for wanted in ("Pending", "InProgress"):
        before = state(live)
        put(live, f"{wanted}:0.4")
        change = {"FunctionName": live.name, "MemorySize": 256}
        refusal = refused(live.api.update_function_configuration, **change)
        assert refusal == ("ResourceConflictException", 409)
        assert wanted in (state(live)["State"], state(live)["LastUpdateStatus"])
        time.sleep(0.5)
        after = state(live)
        assert (after["State"], after["LastUpdateStatus"]) == ("Active", "Successful")
        assert after["RevisionId"] != before["RevisionId"]


def test_a_function_that_has_failed_can_be_deleted_only(live: Function) -> None:
    put(live, "Failed")
    named = {"FunctionName": live.name}
    for call, more in (
        (live.api.update_function_configuration, {"MemorySize": 256}),
        (live.api.publish_version, {}),
        (live.api.create_alias, {"Name": "live", "FunctionVersion": "$LATEST"}),
    ):
        assert refused(call, **named, **more) == ("ResourceConflictException", 409)
    live.api.delete_function(**named)
