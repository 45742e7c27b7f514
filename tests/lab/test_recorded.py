"""Answers that were recorded of AWS (recorded.toml, where their sources are)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.recorded import answers, is_answer
from tests.lab.making import Function, archive, code, until

Scenario = Callable[[Function], Any]


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Message"])


def logged(live: Function, *formats: str) -> Any:
    """What is told of the logs of a function that got these formats in turn."""
    for each in formats:
        live.api.update_function_configuration(
            FunctionName=live.name, LoggingConfig={"LogFormat": each}
        )
        live.settle()
    return live.api.get_function_configuration(FunctionName=live.name)["LoggingConfig"]


def zip_too_large(live: Function) -> str:
    content = archive({"app.py": "", "noise": os.urandom(52_428_800)})
    return refusal(live.api.update_function_code, FunctionName=live.name, ZipFile=content)


def same_version_twice(live: Function) -> str:
    live.publish()
    routing = {"AdditionalVersionWeights": {"1": 0.5}}
    named = {"FunctionName": live.name, "Name": "live", "FunctionVersion": "1"}
    return refusal(live.api.create_alias, **named, RoutingConfig=routing)


def busy(live: Function) -> str:
    live.api.update_function_code(FunctionName=live.name, ZipFile=code("two"))
    return refusal(live.api.update_function_code, FunctionName=live.name, ZipFile=code("x"))


def proposed(name: str, kind: str) -> dict[str, Any]:
    """A change set of a topic, made and described."""
    api = boto3.client("cloudformation")
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    named = {"StackName": name, "ChangeSetName": f"of-{kind.lower()}"}
    api.create_change_set(**named, ChangeSetType=kind, TemplateBody=body)

    def found() -> dict[str, Any]:
        return dict(api.describe_change_set(**named))

    until(lambda: found()["Status"] in ("CREATE_COMPLETE", "FAILED"), "the change set")
    return found()


def nothing_to_change(live: Function) -> str:
    api = boto3.client("cloudformation")
    made = proposed(live.name, "CREATE")
    api.execute_change_set(StackName=live.name, ChangeSetName=made["ChangeSetId"])

    def is_made() -> bool:
        (stack,) = api.describe_stacks(StackName=live.name)["Stacks"]
        return bool(stack["StackStatus"] == "CREATE_COMPLETE")

    until(is_made, "the stack")
    return str(proposed(live.name, "UPDATE")["StatusReason"])


def summary_of_a_name(live: Function) -> str:
    proposed(live.name, "CREATE")
    return refusal(boto3.client("cloudformation").get_template_summary, StackName=live.name)


def alias_exists(live: Function) -> str:
    live.publish()
    named = {"FunctionName": live.name, "Name": "live", "FunctionVersion": "1"}
    live.api.create_alias(**named)
    return refusal(live.api.create_alias, **named)


def statement_exists(live: Function) -> str:
    live.open_url()
    asked = {"StatementId": "url", "Action": "lambda:InvokeFunction", "Principal": "*"}
    return refusal(live.api.add_permission, FunctionName=live.name, **asked)


def stack_exists(live: Function) -> str:
    nothing_to_change(live)
    api = boto3.client("cloudformation")
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    named = {"StackName": live.name, "ChangeSetName": "again", "ChangeSetType": "CREATE"}
    return refusal(api.create_change_set, **named, TemplateBody=body)


SCENARIOS: dict[str, Scenario] = {
    "wrong-hash": lambda live: refusal(
        live.api.publish_version, FunctionName=live.name, CodeSha256="wrong"
    ),
    "stale-revision": lambda live: refusal(
        live.api.publish_version, FunctionName=live.name, RevisionId="wrong"
    ),
    "zip-too-large": zip_too_large,
    "json-defaults": lambda live: logged(live, "JSON"),
    "text-again": lambda live: logged(live, "JSON", "Text"),
    "same-version-twice": same_version_twice,
    "absent-alias": lambda live: refusal(live.api.get_alias, FunctionName=live.name, Name="absent"),
    "busy": busy,
    "nothing-to-change": nothing_to_change,
    "summary-of-a-name": summary_of_a_name,
    "alias-exists": alias_exists,
    "absent-version": lambda live: refusal(
        live.api.get_function, FunctionName=live.name, Qualifier="1221"
    ),
    "statement-exists": statement_exists,
    "template-of-none": lambda live: refusal(
        boto3.client("cloudformation").get_template, StackName=live.name
    ),
    "stack-exists": stack_exists,
}


@pytest.mark.parametrize("name_of_answer", answers())
def test_what_was_recorded_is_answered(live: Function, name_of_answer: str) -> None:
    answered = SCENARIOS[name_of_answer](live)
    assert is_answer(answers()[name_of_answer]["is"], answered), answered
