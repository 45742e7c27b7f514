"""Parameters of the API by its own names: set, changed, kept, rolled back; and checked."""

from __future__ import annotations

from typing import Any

from tests.integration.attributes.conftest import BROKEN, CODE, give
from tests.support import Project


def durable(aws: Any, name: str, qualifier: str = "live") -> Any:
    found = aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    return found.get("DurableConfig")


def test_a_parameter_is_set_changed_kept_and_rolled_back(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy().code == 0
    give(project, "also: {DurableConfig: {ExecutionTimeout: 60, RetentionPeriodInDays: 7}}")
    says = 'also.DurableConfig none → {"ExecutionTimeout": 60, "RetentionPeriodInDays": 7}'
    assert says in project.run("plan").out
    assert project.deploy().code == 0
    assert durable(aws, name) == {"ExecutionTimeout": 60, "RetentionPeriodInDays": 7}
    assert project.deploy().changes == []
    # A part of what there is.
    give(project, "also: {DurableConfig: {ExecutionTimeout: 60}}")
    assert project.deploy().changes == []
    give(project, 'also: {DurableConfig: {ExecutionTimeout: "${SECONDS_TO_RUN:-90}"}}')
    project.write("src/app.py", BROKEN)
    run = project.deploy()
    assert (run.code, run.function["outcome"]) == (1, "rolled-back")
    assert "also.DurableConfig" in run.log
    whole = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 7}
    assert durable(aws, name) == durable(aws, name, "$LATEST") == whole
    project.write("src/app.py", CODE)
    assert project.deploy().code == 0
    assert durable(aws, name)["ExecutionTimeout"] == 90
    assert project.deploy().changes == []


def test_what_only_a_creation_sets_is_told_later(project: Project, name: str, aws: Any) -> None:
    give(project, "also: {DurableConfig: {ExecutionTimeout: 60}}")
    assert project.deploy().code == 0
    assert durable(aws, name) == {"ExecutionTimeout": 60}
    give(project, "also: {TenancyConfig: {TenantIsolationMode: PER_TENANT}}")
    run = project.deploy()
    assert (run.code, run.changes) == (0, [])
    assert f"TenancyConfig of {name} in" in run.log
    assert "stays as it is: Lambda sets it only when it creates a function." in run.log


def test_every_mistake_is_told_at_its_line(project: Project) -> None:
    give(
        project,
        "also:\n  MemorySize: 512\n  DurableConfg: {}\n  Layers: []\n"
        "  DurableConfig: {ExecutionTimeout: soon}\n  RevisionId: x\n  CodeSigningConfigArn: x",
    )
    run = project.run("plan")
    assert run.code == 2
    for line, says in (
        (6, "MemorySize: set memory instead"),
        (7, "DurableConfg: unknown parameter; did you mean 'DurableConfig'?"),
        (8, "Layers: set zip.layers instead"),
        (
            9,
            "Invalid type for parameter DurableConfig.ExecutionTimeout, value: soon, valid "
            "types: int",
        ),
        (10, "RevisionId: each run sets it"),
        (11, "CodeSigningConfigArn: this project does not sign code"),
    ):
        assert f"lambda-deploy.yml:{line}: {says}" in run.log
