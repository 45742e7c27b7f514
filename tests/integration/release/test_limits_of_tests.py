"""Tests of a function keep to their time and to their address, whatever answers."""

from __future__ import annotations

import json
import os
import secrets
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import Project, faults, read_until
from tests.unit.sockets import dripping, http, serving

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    timeout: 9
    tests: [it]
tests:
  it: {test}
"""
GOOD = "def handler(event, context): return {'statusCode': 200, 'body': '{}'}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.write("src/app.py", GOOD)
    return made


def configure(project: Project, name: str, test: str) -> None:
    text = CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"], test=test)
    project.write("lambda-deploy.yml", text)


def refusal(status: int, code: str, **more: str) -> dict[str, Any]:
    body = json.dumps({"message": "said AWS", "Message": "said AWS", **more})
    return {"status": status, "body": body, "headers": {"x-amzn-errortype": code}}


RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
PASSING = {
    "throttled": refusal(429, "TooManyRequestsException", Reason=RESERVED),
    "getting ready": refusal(502, "ResourceNotReadyException"),
    "pending": refusal(409, "CodeArtifactUserPendingException"),
    "an error of its own": refusal(500, "ServiceException"),
    "a proxy's page": {"status": 503, "body": "<html>", "headers": {"content-type": "text/html"}},
    "dropped": {"cut": 0},
}


@pytest.mark.parametrize("rule", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_fails_no_deploy(
    project: Project, name: str, rule: dict[str, Any]
) -> None:
    configure(project, name, "{http: /health, within: 30s}")
    with faults({"operation": "Invoke", "times": 7, **rule}) as done:
        run = project.deploy()
    assert run.code == 0
    assert len(done) == 7
    assert "not yet: " in run.log


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (PASSING["throttled"], "which may be 0: see aws lambda get-function-concurrency"),
        (refusal(502, "KMSDisabledException"), "KMSDisabledException"),
    ],
)
def test_a_refusal_that_lasts_is_told(
    project: Project, name: str, rule: dict[str, Any], says: str
) -> None:
    configure(project, name, "{http: /health, within: 2s}")
    with faults({"operation": "Invoke", **rule}):
        run = project.deploy()
    assert run.code == 1
    assert says in run.log


def test_what_is_slow_is_asked_once_and_given_up_in_time(project: Project, name: str) -> None:
    configure(project, name, "{invoke: {}, within: 1s}")
    project.write("src/app.py", "import time\ndef handler(event, context): time.sleep(6)\n")
    begun = time.monotonic()
    run = project.deploy()
    assert time.monotonic() - begun < 6
    assert run.code == 1
    assert "test it failed: there was no answer within 1 s" in run.log
    assert [r["operation"] for r in run.requests].count("Invoke") <= 1


def test_an_answer_that_never_ends_is_given_up_in_time(project: Project, name: str) -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.1)) as server:
        configure(project, name, f"{{http: '{server.url}/slow', within: 1s}}")
        begun = time.monotonic()
        run = project.deploy()
    assert time.monotonic() - begun < 8
    assert run.code == 1
    assert "there was no answer within 1 s" in run.log


def test_a_redirect_is_an_answer_and_its_secrets_go_nowhere(project: Project, name: str) -> None:
    token = secrets.token_urlsafe(20)
    with serving(http()) as other, serving(http("302 F", Location=f"{other.url}/x?{token}")) as it:
        headers = "headers: {X-Api-Key: '${TOKEN}'}"
        test = f"http: '{it.url}/a', {headers}, auth: iam, within: 2s"
        configure(project, name, f"{{{test}}}")
        failed = project.deploy(TOKEN=token)
        configure(project, name, f"{{{test}, status: 302}}")
        passed = project.deploy(TOKEN=token)
    assert failed.code == 1
    assert f"GET {it.url}/a answered 302 instead of 200, redirects to {other.url}/x?…" in failed.log
    assert passed.code == 0
    assert f"GET {it.url}/a 302 in " in passed.log
    assert token.encode() in it.heard[0]
    assert other.heard == []
    assert token not in failed.log + passed.log


STUBBORN = "trap '' TERM; while :; do sleep 1; done"


def test_a_command_that_does_not_end_is_ended(project: Project, name: str) -> None:
    configure(project, name, f'{{command: [sh, -c, "{STUBBORN}"], within: 1s}}')
    begun = time.monotonic()
    run = project.deploy()
    assert run.code == 1
    assert "sh did not finish within 1 s" in run.log
    assert time.monotonic() - begun < 12


def test_a_cancelled_run_ends_the_command_that_it_runs(project: Project, name: str) -> None:
    mark = f"MARK_{secrets.token_hex(8)}"
    configure(project, name, f'{{command: [sh, -c, "({STUBBORN}) & {STUBBORN}"], within: 60s}}')
    with project.deploying(**{mark: "1"}) as run:
        read_until(run, "sh is running")
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, log = run.communicate()
    assert time.monotonic() - begun < 12
    assert run.returncode == 1
    assert "the run was cancelled" in log
    assert [each for each in Path("/proc").glob("[0-9]*") if _started_with(mark, each)] == []


def _started_with(variable: str, process: Path) -> bool:
    try:
        return variable.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
