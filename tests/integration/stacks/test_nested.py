"""A stack inside another, from local templates; the bucket is the SAM CLI's own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project

OUTER = """\
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner/template.yaml, Parameters: {Greeting: hello}}
Outputs:
  Function: {Value: !GetAtt Inner.Outputs.Function}
"""
INNER = """\
Parameters: {Greeting: {Type: String}}
Resources:
  Greeter:
    Type: AWS::Lambda::Function
    Properties:
      Code: src
      Handler: app.handler
      Runtime: python3.11
      Role: !Sub arn:aws:iam::${AWS::AccountId}:role/lambda-execution
      Environment: {Variables: {GREETING: !Ref Greeting}}
Outputs:
  Function: {Value: !Ref Greeter}
"""
CODE = 'import os\ndef handler(event, context):\n    return os.environ["GREETING"] + " one"\n'


@pytest.fixture
def stack() -> str:
    """A stack's name that no other test uses."""
    return f"outer-{secrets.token_hex(4)}"


@pytest.fixture
def project(tmp_path: Path, stack: str) -> Iterator[Project]:
    """A repository of a team that has deployed by the SAM CLI."""
    project = Project(tmp_path / "project")
    project.write("template.yaml", OUTER)
    project.write("inner/template.yaml", INNER)
    project.write("inner/src/app.py", CODE)
    says = f'[default.deploy.parameters]\nstack_name = "{stack}"\nresolve_s3 = true\n'
    project.write("samconfig.toml", says)
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


@pytest.fixture
def managed() -> Iterator[str]:
    """The stack in which the SAM CLI keeps its bucket."""
    api, name = boto3.client("cloudformation"), "aws-sam-cli-managed-default"
    body = {
        "Resources": {"SamCliSourceBucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"SourceBucket": {"Value": {"Ref": "SamCliSourceBucket"}}},
    }
    api.create_stack(StackName=name, TemplateBody=json.dumps(body))
    api.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    yield api.describe_stacks(StackName=name)["Stacks"][0]["Outputs"][0]["OutputValue"]
    api.delete_stack(StackName=name)


def test_a_bucket_that_sam_never_made_is_told(project: Project) -> None:
    run = project.run("deploy", "--template", "template.yaml")
    assert run.code == 3
    assert "resolve_s3 needs the bucket of stack aws-sam-cli-managed-default" in run.log
    assert "artifacts: {bucket: NAME, create: true}" in run.log
    assert run.changes == []


def test_a_stack_inside_is_deployed_with_its_own_code(
    project: Project, stack: str, managed: str, aws: Any
) -> None:
    run = project.run("deploy", "--template", "template.yaml")
    assert run.code == 0
    assert run.actions["code:Inner/Greeter"] == "build"
    function = run.function["outputs"]["Function"]
    assert json.loads(aws.invoke(FunctionName=function)["Payload"].read()) == "hello one"
    kept = boto3.client("s3").list_objects_v2(Bucket=managed)["Contents"]
    assert any(each["Key"].endswith(".template") for each in kept)
    again = project.run("deploy", "--template", "template.yaml")
    assert again.changes == []
    assert again.actions["code:Inner/Greeter"] == "reuse"
    project.edit("inner/src/app.py", "one", "two")
    changed = project.run("deploy", "--template", "template.yaml")
    assert changed.code == 0
    assert changed.actions["resource:Inner"] == "update"
    assert json.loads(aws.invoke(FunctionName=function)["Payload"].read()) == "hello two"
    role = "role/lambda-execution"
    project.edit("inner/template.yaml", role, "role/absent")
    broken = project.run("deploy", "--template", "template.yaml")
    assert broken.code == 1
    first = broken.function["error"].splitlines()[0]
    assert first.startswith("Greeter (AWS::Lambda::Function): ")
