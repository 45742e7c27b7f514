"""Aliases with provisioned concurrency."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.pace import paced
from tests.lab.making import Function, refused


@pytest.fixture
def alias(live: Function) -> dict[str, str]:
    """An alias of version 1 with provisioned concurrency, and a version 2."""
    live.publish()
    named = {"FunctionName": live.name, "Name": "live"}
    live.api.create_alias(FunctionVersion="1", **named)
    provision(live)
    live.update("two")
    live.publish()
    return named


def provision(live: Function) -> None:
    live.api.put_provisioned_concurrency_config(
        FunctionName=live.name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )


def weights(live: Function, alias: dict[str, str]) -> Any:
    found = live.api.get_alias(**alias)
    return (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})


def test_the_version_before_serves_until_the_next_one_is_ready(
    live: Function, alias: dict[str, str]
) -> None:
    with paced(provisioned=0.5):
        moved = live.api.update_alias(FunctionVersion="2", **alias)
    assert (moved["FunctionVersion"], weights(live, alias)) == ("2", {"1": 1.0})
    assert live.call("live")[1]["body"] == "one"
    time.sleep(0.6)
    assert weights(live, alias) == {}
    assert live.call("live")[1]["body"] == "two"
    assert live.api.get_alias(**alias)["RevisionId"] != moved["RevisionId"]


def test_an_alias_with_weights_gets_none(live: Function, alias: dict[str, str]) -> None:
    live.api.update_alias(RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}, **alias)
    change = {
        "FunctionName": live.name,
        "Qualifier": "live",
        "ProvisionedConcurrentExecutions": 2,
    }
    refusal = refused(live.api.put_provisioned_concurrency_config, **change)
    assert refusal == ("InvalidParameterValueException", 400)


def test_an_alias_without_it_moves_at_once(live: Function, alias: dict[str, str]) -> None:
    live.api.delete_provisioned_concurrency_config(FunctionName=live.name, Qualifier="live")
    live.api.update_alias(FunctionVersion="2", **alias)
    assert weights(live, alias) == {}
