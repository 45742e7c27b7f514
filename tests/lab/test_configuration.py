"""What a function was configured with comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.making import Function, code, refused

NAMES = ("EphemeralStorage", "TracingConfig", "LoggingConfig", "VpcConfig")
GIVEN: dict[str, Any] = {
    "EphemeralStorage": {"Size": 1024},
    "TracingConfig": {"Mode": "Active"},
    "LoggingConfig": {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "DEBUG",
        "SystemLogLevel": "WARN",
        "LogGroup": "/probes",
    },
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}


def defaults(name: str) -> dict[str, dict[str, Any]]:
    """What AWS says of a function that was given nothing."""
    return {
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    }


def configured(function: Function, **qualifier: str) -> dict[str, Any]:
    """What both APIs tell of these settings, but for what AWS adds to a VpcConfig."""
    told = function.api.get_function_configuration(FunctionName=function.name, **qualifier)
    whole = function.api.get_function(FunctionName=function.name, **qualifier)["Configuration"]
    assert {name: told[name] for name in NAMES} == {name: whole[name] for name in NAMES}
    told["VpcConfig"].pop("VpcId")
    return {name: told[name] for name in NAMES}


@pytest.mark.lab
def test_what_was_created_comes_back(function: Function) -> None:
    function.create(**GIVEN)
    assert configured(function) == GIVEN


def test_what_was_not_given_has_defaults(live: Function) -> None:
    assert configured(live) == defaults(live.name)


@pytest.mark.lab
def test_an_update_leaves_the_versions_as_they_were(live: Function) -> None:
    first = live.publish()
    live.api.update_function_configuration(FunctionName=live.name, **GIVEN)
    live.settle()
    second = live.publish()
    live.api.update_function_configuration(FunctionName=live.name, **defaults(live.name))
    live.settle()
    assert configured(live, Qualifier=first) == defaults(live.name)
    assert configured(live, Qualifier=second) == GIVEN
    assert configured(live) == defaults(live.name)


def test_a_partial_logging_config_is_completed(live: Function) -> None:
    live.api.update_function_configuration(
        FunctionName=live.name, LoggingConfig={"LogFormat": "JSON"}
    )
    live.settle()
    assert configured(live)["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": f"/aws/lambda/{live.name}",
    }


@pytest.mark.parametrize("level", ["ApplicationLogLevel", "SystemLogLevel"])
@pytest.mark.parametrize("text", [{"LogFormat": "Text"}, {}])
def test_a_level_of_a_text_log_is_refused(live: Function, level: str, text: dict[str, str]) -> None:
    asked = {**text, level: "WARN"}
    wanted = ("InvalidParameterValueException", 400)
    update = live.api.update_function_configuration
    assert refused(update, FunctionName=live.name, LoggingConfig=asked) == wanted
    assert refused(Function(f"{live.name}-new").create, LoggingConfig=asked) == wanted


def test_a_json_log_becomes_text_without_its_levels(live: Function) -> None:
    for given in ({"LogFormat": "JSON"}, {"LogFormat": "Text"}):
        live.api.update_function_configuration(FunctionName=live.name, LoggingConfig=given)
        live.settle()
    assert configured(live)["LoggingConfig"] == defaults(live.name)["LoggingConfig"]


@pytest.mark.lab  # a key and a network of its own cost something
def test_what_is_not_given_again_with_the_code_or_the_network_is_lost(live: Function) -> None:
    key = "arn:aws:kms:us-east-1:000000000000:key/code"
    network = GIVEN["VpcConfig"]

    def told() -> tuple[str | None, bool]:
        live.settle()
        whole = live.api.get_function(FunctionName=live.name)
        vpc = whole["Configuration"]["VpcConfig"]
        return whole["Code"].get("SourceKMSKeyArn"), vpc.get("Ipv6AllowedForDualStack", False)

    update = live.api.update_function_code
    update(FunctionName=live.name, ZipFile=code("two"), SourceKMSKeyArn=key)
    live.settle()
    live.api.update_function_configuration(
        FunctionName=live.name, VpcConfig={**network, "Ipv6AllowedForDualStack": True}
    )
    assert told() == (key, True)
    update(FunctionName=live.name, ZipFile=code("three"), DryRun=True)
    live.api.update_function_configuration(FunctionName=live.name, Timeout=9)
    assert told() == (key, True)
    update(FunctionName=live.name, ZipFile=code("three"))
    live.settle()
    live.api.update_function_configuration(FunctionName=live.name, VpcConfig=network)
    assert told() == (None, False)


def test_tags(function: Function) -> None:
    arn = function.create(Tags={"team": "a", "stage": "x"})["FunctionArn"]
    function.api.tag_resource(Resource=arn, Tags={"stage": "y", "owner": "b"})
    function.api.untag_resource(Resource=arn, TagKeys=["team", "absent"])
    wanted = {"stage": "y", "owner": "b"}
    assert function.api.list_tags(Resource=arn)["Tags"] == wanted
    assert function.api.get_function(FunctionName=function.name)["Tags"] == wanted


@pytest.mark.parametrize(
    "beyond",
    [{"Timeout": 901}, {"MemorySize": 10_241}, {"EphemeralStorage": {"Size": 10_241}}],
)
def test_what_is_beyond_the_quotas_is_refused(live: Function, beyond: dict[str, Any]) -> None:
    update = live.api.update_function_configuration
    assert refused(update, FunctionName=live.name, **beyond) == ("ValidationException", 400)
