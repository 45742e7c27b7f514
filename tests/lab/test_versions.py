"""Versions and aliases."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, code, refused


def test_the_same_content_is_the_same_version(live: Function) -> None:
    assert live.publish() == live.publish() == "1"
    live.update("two")
    assert live.publish() == "2"
    live.update("two")
    assert live.publish() == "2"
    live.api.update_function_configuration(FunctionName=live.name, Description="other")
    live.settle()
    assert live.publish() == "3"


def test_updating_with_publish_returns_the_version(live: Function) -> None:
    live.publish()
    answer = live.api.update_function_code(
        FunctionName=live.name, ZipFile=code("two"), Publish=True
    )
    assert answer["Version"] == "2"
    assert answer["FunctionArn"].endswith(f":{live.name}:2")
    live.settle()
    again = live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"), Publish=True)
    assert again["Version"] == "2"


def test_publishing_checks_what_it_publishes(live: Function) -> None:
    publish, name = live.api.publish_version, live.name
    assert refused(publish, FunctionName=name, CodeSha256="AAAA")[0] == (
        "InvalidParameterValueException"
    )
    assert refused(publish, FunctionName=name, RevisionId="0" * 36)[0] == (
        "PreconditionFailedException"
    )


def test_a_version_keeps_its_environment(live: Function) -> None:
    live.publish()
    live.api.update_function_configuration(
        FunctionName=live.name, Environment={"Variables": {"VARIABLE": "new"}}
    )
    live.settle()
    assert live.call("1")[1]["variable"] is None
    assert live.call()[1]["variable"] == "new"


def test_an_alias_points_at_a_version_that_exists(live: Function) -> None:
    absent = {"FunctionName": live.name, "Name": "live", "FunctionVersion": "7"}
    assert refused(live.api.create_alias, **absent) == ("ResourceNotFoundException", 404)
    live.publish()
    live.api.create_alias(**{**absent, "FunctionVersion": "1"})
    assert refused(live.api.update_alias, **absent) == ("ResourceNotFoundException", 404)


def test_weights_are_followed(live: Function) -> None:
    live.publish()
    live.update("two")
    live.publish()
    alias = {"FunctionName": live.name, "Name": "live"}
    live.api.create_alias(
        **alias, FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    assert {live.call("live")[1]["body"] for _ in range(40)} == {"one", "two"}
    for _ in range(10):
        answer = live.api.invoke(FunctionName=live.name, Qualifier="live")
        assert answer["ExecutedVersion"] == json.loads(answer["Payload"].read())["version"]
    live.api.update_alias(
        **alias, FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert {live.call("live")[1]["body"] for _ in range(10)} == {"two"}
    assert (
        refused(
            live.api.update_alias, **alias, RoutingConfig={"AdditionalVersionWeights": {"1": 1.5}}
        )[0]
        == "InvalidParameterValueException"
    )


def test_weights_are_of_two_versions_with_one_role(live: Function) -> None:
    live.publish()
    live.update("two")
    live.publish()
    role = boto3.client("iam").create_role(
        RoleName=f"{live.name}-other",
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
    )
    live.api.update_function_configuration(FunctionName=live.name, Role=role["Role"]["Arn"])
    live.settle()
    live.publish()

    def weighted(version: str) -> dict[str, Any]:
        return {"RoutingConfig": {"AdditionalVersionWeights": {version: 0.5}}}

    alias = {"FunctionName": live.name, "Name": "live"}
    invalid = ("InvalidParameterValueException", 400)
    assert refused(live.api.create_alias, **alias, FunctionVersion="2", **weighted("2")) == invalid
    assert refused(live.api.create_alias, **alias, FunctionVersion="2", **weighted("3")) == invalid
    live.api.create_alias(**alias, FunctionVersion="1", **weighted("2"))
    assert refused(live.api.update_alias, **alias, **weighted("1")) == invalid
    assert refused(live.api.update_alias, **alias, **weighted("3")) == invalid
    assert refused(live.api.update_alias, **alias, FunctionVersion="2") == invalid  # weights stay
    live.api.update_alias(**alias, FunctionVersion="3", RoutingConfig={})
    assert live.api.get_alias(**alias)["FunctionVersion"] == "3"


@pytest.mark.lab
def test_weights_are_of_two_versions_with_one_dead_letter_queue(live: Function) -> None:
    live.publish()
    arn = "arn:aws:sqs:us-east-1:000000000000:lost"
    live.api.update_function_configuration(
        FunctionName=live.name, DeadLetterConfig={"TargetArn": arn}
    )
    live.settle()
    live.publish()
    refusal = refused(
        live.api.create_alias,
        FunctionName=live.name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    assert refusal == ("InvalidParameterValueException", 400)


def test_a_stale_revision_of_an_alias_is_refused(live: Function) -> None:
    live.publish()
    alias = {"FunctionName": live.name, "Name": "live"}
    first = live.api.create_alias(**alias, FunctionVersion="1")["RevisionId"]
    second = live.api.update_alias(**alias, Description="x", RevisionId=first)["RevisionId"]
    assert refused(live.api.update_alias, **alias, Description="y", RevisionId=first) == (
        "PreconditionFailedException",
        412,
    )
    found = live.api.get_alias(**alias)
    assert (found["Description"], found["RevisionId"]) == ("x", second)


def test_the_routing_of_an_alias_comes_back_until_it_is_cleared(live: Function) -> None:
    live.publish()
    live.update("two")
    live.publish()
    alias = {"FunctionName": live.name, "Name": "live"}
    weights = {"AdditionalVersionWeights": {"2": 0.25}}
    live.api.create_alias(**alias, FunctionVersion="1", RoutingConfig=weights)
    assert live.api.get_alias(**alias)["RoutingConfig"] == weights
    live.api.update_alias(**alias, Description="routing is left alone")
    assert live.api.get_alias(**alias)["RoutingConfig"] == weights
    live.api.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in live.api.get_alias(**alias)


def test_deleting_one_version_leaves_the_others(live: Function) -> None:
    live.publish()
    live.update("two")
    live.publish()
    live.api.create_alias(FunctionName=live.name, Name="live", FunctionVersion="2")
    delete, name = live.api.delete_function, live.name
    assert refused(delete, FunctionName=name, Qualifier="2") == ("ResourceConflictException", 409)
    delete(FunctionName=name, Qualifier="1")
    left = live.api.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in left] == ["$LATEST", "2"]
    assert live.call("live")[1]["body"] == "two"


def test_every_version_of_every_function_is_listed_when_asked(live: Function) -> None:
    for says in ("two", "three"):
        live.publish()
        live.update(says)
    pages = live.api.get_paginator("list_functions").paginate(
        FunctionVersion="ALL", PaginationConfig={"PageSize": 2}
    )
    found = [each for page in pages for each in page["Functions"]]
    mine = [each["Version"] for each in found if each["FunctionName"] == live.name]
    assert mine == ["$LATEST", "1", "2"]
    latest = live.api.list_functions()["Functions"]
    assert {each["Version"] for each in latest} == {"$LATEST"}
