"""Functions of every runtime: the lab runs Python, Node.js and programs, and stores the others."""

from __future__ import annotations

import io
import json
import subprocess
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import Project

PROGRAM = Path(__file__).with_name("bootstrap.c")
CONFIG = """\
functions:
  {name}:
    role: ${{LAMBDA_ROLE}}
    zip: {{code: src, runtime: {runtime}{handler}}}
    {tests}
"""
TESTED = """tests: [answers]
tests:
  answers: {invoke: {}, json: {from: C}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def configure(
    project: Project, name: str, runtime: str, handler: str = "", tests: str = ""
) -> None:
    handler = f", handler: {handler}" if handler else ""
    text = CONFIG.format(name=name, runtime=runtime, handler=handler, tests=tests)
    project.write("lambda-deploy.yml", text)


def compile_program(project: Project, answer: dict[str, str]) -> None:
    """Compile a program that answers each event with this."""
    (project.root / "src").mkdir(parents=True, exist_ok=True)
    text = json.dumps(json.dumps(answer))
    command = ["gcc", "-static", "-Os", "-D_GNU_SOURCE", f"-DANSWER={text}", str(PROGRAM)]
    subprocess.run([*command, "-o", str(project.root / "src/bootstrap")], check=True)


def stored(aws: Any, name: str) -> dict[str, bytes]:
    """The files of the deployed code."""
    location = aws.get_function(FunctionName=name, Qualifier="live")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        zipped = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {each: zipped.read(each) for each in zipped.namelist()}


def test_a_program_is_tested_deployed_and_rolled_back(
    project: Project, name: str, aws: Any
) -> None:
    configure(project, name, "provided.al2023", tests=TESTED)
    compile_program(project, {"from": "C"})
    first = project.deploy()
    assert first.code == 0
    created = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert (created["Runtime"], created["Handler"]) == ("provided.al2023", "bootstrap")
    compile_program(project, {"from": "C", "since": "now"})
    assert project.deploy().function["version"] == "2"
    assert project.deploy().changes == []
    compile_program(project, {"from": "Assembler"})
    failed = project.deploy()
    assert failed.code == 1
    assert failed.function["version"] == "2"


def test_a_program_that_lambda_could_not_start_is_refused(project: Project, name: str) -> None:
    configure(project, name, "provided.al2023")
    compile_program(project, {})
    (project.root / "src/bootstrap").chmod(0o644)
    run = project.deploy()
    assert run.code == 2
    assert "bootstrap is not executable; run chmod +x" in run.log
    (project.root / "src/bootstrap").chmod(0o755)
    project.edit("lambda-deploy.yml", "    zip:", "    architecture: arm64\n    zip:")
    run = project.deploy()
    assert run.code == 2
    assert "bootstrap is a program for x86_64, not for arm64" in run.log


# The lab stores these and does not run them.
KINDS = {
    "java25": ("com.example.Orders::handle", {"com/example/Orders.class": "", "log4j.xml": ""}),
    "dotnet10": (
        "Orders::Orders.Function::Handle",
        {"Orders.dll": "", "Orders.deps.json": "{}", "Orders.runtimeconfig.json": "{}"},
    ),
    "ruby4.0": ("app.Orders::Handler.process", {"app.rb": "module Orders; end", "lib/a.rb": ""}),
}


@pytest.mark.parametrize("runtime", KINDS)
def test_what_the_lab_cannot_run_is_created_changed_and_then_unchanged(
    project: Project, name: str, aws: Any, runtime: str
) -> None:
    handler, files = KINDS[runtime]
    configure(project, name, runtime, handler)
    for file, text in files.items():
        project.write(f"src/{file}", text)
    assert project.deploy().code == 0
    project.write("src/changed", "1")
    assert project.deploy().function["version"] == "2"
    assert project.deploy().changes == []
    wanted = {file: text.encode() for file, text in (files | {"changed": "1"}).items()}
    assert stored(aws, name) == wanted
    created = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert (created["Runtime"], created["Handler"]) == (runtime, handler)


@pytest.mark.parametrize(
    ("runtime", "handler", "missing"),
    [
        ("java25", "com.example.Order", "com/example/Order.class does not exist in 'src' and"),
        ("dotnet10", "Order::Orders.Function::Handle", "Order.dll does not exist in 'src'"),
        ("ruby4.0", "main.handler", "main.rb does not exist in 'src'"),
        ("provided.al2023", "", "bootstrap does not exist in 'src'"),
    ],
)
def test_a_handler_that_is_not_in_the_code_is_refused(
    project: Project, name: str, runtime: str, handler: str, missing: str
) -> None:
    configure(project, name, runtime, handler)
    for file, text in (KINDS.get(runtime) or ("", {"main": ""}))[1].items():
        project.write(f"src/{file}", text)
    run = project.deploy()
    assert run.code == 2
    assert missing in run.log


def test_an_unknown_runtime_is_told_and_refused_by_aws_alone(project: Project, name: str) -> None:
    configure(project, name, "python3.99", "app.handler")
    project.write("src/app.py", "def handler(event, context): ...")
    plan = project.run("plan")
    assert plan.code == 0
    assert "does not know runtime python3.99" in plan.log
    run = project.deploy()
    assert run.code == 1
    assert "'runtime' failed to satisfy constraint" in run.log


def test_a_runtime_that_aws_no_longer_creates_is_told_by_the_plan(
    project: Project, name: str
) -> None:
    configure(project, name, "python2.7", "app.handler")
    project.write("src/app.py", "def handler(event, context): ...")
    plan = project.run("plan")
    assert plan.code == 0
    assert "AWS has created no functions with python2.7 since 2021-07-15" in plan.log
    run = project.deploy()
    assert run.code == 1
    assert "no longer supported" in run.log
