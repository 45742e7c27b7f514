"""The function URL with CORS and streaming, and its end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.attributes.conftest import BROKEN, CODE, give
from tests.support import Project, faults

FIRST = """\
url:
  access: public
  cors: {origins: ["https://example.com"], methods: [GET], headers: [X-Key], max-age: 5m}
  stream: true
"""
CORS = {
    "AllowOrigins": ["https://example.com"],
    "AllowMethods": ["GET"],
    "AllowHeaders": ["X-Key"],
    "MaxAge": 300,
}


def observed(aws: Any, name: str) -> tuple[str, Any, str]:
    """Access, CORS and mode of the URL."""
    url = aws.get_function_url_config(FunctionName=name, Qualifier="live")
    return url["AuthType"], url.get("Cors") or {}, url["InvokeMode"]


def test_cors_and_streaming_are_set_changed_kept_and_rolled_back(
    project: Project, name: str, aws: Any
) -> None:
    give(project, FIRST)
    assert project.deploy().code == 0
    assert observed(aws, name) == ("NONE", CORS, "RESPONSE_STREAM")
    assert project.deploy().changes == []
    give(project, "url: {access: public, stream: false}")
    plan = project.run("plan")
    assert "url.stream true → false" in plan.out
    assert project.deploy().code == 0
    assert observed(aws, name) == ("NONE", CORS, "BUFFERED")
    give(project, "url: {access: iam, cors: {}, stream: true}")
    says = "url.cors origins https://example.com, methods GET, headers X-Key, max-age 300 → none"
    assert says in project.run("plan").out
    project.write("src/app.py", f"{CODE}# new\n")
    with faults({"operation": "InvokeFunctionUrl", "status": 500, "body": "broken"}):
        run = project.deploy()
    assert (run.code, run.function["outcome"]) == (1, "rolled-back")
    assert observed(aws, name) == ("NONE", CORS, "BUFFERED")
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    assert observed(aws, name) == ("AWS_IAM", {}, "RESPONSE_STREAM")
    assert project.deploy().changes == []


def test_a_url_is_deleted_after_the_tests(project: Project, name: str, aws: Any) -> None:
    give(project, "url: none")
    assert project.deploy().code == 0
    assert project.deploy().changes == []
    give(project, "url: public")
    assert project.deploy().code == 0
    give(project, "url: none")
    plan = project.run("plan")
    assert "it is deleted after the tests; its address is lost" in plan.out
    project.write("src/app.py", BROKEN)
    assert project.deploy().code == 1
    assert observed(aws, name)[0] == "NONE"
    project.write("src/app.py", CODE)
    run = project.deploy()
    assert run.code == 0
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        observed(aws, name)
    assert project.deploy().changes == []
