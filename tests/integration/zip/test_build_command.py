"""Code that a command of the project builds, only if its sources have changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.integration.conftest import NewProject
from tests.support import Project

CONFIG = """\
functions:
  {name}:
    zip:
      code: dist
      build: {{command: [sh, build.sh], env: [GREETING]}}
      handler: app.handler
      runtime: python3.11
    role: {role}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{ok: true}}, within: 4s}}
"""
SCRIPT = """\
set -e
echo building
env | sort > seen.txt
mkdir -p dist
sed "s/GREETING/$GREETING/" app.in > dist/app.py
"""
SOURCE = """\
def handler(event, context): return {"ok": True, "greeting": "GREETING", "text": "one"}
"""


@pytest.fixture
def project(new_project: NewProject, name: str) -> Project:
    """A checkout in git; what the command makes is ignored."""
    role = os.environ["LAB_ROLE_ARN"]
    made = new_project(CONFIG.format(name=name, role=role), "")
    shutil.rmtree(made.root / "src")
    made.write("build.sh", SCRIPT)
    made.write("app.in", SOURCE)
    made.write(".gitignore", "dist/\nseen.txt\n")
    git(made, "init", "-q")
    git(made, "add", ".")
    return made


def git(project: Project, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.root, check=True, capture_output=True)


def answer(aws: Any, name: str) -> dict[str, Any]:
    found = aws.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    content: dict[str, Any] = json.load(found["Payload"])
    return content


def test_a_command_runs_only_if_its_sources_changed(
    project: Project, name: str, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREETING", "hello")
    planned = project.run("plan")
    assert planned.changes == []
    assert not (project.root / "dist").exists()  # a plan runs no command
    first = project.deploy()
    assert first.code == 0
    assert "building" in first.log
    assert answer(aws, name)["greeting"] == "hello"

    shutil.rmtree(project.root / "dist")  # another machine
    unchanged = project.deploy()
    assert unchanged.changes == []
    assert "building" not in unchanged.log
    assert "differs" not in project.run("status").out
    project.edit("lambda-deploy.yml", "    role:", "    memory: 256\n    role:")
    git(project, "rm", "-q", "--cached", "--force", "lambda-deploy.yml")  # now it is no source
    assert project.deploy().code == 0
    shutil.rmtree(project.root / "dist")
    project.edit("lambda-deploy.yml", "memory: 256", "memory: 512")
    configured = project.deploy()
    assert configured.code == 0
    assert "building" not in configured.log
    assert "UpdateFunctionCode" not in configured.changes

    project.edit("app.in", '"one"', '"two"')
    planned = project.run("plan")
    assert "what the code is built from changed" in planned.out
    assert not (project.root / "dist").exists()
    changed = project.deploy()
    assert changed.code == 0
    assert answer(aws, name)["text"] == "two"

    changed = project.deploy(GREETING="good day")  # a named variable is a source
    assert changed.code == 0
    assert answer(aws, name)["greeting"] == "good day"
    assert project.deploy(GREETING="good day").changes == []


def test_what_fails_its_test_is_rolled_back_and_built_again(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy(GREETING="a").code == 0
    project.edit("app.in", '"ok": True', '"ok": False')
    assert project.deploy(GREETING="a").code == 1
    assert answer(aws, name)["ok"]
    project.edit("app.in", '"ok": False', '"ok": True')
    same = project.deploy(GREETING="a")  # the sources of the live version
    assert same.changes == []
    project.edit("app.in", '"one"', '"two"')
    assert project.deploy(GREETING="a").code == 0
    assert project.run("rollback", GREETING="a").code == 0
    assert answer(aws, name)["text"] == "one"
    again = project.deploy(GREETING="a")
    assert again.code == 0
    assert answer(aws, name)["text"] == "two"


def test_a_command_gets_no_credentials_unless_they_are_named(
    project: Project, name: str, aws: Any
) -> None:
    secret = {"GREETING": "hi", "GITHUB_TOKEN": "ghs_1", "NPM_TOKEN": "npm_1", "NODE_ENV": "test"}
    assert project.deploy(**secret).code == 0
    seen = (project.root / "seen.txt").read_text()
    assert "NODE_ENV=test" in seen
    assert not any(word in seen for word in ("AWS_", "ghs_1", "npm_1", "ACTIONS_"))
    project.edit("lambda-deploy.yml", "[GREETING]", "[GREETING, NPM_TOKEN]")
    assert project.deploy(**secret).code == 0
    assert "NPM_TOKEN=npm_1" in (project.root / "seen.txt").read_text()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo broken; exit 3", "the build of the code of {name} failed (exit 3)"),
        ("true", "the build of the code of {name} made no 'dist'"),
        (f"{SCRIPT}echo >> app.in", "the build of the code of {name} changed its own sources"),
        ("mkdir -p dist; echo > dist/other.py", "app.py does not exist in 'dist'"),
    ],
)
def test_a_command_that_fails_is_told(
    project: Project, name: str, script: str, says: str, aws: Any
) -> None:
    project.write("build.sh", script)
    run = project.deploy(GREETING="a")
    assert run.code == 1
    assert says.format(name=name) in run.log
    assert run.changes == []


def test_sources_are_named_where_git_tracks_too_much(project: Project, name: str, aws: Any) -> None:
    project.edit("lambda-deploy.yml", "env: [GREETING]", "env: [GREETING], from: [app.in]")
    assert project.deploy(GREETING="a").code == 0
    project.write("README.md", "more\n")
    git(project, "add", ".")
    assert project.deploy(GREETING="a").changes == []
    shutil.rmtree(project.root / ".git")
    assert project.deploy(GREETING="a").changes == []
    project.edit("lambda-deploy.yml", ", from: [app.in]", "")
    run = project.run("plan", GREETING="a")
    assert run.code == 2
    assert "git does not list the sources of the build" in run.log


def test_a_layer_is_built_only_if_its_sources_changed(
    project: Project, name: str, aws: Any
) -> None:
    text = (project.root / "lambda-deploy.yml").read_text()
    build = "{command: [sh, lib.sh], from: [lib.sh]}"
    layer = f"layers:\n  {name}-lib: {{code: out, build: {build}}}\n"
    text = text.replace("      handler:", f"      layers: [{name}-lib]\n      handler:")
    project.write("lambda-deploy.yml", layer + text)
    project.write("lib.sh", "echo compiling; mkdir -p out/python; echo X = 1 > out/python/lib.py")
    first = project.deploy(GREETING="a")
    assert first.code == 0
    assert first.log.count("compiling") == 1
    shutil.rmtree(project.root / "out")
    second = project.deploy(GREETING="a")
    assert second.changes == []
    assert "compiling" not in second.log
    project.edit("lib.sh", "X = 1", "X = 2")
    third = project.deploy(GREETING="a")
    assert third.changes.count("PublishLayerVersion") == 1


def test_a_program_is_compiled_only_if_its_sources_changed(
    new_project: NewProject, name: str, aws: Any
) -> None:
    """The lab runs no program of its own runtime: it is deployed and compared."""
    config = f"""\
functions:
  {name}:
    zip:
      code: dist
      build: {{command: [make, -s], from: [Makefile, main.c]}}
      runtime: provided.al2023
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    project = new_project(config, "")
    compile_ = "\tmkdir -p dist && echo compiling && gcc -static -O2 -o dist/bootstrap main.c\n"
    project.write("Makefile", f"dist/bootstrap: main.c\n{compile_}")
    project.write("main.c", "int main(void) { return 0; }\n")
    first = project.deploy()
    assert first.code == 0
    assert "compiling" in first.log
    shutil.rmtree(project.root / "dist")
    second = project.deploy()
    assert second.changes == []
    assert "compiling" not in second.log
    project.write("main.c", "int main(void) { return 1; }\n")
    assert "UpdateFunctionCode" in project.deploy().changes
    project.edit("Makefile", "-o dist/bootstrap main.c", "-o dist/orders main.c")
    shutil.rmtree(project.root / "dist")
    wrong = project.deploy()
    assert wrong.code == 1
    assert "bootstrap does not exist in 'dist'" in wrong.log
