"""Environment variables: names, their size, and who may read them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.lab.making import Function, Session, refused

KEY = "arn:aws:kms:us-east-1:000000000000:key/variables"


def set_to(function: Function, variables: dict[str, str], **more: Any) -> None:
    """Give the function these variables, and wait."""
    environment = {"Variables": variables}
    function.api.update_function_configuration(
        FunctionName=function.name, Environment=environment, **more
    )
    function.settle()


@pytest.mark.parametrize(
    ("variable", "code"),
    [
        ("X", "ValidationException"),
        ("_UNDER", "ValidationException"),
        ("WITH-DASH", "ValidationException"),
        ("AWS_REGION", "InvalidParameterValueException"),
        ("_HANDLER", "InvalidParameterValueException"),
    ],
)
def test_names_that_lambda_does_not_take(live: Function, variable: str, code: str) -> None:
    environment = {"Variables": {variable: "x"}}
    update = live.api.update_function_configuration
    assert refused(update, FunctionName=live.name, Environment=environment) == (code, 400)


def test_four_kilobytes_are_measured_as_json(live: Function) -> None:
    fits = 4096 - len('{"LARGE":""}')
    set_to(live, {"LARGE": "x" * fits})
    with pytest.raises(ClientError, match=r'4KB limit\. String measured: {"LARGE":'):
        set_to(live, {"LARGE": "x" * (fits + 1)})


def test_a_customers_key_is_for_those_who_may_decrypt_with_it(
    live: Function, user: Session
) -> None:
    set_to(live, {"PASSWORD": "x"}, KMSKeyArn=KEY)
    version = live.publish()
    everything = ("lambda:*", "*")
    mine = user(everything).client("lambda")

    def told(api: Any) -> list[dict[str, Any]]:
        """What each way of asking tells of the environment."""
        one = {"FunctionName": live.name, "Qualifier": version}
        listed = api.list_versions_by_function(FunctionName=live.name)["Versions"]
        every = api.get_paginator("list_functions").paginate(FunctionVersion="ALL")
        functions = [each for page in every for each in page["Functions"]]
        return [
            api.get_function(**one)["Configuration"]["Environment"],
            api.get_function_configuration(**one)["Environment"],
            *(each["Environment"] for each in listed),
            *(each["Environment"] for each in functions if each["FunctionName"] == live.name),
        ]

    for environment in told(mine):
        assert "Variables" not in environment
        assert environment["Error"]["ErrorCode"] == "AccessDeniedException"
    user(everything, ("kms:Decrypt", KEY))
    assert told(mine) == [{"Variables": {"PASSWORD": "x"}}] * 6
    assert told(boto3.client("lambda")) == told(mine)


def test_who_may_not_read_an_environment_replaces_it(live: Function, user: Session) -> None:
    set_to(live, {"PASSWORD": "x"}, KMSKeyArn=KEY)
    mine = user(("lambda:*", "*")).client("lambda")
    mine.update_function_configuration(
        FunctionName=live.name, Environment={"Variables": {"LEVEL": "debug"}}
    )
    live.settle()
    now = live.api.get_function_configuration(FunctionName=live.name)
    assert now["Environment"]["Variables"] == {"LEVEL": "debug"}
    assert now["KMSKeyArn"] == KEY
