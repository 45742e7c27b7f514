"""What Lambda is busy with is waited for, and nobody is blamed for it."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.lab.making import archive, policy
from tests.support import Project, Run, faults, get

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    tests: [health]
tests:
  health: {{http: /health, json: {{status: ok}}, within: 4s}}
"""
GOOD = """\
import json
VERSION = "{version}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "version": VERSION}})}}
"""
BEHIND_THE_URL = """\
def handler(event, context):
    if event["requestContext"]["apiId"] != "lambda-fast-deploy":
        return {"statusCode": 500, "body": "only behind the URL"}
    return {"statusCode": 200, "body": "{\\"status\\": \\"ok\\"}"}
"""
NEW_ROLE = "The role defined for the function cannot be assumed by Lambda."


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", GOOD.format(version="one"))
    return made


def deployed(project: Project, version: str) -> Run:
    """A deploy of code that says which version it is."""
    project.write("src/app.py", GOOD.format(version=version))
    run = project.deploy()
    assert run.code == 0
    return run


def create(aws: Any, name: str) -> None:
    """A function that somebody else has made."""
    aws.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=os.environ["LAB_ROLE_ARN"],
        Code={"ZipFile": archive({"app.py": "def handler(event, context): return {}\n"})},
    )
    aws.get_waiter("function_active_v2").wait(FunctionName=name)


def put(aws: Any, name: str, state: str) -> None:
    """Let the lab put a function, or one version, in a state."""
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    aws.tag_resource(Resource=arn, Tags={"lab:state": state})


def served(aws: Any, name: str) -> str:
    """The version that users of the alias have."""
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert not alias.get("RoutingConfig")
    return str(alias["FunctionVersion"])


@pytest.mark.parametrize(
    ("state", "seconds"), [("Pending", 60.0), ("InProgress", 12.0)], ids=["pending", "updating"]
)
def test_a_function_that_somebody_else_is_making_is_waited_for(
    project: Project, name: str, aws: Any, state: str, seconds: float
) -> None:
    """Sixty seconds are more than the tries of a change would last."""
    create(aws, name)
    put(aws, name, f"{state}:{seconds}")
    begun = time.monotonic()
    run = project.deploy()
    assert run.code == 0
    assert time.monotonic() - begun > seconds
    doing = "Pending (Creating)" if state == "Pending" else "being updated"
    assert f"waiting: {name} is {doing}" in run.log
    assert "another deployment" not in run.log
    assert get(run.function["url"])[1]["version"] == "one"


def test_a_function_that_has_failed_is_told_with_what_to_do(
    project: Project, name: str, aws: Any
) -> None:
    create(aws, name)
    put(aws, name, "Failed")
    run = project.deploy()
    assert (run.code, run.changes) == (3, [])
    assert f"function {name} in" in run.log
    assert "is in state Failed: its creation failed: The subnet does not exist." in run.log
    assert f"aws lambda delete-function --function-name {name}" in run.log


def test_a_function_that_fails_while_it_is_waited_for_is_told_with_what_to_do(
    project: Project, name: str, aws: Any
) -> None:
    create(aws, name)
    put(aws, name, "Pending:30")
    threading.Timer(3, put, (aws, name, "Failed")).start()
    run = project.deploy()
    assert run.code == 1
    assert "is in state Failed: its creation failed: The subnet does not exist." in run.log
    assert f"aws lambda delete-function --function-name {name}" in run.log
    assert "UpdateFunctionCode" not in run.changes


def test_a_rollback_wakes_the_version_that_it_leads_to(
    project: Project, name: str, aws: Any
) -> None:
    for version in ("one", "two", "three"):
        run = deployed(project, version)
    put(aws, name, "2:Inactive")
    with paced(update=6):  # longer than the test would wait for an answer
        back = project.run("rollback", name)
    assert back.code == 0
    assert back.function["version"] == "2"
    assert f"Lambda is restoring version 2 of {name}, which was Inactive" in back.log
    assert get(run.function["url"])[1]["version"] == "two"


