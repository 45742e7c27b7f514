"""A deploy of some of the functions of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import Project

CODE = "def handler(event, context): return {}\n"


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    """Two functions."""
    made = Project(tmp_path / "project")
    zips = "".join(
        f"  {name}-{which}:\n    role: ${{LAMBDA_ROLE}}\n"
        f"    zip: {{code: {which}, handler: app.handler, runtime: python3.13}}\n"
        for which in ("one", "two")
    )
    made.write("lambda-deploy.yml", f"functions:\n{zips}")
    made.write("one/app.py", CODE)
    made.write("two/app.py", CODE)
    return made


def exists(aws: Any, name: str) -> bool:
    names = [each["FunctionName"] for each in aws.list_functions()["Functions"]]
    return name in names


def test_only_the_named_function_is_planned_and_deployed(
    project: Project, name: str, aws: Any
) -> None:
    plan = project.run("plan", f"{name}-one")
    assert plan.code == 0
    assert f"{name}-two" not in plan.out
    run = project.run("deploy", f"{name}-one")
    assert run.code == 0
    assert f"As requested, this run leaves out {name}-two." in run.log
    assert exists(aws, f"{name}-one")
    assert not exists(aws, f"{name}-two")
    both = project.deploy()
    assert both.changes.count("CreateFunction") == 1
    assert exists(aws, f"{name}-two")


def test_a_workflow_names_functions_by_an_input(project: Project, name: str, aws: Any) -> None:
    run = project.run("deploy", GITHUB_ACTIONS="true", INPUT_FUNCTIONS=f"{name}-two\n")
    assert run.code == 0
    assert not exists(aws, f"{name}-one")
    assert exists(aws, f"{name}-two")
    wrong = project.run("deploy", GITHUB_ACTIONS="true", INPUT_FUNCTIONS=f"{name}-tow")
    assert wrong.code == 2
    assert (
        f"input functions: unknown function '{name}-tow'; did you mean '{name}-two'?" in wrong.log
    )


def test_a_workflow_rolls_back_only_the_named_function(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy().code == 0
    for which in ("one", "two"):
        project.write(f"{which}/app.py", f"{CODE}VERSION = 2\n")
    assert project.deploy().code == 0
    environment = {"INPUT_FUNCTIONS": f"{name}-one", "INPUT_ROLLBACK": "previous"}
    assert project.run("deploy", GITHUB_ACTIONS="true", **environment).code == 0
    live = [
        aws.get_alias(FunctionName=f"{name}-{which}", Name="live")["FunctionVersion"]
        for which in ("one", "two")
    ]
    assert live == ["1", "2"]
