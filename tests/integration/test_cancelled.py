"""Runs that GitHub cancels: SIGINT, SIGTERM 7.5 s later, and the end 2.5 s after that.

Source: actions/runner, ``src/Runner.Sdk/ProcessInvoker.cs``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.pace import paced
from tests.support import Project, Users

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


def cancelled(project: Project, words: str, after: float = 0.0) -> tuple[int, float, str]:
    """Interrupt a deploy some seconds after it has said something.

    Its exit code, how many seconds it took to end, and the rest of what it said.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "deploy"],
        cwd=project.root,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if words in line:
                break
        time.sleep(after)
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        try:
            _, log = run.communicate(timeout=2 * INTERRUPTED)
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
