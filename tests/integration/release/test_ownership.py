"""What another run, or somebody at the console, has left is neither relied on nor lost."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.state import marks
from lambda_fast_deploy.state.descriptions import under_test
from tests.support import Project, Run, faults, get

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    tests: [answers]
tests:
  answers: {{http: /, within: 20s}}
"""
ALONE = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    alias: $LATEST
    tests: [answers]
tests:
  answers: {{http: /, within: 20s}}
"""
CODE = """\
def handler(event, context):
    return {{"statusCode": 200, "body": '{{"release": "{release}"}}'}}
"""
PUBLIC = "public-url-InvokeFunction"
# A test that says that it runs, and does not end.
WAITS = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    """A function with a public URL, which serves release one."""
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    assert release(made, "one").code == 0
    return made


def release(project: Project, name: str) -> Run:
    """Deploy a release."""
    project.write("src/app.py", CODE.format(release=name))
    return project.deploy()


def live(aws: Any, name: str) -> Any:
    """The alias as AWS has it."""
    return aws.get_alias(FunctionName=name, Name="live")


def tags(aws: Any, name: str) -> Any:
    """The tags of a function."""
    return aws.get_function(FunctionName=name).get("Tags", {})


def test_a_url_that_is_not_open_is_opened(project: Project, name: str, aws: Any) -> None:
    aws.remove_permission(FunctionName=name, Qualifier="live", StatementId=PUBLIC)
    says = f"The URL of {name} in us-east-1 answers 403: since 1 November 2026, public URLs need"
    assert says in project.run("doctor").out
    run = project.deploy()
    assert run.code == 0
    assert "AddPermission" in run.changes
    assert get(run.function["url"])[0] == 200
    assert says not in project.run("doctor").out
    assert project.deploy().changes == []


def test_rollback_takes_away_what_a_canary_has_left(project: Project, name: str, aws: Any) -> None:
    assert release(project, "two").code == 0
    aws.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    run = project.run("rollback", "--to", "1")
    assert run.code == 0
    assert live(aws, name)["FunctionVersion"] == "1"
    assert not (live(aws, name).get("RoutingConfig") or {}).get("AdditionalVersionWeights")


def test_rollback_goes_to_the_version_that_was_live_before(
    project: Project, name: str, aws: Any
) -> None:
    for each in ("two", "three"):
        assert release(project, each).code == 0
    assert project.run("rollback", "--to", "1").code == 0
    assert release(project, "three").code == 0
    assert live(aws, name)["FunctionVersion"] == "3"
    assert project.run("rollback").code == 0
    assert live(aws, name)["FunctionVersion"] == "1"


def test_a_version_that_cannot_be_waited_for_is_deleted(
    project: Project, name: str, aws: Any
) -> None:
    assert release(project, "two").code == 0
    body = '{"__type": "AccessDeniedException", "message": "not authorized"}'
    asked = {"operation": "GetFunction", "path": "Qualifier=3$", "times": 1}
    with faults({**asked, "status": 403, "body": body}) as done:
        run = release(project, "three")
    assert len(done) == 1
    assert run.code == 1
    assert f"version 3 of {name}" in run.function["rolled_back"]
    versions = aws.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]


def killed_in_a_test(project: Project, tmp_path: Path) -> None:
    """Deploy, and kill the run while its last test is under way."""
    running = tmp_path / "running"
    command = [sys.executable, "-c", WAITS, str(running)]
    config = project.root / "lambda-deploy.yml"
    before = config.read_text()
    text = before.replace("tests: [answers]", "tests: [answers, waits]")
    config.write_text(f"{text}  waits: {{command: {command}, within: 60s}}\n")
    with project.deploying() as run:
        until = time.monotonic() + 60
        while not running.exists() and time.monotonic() < until:
            run.poll()
            time.sleep(0.05)
        assert running.exists()
        run.kill()
    config.write_text(before)


def test_what_a_killed_run_has_put_into_latest_is_tested_by_the_next(
    tmp_path: Path, name: str, aws: Any
) -> None:
    project = Project(tmp_path / "alone")
    project.write("lambda-deploy.yml", ALONE.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    assert release(project, "one").code == 0
    proved = tags(aws, name)[marks.TESTED]
    project.write("src/app.py", CODE.format(release="two"))
    killed_in_a_test(project, tmp_path)
    run = project.deploy()
    assert run.code == 0
    assert any(work["id"] == f"test:{name}:answers" for work in run.report["work"])
    assert tags(aws, name)[marks.TESTED] != proved
    assert project.deploy().changes == []


def test_an_alias_that_is_under_test_is_tested_again(project: Project, name: str, aws: Any) -> None:
    before = live(aws, name)["Description"]
    mark = under_test("0123456789ab", "", before)
    aws.update_alias(FunctionName=name, Name="live", FunctionVersion="1", Description=mark)
    run = project.deploy()
    assert run.code == 0
    assert any(work["id"] == f"test:{name}:answers" for work in run.report["work"])
    assert not live(aws, name)["Description"].startswith(marks.UNDER_TEST)
    assert project.deploy().changes == []


def test_a_first_release_leaves_no_mark(project: Project, name: str, aws: Any) -> None:
    del project
    assert tags(aws, name) == {}
    aliases = aws.list_aliases(FunctionName=name)["Aliases"]
    assert [alias["Name"] for alias in aliases] == ["live"]


def test_a_function_that_may_be_in_use_is_not_deleted_for_a_mark_of_a_killed_run(
    tmp_path: Path, name: str, aws: Any
) -> None:
    project = Project(tmp_path / "untested")
    config = ALONE.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    project.write("lambda-deploy.yml", config.replace("    tests: [answers]\n", ""))
    assert release(project, "one").code == 0
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    aws.tag_resource(Resource=arn, Tags={marks.CREATED_BY: "0123456789ab"})
    body = '{"__type": "AccessDeniedException", "message": "not authorized"}'
    with faults({"operation": "UpdateFunctionCode", "times": 1, "status": 403, "body": body}):
        assert release(project, "two").code != 0
    assert tags(aws, name) == {}
    assert aws.get_function(FunctionName=name)