def test_a_rollback_passes_over_no_version_that_it_may_not_wake(
    project: Project, name: str, aws: Any
) -> None:
    """What a deployer may not do says nothing of the version."""
    project.edit("lambda-deploy.yml", "    tests: [health]\n", "")
    for version in ("one", "two", "three"):
        deployed(project, version)
    put(aws, name, "2:Inactive")
    iam, user = boto3.client("iam"), f"{name}-deployer"
    iam.create_user(UserName=user)
    denied = {"Effect": "Deny", "Action": "lambda:InvokeFunction", "Resource": "*"}
    allowed = policy(("lambda:*", "*"), denied)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=allowed)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    run = project.run(
        "rollback",
        AWS_ACCESS_KEY_ID=key["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
    )
    assert run.code == 1
    assert "no permission for lambda:InvokeFunction" in run.log
    assert served(aws, name) == "3"


def test_without_a_change_a_version_that_sleeps_is_woken_before_it_is_tested(
    project: Project, name: str, aws: Any
) -> None:
    deployed(project, "one")
    put(aws, name, "1:Inactive")
    with paced(update=6):
        run = project.deploy("look at it [test-all]")
    assert run.code == 0
    assert run.changes == []


@pytest.fixture
def provisioned(project: Project, name: str, aws: Any) -> str:
    """An alias with provisioned concurrency, that serves version 1; its URL."""
    run = deployed(project, "one")
    aws.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    url: str = run.function["url"]
    return url


def test_an_alias_with_provisioned_concurrency_is_tested_once_it_serves_the_version(
    project: Project, name: str, aws: Any, provisioned: str
) -> None:
    with paced(update=0.1, provisioned=4):
        run = deployed(project, "two")
    assert f"alias live of {name} serves version 1 until version 2 has its provisioned" in run.log
    assert served(aws, name) == "2"
    assert get(provisioned)[1]["version"] == "two"
    again = project.deploy()
    assert (again.code, again.changes) == (0, [])


def test_a_failing_version_is_taken_back_from_an_alias_with_provisioned_concurrency(
    project: Project, name: str, aws: Any, provisioned: str
) -> None:
    project.write("src/app.py", BEHIND_THE_URL)
    with paced(update=0.1, provisioned=3):
        run = project.deploy()
    assert (run.code, run.function["outcome"]) == (1, "rolled-back")
    assert "only behind the URL" in run.log
    assert "another deployment" not in run.log
    assert (run.function["version"], run.function["serves"]) == ("1", "same")
    assert served(aws, name) == "1"
    assert get(provisioned)[1]["version"] == "one"


def test_a_run_that_is_killed_before_the_concurrency_is_there_leaves_no_canary(
    project: Project, name: str, aws: Any, provisioned: str
) -> None:
    """The next run looks while AWS still lets the version before serve."""
    deployed(project, "two")
    alias = {"FunctionName": name, "Name": "live"}
    with paced(update=0.1, provisioned=5):
        aws.update_alias(FunctionVersion="1", **alias)
        time.sleep(5.5)
        aws.update_alias(FunctionVersion="2", **alias)
        run = project.deploy("look at it [test-all]")
    assert (run.code, run.changes) == (0, [])


def test_what_iam_and_lambda_do_not_know_yet_is_waited_for(
    project: Project, name: str, aws: Any
) -> None:
    new_role = {
        "times": 4,
        "status": 400,
        "headers": {"x-amzn-errortype": "InvalidParameterValueException"},
        "body": json.dumps({"Type": "User", "message": NEW_ROLE}),
    }
    unseen = {
        "times": 2,
        "status": 404,
        "headers": {"x-amzn-errortype": "ResourceNotFoundException"},
        "body": json.dumps({"Type": "User", "Message": "Function not found"}),
        "operation": "GetFunction",
        "skip": 2,
    }
    with faults({**new_role, "operation": "CreateFunction"}, unseen) as done:
        assert project.deploy().code == 0
    assert [each["operation"] for each in done].count("GetFunction") == 2
    project.edit("lambda-deploy.yml", "    url:", "    memory: 256\n    url:")
    with faults({**new_role, "operation": "UpdateFunctionConfiguration"}) as done:
        run = project.deploy()
    assert (run.code, len(done)) == (0, 4)
    assert "waiting: lambda:UpdateFunctionConfiguration" in run.log
    assert NEW_ROLE in run.log
