"""What a test asks and reads: events of each kind, answers that stream, starts of each kind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import Project

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: {runtime}}}
    role: {role}
    tests: [health]
tests:
  health: {{http: "/health?deep=1", json: {{status: ok}}, within: 6s}}
"""
# Handlers that only what stands in front of them can call.
REST = """\
import json
def handler(event, context):
    assert event["httpMethod"] == "GET" and event["requestContext"]["resourcePath"] == "/health"
    assert event["multiValueQueryStringParameters"] == {"deep": ["1"]}
    return {"statusCode": 200, "body": json.dumps({"status": "ok"})}
"""
ALB = """\
import json
def handler(event, context):
    assert event["requestContext"]["elb"] and event["queryStringParameters"] == {"deep": "1"}
    body = json.dumps({"status": "ok"})
    return {"statusCode": 200, "statusDescription": "200 OK", "body": body}
"""
STREAM = """\
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: STATUS });
  stream.write(JSON.stringify({ status: "ok" }));
  stream.end();
});
"""
SLOW = """\
import json, time
time.sleep(0.4)
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"status": "ok"})}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout with nothing in it yet."""
    return Project(tmp_path / "project")


def configure(project: Project, name: str, more: str = "", runtime: str = "python3.12") -> None:
    """Write lambda-deploy.yml; ``more`` stands at its end."""
    values = {"name": name, "role": os.environ["LAB_ROLE_ARN"], "runtime": runtime}
    project.write("lambda-deploy.yml", CONFIG.format(**values) + more)


@pytest.mark.parametrize(("event", "source"), [("rest", REST), ("alb", ALB)])
def test_a_handler_of_an_api_or_a_load_balancer_is_asked_as_by_that(
    project: Project, name: str, event: str, source: str
) -> None:
    configure(project, name)
    project.write("src/app.py", source)
    assert project.deploy().code == 1
    project.edit("lambda-deploy.yml", "json:", f"event: {event}, json:")
    run = project.deploy()
    assert run.code == 0
    assert "GET /health?deep=1 200" in run.log


def test_an_answer_that_streams_is_judged_by_its_own_status(project: Project, name: str) -> None:
    configure(project, name, runtime="nodejs22.x")
    project.write("src/app.js", STREAM.replace("STATUS", "503"))
    failed = project.deploy()
    assert failed.code == 1
    assert 'answered 503 instead of 200: {"status":"ok"}' in failed.log
    project.write("src/app.js", STREAM.replace("STATUS", "200"))
    assert project.deploy().code == 0


def test_a_start_is_measured_in_a_log_in_json(project: Project, name: str) -> None:
    configure(project, name, "budgets: {cold-start: 300ms}\n")
    project.edit("lambda-deploy.yml", "    tests:", "    logging: {format: json}\n    tests:")
    project.write("src/app.py", SLOW)
    run = project.deploy()
    assert run.code == 1
    assert "ms to start; the budget is 300 ms" in run.log
    project.edit("lambda-deploy.yml", "format: json", "format: json, system-level: warn")
    unknown = project.deploy()
    assert unknown.code == 0
    says = f"The cold start of {name} was not measured, so its budget of 300 ms was not checked"
    assert says in unknown.log


def test_a_restored_start_is_one(project: Project, name: str, aws: Any) -> None:
    configure(project, name)
    project.write("src/app.py", SLOW)
    assert project.deploy().code == 0
    aws.update_function_configuration(FunctionName=name, SnapStart={"ApplyOn": "PublishedVersions"})
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    project.write("src/app.py", SLOW.replace("0.4", "0.3"))
    run = project.deploy()
    assert run.code == 0
    assert run.function["speed"]["cold"] == pytest.approx(0.25)
