"""``delete``, and functions that a configuration no longer has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import boto3
import pytest

from tests.integration.attributes.conftest import CODE, give
from tests.support import Project, faults
from tests.terminal import Terminal

ENGINE = [sys.executable, "-m", "lambda_fast_deploy"]
WHOLE = "timeout: 10\nurl: public\nalarms: {errors: 1}\nlogging: {retention: 30}"


def exists(aws: Any, name: str) -> bool:
    try:
        aws.get_function(FunctionName=name)
    except aws.exceptions.ResourceNotFoundException:
        return False
    return True


def alarms(name: str) -> list[Any]:
    prefix = f"lambda-fast-deploy/{name}/"
    found: list[Any] = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)[
        "MetricAlarms"
    ]
    return found


def test_a_function_goes_with_all_that_belongs_to_it(project: Project, name: str, aws: Any) -> None:
    give(project, WHOLE)
    assert project.deploy().code == 0
    url = aws.get_function_url_config(FunctionName=name, Qualifier="live")["FunctionUrl"]
    plan = project.run("delete", name, "--dry-run")
    assert plan.changes == []
    assert "would delete 1 functions: as requested" in plan.log
    for part in ("live → 1", url, "errors", f"/aws/lambda/{name}"):
        assert part in plan.out
    refusal = project.run("delete")
    assert (refusal.code, refusal.changes) == (2, [])
    assert "option --yes: is required without a terminal to ask at" in refusal.log
    run = project.run("delete", "--yes", "--json")
    assert run.code == 0
    assert run.changes == ["DeleteFunction", "DeleteAlarms"]
    (told,) = json.loads(run.out)
    assert (told["name"], told["deleted"]) == (name, True)
    assert not exists(aws, name)
    assert alarms(name) == []
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix=told["log_group"])
    assert groups["logGroups"]
    again = project.run("delete", "--yes")
    assert (again.code, again.changes) == (0, [])
    assert project.deploy().code == 0


def test_alarms_that_stay_are_told_with_the_function_that_is_gone(
    project: Project, name: str, aws: Any
) -> None:
    give(project, "alarms: {errors: 1}")
    assert project.deploy().code == 0
    with faults({"operation": "DeleteAlarms", "status": 403, "code": "AccessDenied"}):
        run = project.run("delete", "--yes", "--json")
    assert run.code == 1
    assert not exists(aws, name)
    assert json.loads(run.out)[0]["deleted"]
    (alarm,) = [each["AlarmName"] for each in alarms(name)]
    assert f"aws cloudwatch delete-alarms --alarm-names {alarm}" in run.log


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"no\n", 2)])
def test_a_person_is_asked(project: Project, name: str, aws: Any, answer: bytes, code: int) -> None:
    assert project.deploy().code == 0
    terminal, answers = Terminal(100), [answer]

    def watch(shown: list[str]) -> None:
        if answers and any("Type yes" in line for line in shown):
            terminal.press(answers.pop())

    environment = {**os.environ, "TERM": "xterm-256color", "CI": ""}
    ended, out = terminal.run([*ENGINE, "delete", name], environment, project.root, watch)
    assert (ended, exists(aws, name)) == (code, code != 0)
    assert name in out


def test_a_function_that_the_configuration_no_longer_has_is_told_and_deleted(
    project: Project, name: str, aws: Any
) -> None:
    other, repository = f"{name}-old", {"GITHUB_REPOSITORY": f"acme/{name}"}
    text = (project.root / "lambda-deploy.yml").read_text()
    before, _, tests = text.partition("tests:\n  health")
    _, _, function = before.partition("functions:\n")
    two = f"functions:\n{function}{function.replace(name, other)}tests:\n  health{tests}"
    project.write("lambda-deploy.yml", two)
    assert project.run("deploy", **repository).code == 0
    assert project.run("deploy", **repository).changes == []
    arn = aws.get_function(FunctionName=other)["Configuration"]["FunctionArn"]
    tag = {"lambda-fast-deploy:configuration": f"acme/{name}:lambda-deploy.yml"}
    assert aws.list_tags(Resource=arn)["Tags"] == tag
    assert "no longer" not in project.run("status", **repository).out
    project.write("lambda-deploy.yml", text)
    status = project.run("status", **repository)
    assert status.code == 0
    assert f"no longer in the configuration; delete it: lambda-fast-deploy delete {other}" in (
        status.out
    )
    assert "no longer" not in project.run("status", GITHUB_REPOSITORY="acme/another").out
    wrong = project.run("delete", f"{other}er", "--yes", **repository)
    assert wrong.code == 2
    assert f"did you mean {other!r}?" in wrong.log
    assert project.run("delete", other, "--yes", **repository).code == 0
    assert (exists(aws, other), exists(aws, name)) == (False, True)
    assert "no longer" not in project.run("status", **repository).out


def test_an_existing_function_is_marked_when_it_changes(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy().code == 0
    repository = {"GITHUB_REPOSITORY": "acme/shop"}
    assert project.run("deploy", **repository).changes == []
    project.write("src/app.py", f"{CODE}# new\n")
    assert "TagResource" in project.run("deploy", **repository).changes
    project.write("src/app.py", f"{CODE}# newer\n")
    assert "TagResource" not in project.run("deploy", **repository).changes


def test_a_clone_is_known_by_where_it_is_from(project: Project, name: str, aws: Any) -> None:
    git = ["git", "-C", str(project.root)]
    subprocess.run([*git, "init", "-q"], check=True)
    address = "git@github.com:acme/shop.git"
    subprocess.run([*git, "remote", "add", "origin", address], check=True)
    assert project.run("deploy", GITHUB_REPOSITORY="").code == 0
    arn = aws.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    tags = aws.list_tags(Resource=arn)["Tags"]
    assert tags == {"lambda-fast-deploy:configuration": "acme/shop:lambda-deploy.yml"}
