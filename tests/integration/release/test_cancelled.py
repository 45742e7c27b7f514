"""Runs that GitHub cancels: SIGINT, SIGTERM 7.5 s later, and the end 2.5 s after that.

Source: actions/runner, ``src/Runner.Sdk/ProcessInvoker.cs``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.support import Project, Users, read_until

INTERRUPTED = 7.5  # seconds until SIGTERM
CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    environment: {{RELEASE: "{release}"}}
    tests: [health]
tests:
  health: {{http: /health, json: {{status: ok}}, within: {within}}}
"""
CODE = """\
import json
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "{status}", "is": "{release}"}})}}
"""


STACK = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Aliased:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: app.handler, Runtime: python3.11, AutoPublishAlias: live}
"""
OF_STACK = """\
stack: {{template: template.yaml, name: {name}, capabilities: [CAPABILITY_IAM]}}
artifacts: {{bucket: stack-artifacts, create: true}}
"""


@pytest.fixture
def release(tmp_path: Path, name: str) -> Callable[..., Project]:
    """Writes a release of the project."""
    project = Project(tmp_path / "project")

    def write(release: str, status: str = "ok", within: str = "20s") -> Project:
        values = {"name": name, "role": os.environ["LAB_ROLE_ARN"], "within": within}
        project.write("lambda-deploy.yml", CONFIG.format(release=release, **values))
        project.write("src/app.py", CODE.format(release=release, status=status))
        return project

    return write


def cancelled(
    project: Project, words: str, after: float = 0.0, *options: str
) -> tuple[int, float, str]:
    """Interrupt a deploy some seconds after it has said something.

    Its exit code, how many seconds it took to end, and the rest of what it said.
    """
    with project.deploying(*options) as run:
        read_until(run, words)
        time.sleep(after)
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        try:
            _, log = run.communicate(timeout=6 * INTERRUPTED)
        except subprocess.TimeoutExpired:
            run.kill()
            raise
    print(log)
    return run.returncode, time.monotonic() - begun, log


def test_a_canary_that_is_cancelled_between_two_looks_is_over_at_once(
    release: Callable[..., Project], name: str, aws: Any
) -> None:
    project = release("one")
    url = project.deploy().function["url"]
    release("two")
    canary = "    canary: {weight: 50%, for: 10m}\n    tests:"
    project.edit("lambda-deploy.yml", "    tests:", canary)
    with Users(url):
        code, seconds, log = cancelled(project, "calls, 0 failed", after=1)
    assert code == 1
    assert "live still serves version 1" in log
    assert seconds < INTERRUPTED
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert alias["FunctionVersion"] == "1"
    assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")


def test_what_lambda_takes_long_for_is_not_waited_for(
    release: Callable[..., Project], name: str, aws: Any
) -> None:
    project = release("one")
    with paced(update=12):
        code, seconds, log = cancelled(project, "create function", after=1)
    assert code == 1
    assert "the run was cancelled" in log
    assert seconds < INTERRUPTED
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_function(FunctionName=name)
    assert project.deploy().code == 0


def test_an_upload_that_was_not_waited_for_is_not_called_deployed(
    release: Callable[..., Project], name: str, aws: Any
) -> None:
    def untested(which: str) -> Project:
        project = release(which)
        project.edit("lambda-deploy.yml", "    url: public\n", "    alias: $LATEST\n")
        project.edit("lambda-deploy.yml", "    tests: [health]\n", "")
        return project

    untested("one").deploy()
    before = aws.get_function_configuration(FunctionName=name)["CodeSha256"]
    project = untested("two")
    with paced(update=4):
        code, _, log = cancelled(project, "update configuration", after=1)  # code is next
    assert code == 1
    assert "the run was cancelled" in log
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert aws.get_function_configuration(FunctionName=name)["CodeSha256"] == before
    assert project.deploy().code == 0


@pytest.fixture
def stack(tmp_path: Path, name: str) -> Iterator[Project]:
    """A stack of one function behind an alias, deployed."""
    project = Project(tmp_path / name)
    project.write("template.yaml", STACK)
    project.write("lambda-deploy.yml", OF_STACK.format(name=name))
    project.write("src/app.py", CODE.format(release="one", status="ok"))
    assert project.deploy().code == 0
    yield project
    boto3.client("cloudformation").delete_stack(StackName=name)


def test_code_only_leads_nobody_to_what_was_not_waited_for(stack: Project, aws: Any) -> None:
    resources = boto3.client("cloudformation").describe_stack_resources(StackName=stack.root.name)
    (function,) = (
        each["PhysicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::Lambda::Function"
    )
    before = aws.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
    stack.edit("src/app.py", "one", "two")
    with paced(update=3):  # a line tells of the wait after two of them
        code, seconds, log = cancelled(stack, "is being updated", 0, "--code-only")
    assert code == 1
    assert "the run was cancelled" in log
    assert seconds < INTERRUPTED
    assert aws.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == before


def test_a_layer_is_not_published_once_the_run_is_cancelled(
    release: Callable[..., Project], name: str, aws: Any
) -> None:
    project = release("one")
    project.edit(
        "lambda-deploy.yml", "runtime: python3.11}", f"runtime: python3.11, layers: [{name}]}}"
    )
    layer = f"layers:\n  {name}: {{requirements: [./slow], runtime: python3.11}}\n"
    project.edit("lambda-deploy.yml", "tests:\n  health", f"{layer}tests:\n  health")
    project.write("slow/pyproject.toml", '[project]\nname = "slow"\nversion = "1"\n')
    project.write("slow/slow.py", "import time\ntime.sleep(3)\n")
    code, _, log = cancelled(project, "importing", after=0.5)
    assert code == 1
    assert "the run was cancelled" in log
    assert not aws.list_layer_versions(LayerName=name)["LayerVersions"]
