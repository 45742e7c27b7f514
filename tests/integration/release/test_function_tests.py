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
  health: {test}
"""
HEALTH = '{http: "/health?deep=1", json: {status: ok}, within: 6s}'
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


def configure(
    project: Project,
    name: str,
    more: str = "",
    runtime: str = "python3.12",
    test: str = HEALTH,
) -> None:
    """Write lambda-deploy.yml; ``more`` stands at its end."""
    role = os.environ["LAB_ROLE_ARN"]
    values = {"name": name, "role": role, "runtime": runtime, "test": test}
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


# A handler of a queue, which must not be given work by a test.
QUEUE = """\
import os
BUCKET = os.environ.get("HOME")
def handler(event, context):
    if "jobId" not in event:
        raise ValueError("Missing jobId")
    return {"statusCode": 200}
"""


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ("{invoke: {}, error: Missing jobId, within: 5s}", "failed as expected: ValueError: Miss"),
        ("{loads: {event: {}}, within: 5s}", "loaded; the handler refused the event: ValueError"),
    ],
)
def test_a_handler_is_tested_without_being_given_work(
    project: Project, name: str, test: str, says: str
) -> None:
    configure(project, name, test=test)
    project.write("src/app.py", QUEUE)
    run = project.deploy()
    assert run.code == 0
    assert says in run.log
    for broken in ('os.environ["BUCKET"]', "__import__('gone')", "os._exit(1)"):
        project.write("src/app.py", QUEUE.replace('os.environ.get("HOME")', broken))
        failed = project.deploy()
        assert failed.code == 1, broken
        assert failed.function["version"] == run.function["version"]


def test_an_event_that_a_test_expects_to_fail_must_fail(project: Project, name: str) -> None:
    configure(project, name, test="{invoke: {jobId: 1}, error: Missing jobId, within: 4s}")
    project.write("src/app.py", QUEUE)
    run = project.deploy()
    assert run.code == 1
    assert "expected an error with 'Missing jobId', got {\"statusCode\": 200}" in run.log


def test_an_answer_with_a_status_of_failure_is_no_pass(project: Project, name: str) -> None:
    configure(project, name, test="{invoke: {jobId: 1}, within: 4s}")
    project.write("src/app.py", QUEUE.replace("200", "503"))
    run = project.deploy()
    assert run.code == 1
    assert "answered statusCode 503" in run.log
    assert "expect it: json: {statusCode: 503}" in run.log
