"""A stack whose tests fail, or were never run: what is said of it is what is so."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, read_until

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  ApiKey: {Type: String, NoEcho: true}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.11
      Environment: {Variables: {KEY: !Ref ApiKey}}
"""
CONFIG = """\
stack:
  template: template.yaml
  name: {stack}
  capabilities: [CAPABILITY_IAM]
  parameters: {{ApiKey: "${{API_KEY}}"}}
  tests: {{Greeter: [answers]}}
artifacts: {{bucket: stack-artifacts, create: true}}
tests:
  answers: {{invoke: {{}}, json: {{ok: true}}, within: 4s}}
"""
CODE = """\
import os
def handler(event, context):
    return {"ok": True and os.environ["KEY"].startswith("good"), "says": "one"}
"""
KEPT = (
    "was not restored: CloudFormation does not return NoEcho values; deploy again with the "
    "previous value"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A stack of one function with a key, deployed with a good one."""
    stack = f"honest-{secrets.token_hex(4)}"
    monkeypatch.setenv("API_KEY", "good-but-secret")
    project = Project(tmp_path / stack)
    project.write("template.yaml", TEMPLATE)
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


def answer(aws: Any, project: Project) -> dict[str, Any]:
    """What users get."""
    detail = boto3.client("cloudformation").describe_stack_resource(
        StackName=project.root.name, LogicalResourceId="Greeter"
    )
    name = detail["StackResourceDetail"]["PhysicalResourceId"]
    got = aws.invoke(FunctionName=name)["Payload"].read()
    return dict(json.loads(got))


def left(project: Project) -> list[str]:
    """What is said of a key that users keep."""
    return [f"parameter ApiKey of stack {project.root.name} {KEPT}"]


def killed_in_its_test(project: Project) -> None:
    """Deploy, and be killed when the stack is changed and its test is running."""
    project.edit("lambda-deploy.yml", "within: 4s", "within: 30s")
    with project.deploying() as run:
        read_until(run, "not yet: expected ok")
        run.kill()
    project.edit("lambda-deploy.yml", "within: 30s", "within: 4s")


def test_a_key_that_does_not_come_back_is_left(project: Project, aws: Any) -> None:
    project.edit("src/app.py", "one", "two")
    run = project.deploy(API_KEY="bad")
    assert run.code == 4
    assert run.function["left"] == left(project)
    assert "previous state" not in run.log
    assert answer(aws, project) == {"ok": False, "says": "one"}
    project.edit("src/app.py", "two", "one")
    again = project.deploy(API_KEY="bad")  # what users have has not passed its test
    assert again.code == 4
    assert "its tests have failed, and no snapshot has passed them" in again.function["left"][0]
    assert project.deploy().code == 0
    assert answer(aws, project)["ok"]


def test_a_key_alone_that_does_not_come_back_is_left(project: Project) -> None:
    run = project.deploy(API_KEY="bad")
    assert run.code == 4
    assert run.function["outcome"] == "failed"
    assert run.function["left"] == left(project)
    assert "previous state" not in run.log


def test_a_key_that_is_the_same_is_not_left(project: Project, aws: Any) -> None:
    project.edit("src/app.py", "True and", "False and")
    run = project.deploy()
    assert run.code == 1
    assert run.function["left"] == []
    assert "failed and rolled back, it has its previous state" in run.log
    assert answer(aws, project)["ok"]


def test_a_key_that_another_tool_gave_may_be_left(project: Project) -> None:
    s3, name = boto3.client("s3"), project.root.name
    folder = f"lambda-fast-deploy/stacks/{name}/"
    for each in s3.list_objects_v2(Bucket="stack-artifacts", Prefix=folder)["Contents"]:
        s3.delete_object(Bucket="stack-artifacts", Key=each["Key"])
    project.edit("src/app.py", "True and", "False and")
    run = project.deploy()
    assert run.code == 4
    assert run.function["left"][0].startswith(
        f"parameter ApiKey of stack {name} may be not restored: "
    )
    assert project.deploy().code == 1  # by now it is known


def test_no_key_is_kept_but_what_tells_whether_it_is_the_same(project: Project) -> None:
    s3, folder = boto3.client("s3"), f"lambda-fast-deploy/stacks/{project.root.name}/"
    found = s3.list_objects_v2(Bucket="stack-artifacts", Prefix=folder)["Contents"]
    texts = [
        s3.get_object(Bucket="stack-artifacts", Key=each["Key"])["Body"].read().decode()
        for each in found
    ]
    assert any("ApiKey" in json.loads(text).get("digests", {}) for text in texts)
    assert not any("good-but-secret" in text for text in texts)


def test_a_rollback_says_that_keys_stay(project: Project) -> None:
    stays = "NoEcho values are not stored, so these are unchanged: ApiKey"
    assert project.deploy(API_KEY="good as well").code == 0
    run = project.run("rollback")
    assert run.code == 2
    assert stays in run.log
    project.edit("src/app.py", "one", "two")
    assert project.deploy(API_KEY="good as well").code == 0
    run = project.run("rollback")
    assert run.code == 0
    assert stays in run.log


def test_what_a_killed_run_left_is_tested_and_goes_back(project: Project, aws: Any) -> None:
    project.edit("src/app.py", "True and", "False and")
    killed_in_its_test(project)
    assert not answer(aws, project)["ok"]
    plan = project.run("plan")
    assert plan.actions["test:Greeter:answers"] == "test"
    run = project.deploy()
    assert run.code == 1
    assert "failed and rolled back, it has the state that last passed its tests" in run.log
    assert answer(aws, project)["ok"]
    project.edit("src/app.py", "False and", "True and")
    assert project.deploy().function["outcome"] == "unchanged"


def test_what_a_killed_run_left_and_that_passes_is_tested_once(project: Project) -> None:
    project.edit("src/app.py", "one", "two")
    project.edit("lambda-deploy.yml", "ok: true", "ok: false")
    killed_in_its_test(project)
    project.edit("lambda-deploy.yml", "ok: false", "ok: true")
    run = project.deploy()
    assert run.code == 0
    assert run.actions["test:Greeter:answers"] == "test"
    again = project.deploy()
    assert again.actions["test:Greeter:answers"] == "skip"


def test_a_change_after_a_killed_run_goes_back_to_what_passed(project: Project, aws: Any) -> None:
    project.edit("src/app.py", "True and", "False and")
    killed_in_its_test(project)
    project.edit("src/app.py", "one", "two")
    run = project.deploy()
    assert run.code == 1
    assert answer(aws, project) == {"ok": True, "says": "one"}


def test_a_first_deploy_that_was_killed_is_tested_and_has_no_way_back(project: Project) -> None:
    api, name = boto3.client("cloudformation"), project.root.name
    api.delete_stack(StackName=name)
    api.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    project.edit("src/app.py", "True and", "False and")
    killed_in_its_test(project)
    run = project.deploy()
    assert run.code == 4
    says = "its tests have failed, and no snapshot has passed them"
    assert run.function["left"] == [f"stack {name}: {says}"]


def test_a_change_of_outputs_alone_is_deployed(project: Project) -> None:
    with (project.root / "template.yaml").open("a") as template:
        template.write("Outputs: {Word: {Value: one}}\n")
    assert project.run("plan").actions[f"stack:{project.root.name}"] == "update"
    run = project.deploy()
    assert run.code == 0
    assert run.function["outputs"] == {"Word": "one"}
    assert project.deploy().function["outcome"] == "unchanged"
    project.edit("template.yaml", "Value: one", "Value: two")
    project.edit("lambda-deploy.yml", "ok: true", "ok: false")
    failed = project.deploy()
    assert failed.code == 1
    assert "failed and rolled back, it has its previous state" in failed.log
