"""Stacks that somebody else changes at the same time: who comes second says so; theirs stays."""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Run, faults

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Word: {Type: String}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.11
      Environment: {Variables: {WORD: !Ref Word}}
"""
CONFIG = """\
stack:
  template: template.yaml
  name: {stack}
  capabilities: [CAPABILITY_IAM]
  parameters: {{Word: one}}
  tests: {{Greeter: [answers]}}
artifacts: {{bucket: stack-artifacts, create: true}}
tests:
  answers: {{invoke: {{}}, json: {{word: one}}, within: 5s}}
"""
CODE = """\
import os
def handler(event, context):
    return {"word": os.environ["WORD"]}
"""
REFUSED = {
    "operation": "ExecuteChangeSet",
    "times": 1,
    "status": 400,
    "headers": {"content-type": "text/xml"},
    "body": "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeSetStatus</Code><Message>"
    "cannot be executed in its current execution status of [OBSOLETE]</Message></Error>"
    "</ErrorResponse>",
}

BUSY = REFUSED | {  # as told in aws-dotnet-deploy's issue 689; updates of the lab take no time
    "operation": "CreateChangeSet",
    "body": "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack:"
    "arn is in UPDATE_IN_PROGRESS state and can not be updated.</Message></Error></ErrorResponse>",
}


@pytest.fixture
def api() -> Any:
    """The CloudFormation API."""
    return boto3.client("cloudformation")


@pytest.fixture
def project(tmp_path: Path, api: Any) -> Iterator[Project]:
    """A stack of one function, not deployed yet."""
    stack = f"theirs-{secrets.token_hex(4)}"
    project = Project(tmp_path / stack)
    project.write("template.yaml", TEMPLATE)
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    project.write("src/app.py", CODE)
    yield project
    api.delete_stack(StackName=stack)


def described(api: Any, project: Project, word: str) -> None:
    """Hold the stack against what its parameter should be; nothing else is on its way to it."""
    name = project.root.name
    (stack,) = api.describe_stacks(StackName=name)["Stacks"]
    assert [each["ParameterValue"] for each in stack["Parameters"]] == [word]
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    sets = api.list_change_sets(StackName=name)["Summaries"]
    assert {each["ExecutionStatus"] for each in sets} <= {"EXECUTE_COMPLETE"}


def theirs(api: Any, project: Project, word: str) -> None:
    """Somebody else gives the stack another parameter."""
    name = project.root.name
    given = {"ParameterKey": "Word", "ParameterValue": word}
    wants = {"UsePreviousTemplate": True, "Capabilities": ["CAPABILITY_IAM"]}
    api.update_stack(StackName=name, Parameters=[given], **wants)
    while api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] != "UPDATE_COMPLETE":
        time.sleep(0.05)


def passes(project: Project, word: str) -> None:
    """Another run notes that the state with this parameter has passed its tests."""
    s3, bucket = boto3.client("s3"), "stack-artifacts"
    prefix = f"lambda-fast-deploy/stacks/{project.root.name}/"
    for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
        snapshot = json.load(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"])
        if snapshot.get("parameters") == {"Word": word}:
            body = json.dumps({**snapshot, "back": None, "going": False})
            s3.put_object(Bucket=bucket, Key=each["Key"], Body=body)


def held_at(operation: str) -> AbstractContextManager[object]:
    """A call that is not carried out as long as the block lasts."""
    return faults({"operation": operation, "times": 1, "held": True})


def until_met() -> None:
    """Wait until a call has met the fault that is waiting for it."""
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/faults"
    while not json.load(urllib.request.urlopen(address))["done"]:
        time.sleep(0.02)


def second(run: Run, project: Project) -> None:
    """Hold a run against what it should say when somebody else was faster."""
    assert run.code == 1
    assert f": stack {project.root.name} was changed outside this run while" in run.log
    assert "every resource is up to date" not in run.log
    assert [each["left"] for each in run.report["functions"]] in ([], [[]])


def test_who_updates_the_stack_before_the_change_set_is_executed_has_it(
    project: Project, api: Any
) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: ours")
    with ThreadPoolExecutor(1) as pool:
        with held_at("ExecuteChangeSet"):
            going = pool.submit(project.deploy)
            until_met()
            theirs(api, project, "theirs")
        run = going.result()
    second(run, project)
    described(api, project, "theirs")


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("held", ["DescribeChangeSet", "ExecuteChangeSet"])
def test_of_two_deployments_at_once_the_slower_one_says_so(
    project: Project, api: Any, tmp_path: Path, is_new: bool, held: str
) -> None:
    if not is_new:
        assert project.deploy().code == 0
    other = Project(tmp_path / project.root.name / "other")
    for name in ("lambda-deploy.yml", "src/app.py"):
        other.write(name, (project.root / name).read_text())
    other.write("template.yaml", TEMPLATE)
    other.edit("template.yaml", "Runtime", "Description: theirs\n      Runtime")
    project.edit("template.yaml", "Runtime", "Description: ours\n      Runtime")
    with ThreadPoolExecutor(1) as pool:
        with held_at(held):
            going = pool.submit(project.deploy)
            until_met()
            assert other.deploy().code == 0
        run = going.result()
    second(run, project)
    described(api, project, "one")
    body = api.get_template(StackName=project.root.name)["TemplateBody"]
    assert body["Resources"]["Greeter"]["Properties"]["Description"] == "theirs"
    assert "nothing to do" in other.deploy().log


@pytest.mark.parametrize("refusal", [REFUSED, BUSY], ids=["executed", "created"])
def test_a_change_set_that_is_refused_has_changed_nothing(
    project: Project, api: Any, refusal: dict[str, Any]
) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: ours")
    with faults(refusal):
        second(project.deploy(), project)
    described(api, project, "one")


def test_an_undo_that_is_refused_is_left(project: Project, api: Any) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: bad")
    with faults(REFUSED | {"skip": 1}):
        run = project.deploy()
    assert run.code == 4
    assert "previous state" not in run.log
    described(api, project, "bad")
    assert project.deploy().code == 1  # its test has not passed
    described(api, project, "one")


def test_what_somebody_else_deploys_during_the_tests_is_not_undone(
    project: Project, api: Any
) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: bad")
    project.edit("lambda-deploy.yml", "within: 5s", "within: 20s")
    with ThreadPoolExecutor(1) as pool:
        with held_at("Invoke"):
            going = pool.submit(project.deploy)
            until_met()
            theirs(api, project, "theirs")
        run = going.result()
    assert run.code == 1
    assert "previous state" not in run.log
    says = "kept, because another deployment has changed it since"
    assert run.function["spared"] == [f"stack {project.root.name}: {says}"]
    described(api, project, "theirs")


def test_a_template_beyond_ascii_is_the_same_when_it_is_read_back(project: Project) -> None:
    project.edit("template.yaml", "Type: String", "Type: String, Description: Wörter für Grüße")
    project.edit("template.yaml", "Runtime", "Description: Grüße ☺\n      Runtime")
    assert project.deploy().code == 0
    again = project.deploy()
    assert "nothing to do" in again.log
    assert "CreateChangeSet" not in again.changes
    project.edit("lambda-deploy.yml", "Word: one", "Word: zwölf")
    project.edit("lambda-deploy.yml", "word: one", "word: zwölf")
    assert project.deploy().code == 0


def test_a_rollback_returns_to_a_state_that_has_passed_during_the_next_deploy(
    project: Project, api: Any
) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: two")
    with faults(REFUSED | {"skip": 1}):
        assert project.deploy().code == 4
    described(api, project, "two")  # under test
    project.edit("lambda-deploy.yml", "Word: two", "Word: three")
    project.edit("lambda-deploy.yml", "word: one", "word: three")
    with ThreadPoolExecutor(1) as pool:
        with held_at("Invoke"):
            going = pool.submit(project.deploy)
            until_met()
            passes(project, "two")
        assert going.result().code == 0
    project.edit("lambda-deploy.yml", "word: three", "word: two")
    assert project.run("rollback").code == 0
    described(api, project, "two")


def test_a_failed_state_does_not_come_back_with_the_rollback_of_cloudformation(
    project: Project, api: Any
) -> None:
    assert project.deploy().code == 0
    project.edit("lambda-deploy.yml", "Word: one", "Word: two")
    with faults(REFUSED | {"skip": 1}):
        assert project.deploy().code == 4
    described(api, project, "two")  # its tests have failed
    project.edit("lambda-deploy.yml", "Word: two", "Word: three")
    role = "arn:aws:iam::000000000000:role/absent"
    project.edit("template.yaml", "Runtime", f"Role: {role}\n      Runtime")
    run = project.deploy()
    assert run.code == 1
    assert "has the state that last passed its tests" in run.log
    name = project.root.name
    (stack,) = api.describe_stacks(StackName=name)["Stacks"]
    assert [each["ParameterValue"] for each in stack["Parameters"]] == ["one"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
