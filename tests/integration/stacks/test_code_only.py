"""The code of a stack's functions updated past it, and how they come back in line."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Plain:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: plain, Handler: app.handler, Runtime: python3.11}
  Aliased:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: aliased
      Handler: app.handler
      Runtime: python3.11
      AutoPublishAlias: live
      FunctionUrlConfig: {AuthType: AWS_IAM}
"""
CONFIG = """\
stack:
  template: template.yaml
  name: {stack}
  capabilities: [CAPABILITY_IAM]
  tests: {{Plain: [answers], Aliased: [told]}}
artifacts: {{bucket: stack-artifacts, create: true}}
tests:
  answers: {{invoke: {{}}, json: {{ok: true}}, within: 4s}}
  told: {{command: [sh, -c, 'echo "$FUNCTION_ALIAS $FUNCTION_VERSION $FUNCTION_URL $STACK_NAME"']}}
"""
CODE = 'def handler(event, context):\n    return {"ok": True, "says": "one"}\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A stack of two functions, one behind an alias, deployed."""
    stack = f"code-{secrets.token_hex(4)}"
    project = Project(tmp_path / stack)
    project.write("template.yaml", TEMPLATE)
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    project.write("plain/app.py", CODE)
    project.write("aliased/app.py", CODE)
    assert project.deploy().code == 0
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


def says(aws: Any, project: Project, logical: str, qualifier: str = "$LATEST") -> str:
    """What a function answers."""
    detail = boto3.client("cloudformation").describe_stack_resource(
        StackName=project.root.name, LogicalResourceId=logical
    )
    name = detail["StackResourceDetail"]["PhysicalResourceId"]
    answer = aws.invoke(FunctionName=name, Qualifier=qualifier)["Payload"].read()
    return str(json.loads(answer)["says"])


def test_only_the_function_that_changed_is_updated_and_the_drift_is_told(
    project: Project, aws: Any
) -> None:
    project.edit("plain/app.py", "one", "two")
    project.edit("template.yaml", "AutoPublishAlias", "MemorySize: 256\n      AutoPublishAlias")
    plan = project.run("plan", "--code-only")
    assert plan.changes == []
    assert plan.actions["function:Plain"] == "update"
    run = project.run("deploy", "--code-only")
    assert run.code == 0
    assert says(aws, project, "Plain") == "two"
    assert run.changes.count("UpdateFunctionCode") == 1
    assert {"CreateChangeSet", "PublishVersion"} & set(run.changes) == set()
    assert run.function["drifted"] == ["Plain"]
    assert f"stack {project.root.name}: Plain updated directly" in run.log
    assert "Drift: the code of Plain differs from stack" in run.log
    assert "code-only ignores changes other than code: Aliased." in run.log
    assert run.actions["test:Plain:answers"] == "test"
    assert run.actions["test:Aliased:told"] == "skip"
    again = project.run("deploy", "--code-only")
    assert again.function["outcome"] == "unchanged"
    assert again.changes == []
    assert "Drift: the code of Plain differs from stack" in again.log


def test_a_deployment_brings_back_what_was_updated_past_the_stack(
    project: Project, aws: Any
) -> None:
    project.edit("plain/app.py", "one", "two")
    assert project.run("deploy", "--code-only").code == 0
    project.edit("plain/app.py", "two", "one")  # as the stack has it: its template is the same
    run = project.deploy()
    assert run.code == 0
    assert run.function["outcome"] == "deployed"
    assert run.actions["function:Plain"] == "update"
    assert run.actions["test:Plain:answers"] == "test"
    assert says(aws, project, "Plain") == "one"
    assert project.deploy().changes == []


def test_a_failing_test_gives_the_function_its_code_back(project: Project, aws: Any) -> None:
    project.edit("plain/app.py", 'True, "says": "one"', 'False, "says": "two"')
    run = project.run("deploy", "--code-only")
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    assert run.function["rolled_back"] == ["code of Plain", "the record of its drift"]
    assert "expected ok to be true, got false" in run.function["error"]
    assert says(aws, project, "Plain") == "one"
    project.write("plain/app.py", CODE)
    assert project.deploy().changes == []


def test_an_alias_follows_and_the_stack_publishes_its_own_version_later(
    project: Project, aws: Any
) -> None:
    project.edit("aliased/app.py", "one", "two")
    run = project.run("deploy", "--code-only")
    assert run.code == 0
    assert says(aws, project, "Aliased", "live") == "two"
    (test,) = (entry for entry in run.report["work"] if entry["action"] == "test")
    alias, qualifier, url, stack = test["detail"].split()
    assert (alias, qualifier, stack) == ("live", "live", project.root.name)
    assert url.startswith("http")
    project.edit("aliased/app.py", "two", "three")
    assert project.run("deploy", "--code-only").code == 0
    assert says(aws, project, "Aliased", "live") == "three"
    deployed = project.deploy()
    assert deployed.code == 0
    assert says(aws, project, "Aliased", "live") == "three"
    name = next(
        each["PhysicalResourceId"]
        for each in boto3.client("cloudformation").describe_stack_resources(
            StackName=project.root.name
        )["StackResources"]
        if each["LogicalResourceId"] == "Aliased"
    )
    found = aws.list_versions_by_function(FunctionName=name)["Versions"]
    assert "code-only" not in {each["Description"] for each in found}


def test_a_function_that_starts_too_slowly_for_its_budget_gets_its_code_back(
    project: Project, aws: Any
) -> None:
    config = (project.root / "lambda-deploy.yml").read_text()
    project.write("lambda-deploy.yml", f"{config}budgets: {{cold-start: 400ms}}\n")
    project.write("plain/app.py", f"import time\ntime.sleep(0.6)\n{CODE.replace('one', 'two')}")
    run = project.run("deploy", "--code-only")
    assert run.code == 1
    assert "ms to start; the budget is 400 ms" in run.log
    assert says(aws, project, "Plain") == "one"
