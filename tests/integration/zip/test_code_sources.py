"""Code that is a zip of a build tool, or the files of several directories."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any

from tests.integration.conftest import NewProject
from tests.support import Project

CONFIG = """\
functions:
  {name}:
    zip: {{code: {code}, handler: app.handler, runtime: python3.11}}
    role: {role}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{ok: true}}, within: 4s}}
"""
CODE = """\
import shared
def handler(event, context): return {"ok": True, "value": shared.VALUE}
"""


def build(project: Project, value: int, year: int) -> None:
    """What a build tool leaves: a zip with the times of the build."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in (("app.py", CODE), ("shared.py", f"VALUE = {value}\n")):
            zipped.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    path = project.root / "out/function.zip"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(buffer.getvalue())


def value(aws: Any, name: str) -> int:
    answer = aws.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    return int(json.load(answer["Payload"])["value"])


def made(new_project: NewProject, name: str, code: str) -> Project:
    text = CONFIG.format(name=name, code=code, role=os.environ["LAB_ROLE_ARN"])
    return new_project(text, CODE)


def test_a_zip_that_was_built_again_changes_nothing(
    new_project: NewProject, name: str, aws: Any
) -> None:
    project = made(new_project, name, "out/function.zip")
    absent = project.run("plan")
    assert absent.code == 2
    assert "'out/function.zip' does not exist" in absent.log
    build(project, 1, 2025)
    assert project.deploy().code == 0
    assert value(aws, name) == 1
    build(project, 1, 2026)
    assert project.deploy().changes == []
    build(project, 2, 2026)
    assert project.run("plan").changes == []
    assert project.deploy().code == 0
    assert value(aws, name) == 2
    project.edit("lambda-deploy.yml", "app.handler", "other.handler")
    wrong = project.run("plan")
    assert wrong.code == 2
    assert "other.py does not exist in 'function.zip'" in wrong.log
    (project.root / "out/function.zip").write_bytes(b"no zip")
    assert "is not a zip" in project.run("plan").log


def test_several_directories_make_one_zip(new_project: NewProject, name: str, aws: Any) -> None:
    project = made(new_project, name, "[src, common]")
    project.write("common/shared.py", "VALUE = 1\n")
    assert project.deploy().code == 0
    assert value(aws, name) == 1
    assert project.deploy().changes == []
    project.write("common/shared.py", "VALUE = 2\n")
    assert project.deploy().code == 0
    assert value(aws, name) == 2
    for folder in ("src", "common"):
        project.write(f"{folder}/extra.py", "")
    twice = project.run("plan")
    assert twice.code == 2
    assert "common/extra.py: is also in src; remove it from one of the directories" in twice.log
    (project.root / "common/extra.py").unlink()
    project.write("common/shared.py", "raise ValueError\n")
    assert project.deploy().code == 1
    assert value(aws, name) == 2


def test_a_jar_is_identified_by_its_classes(new_project: NewProject, name: str, aws: Any) -> None:
    """The lab runs no Java: the jar is deployed and compared."""
    text = CONFIG.format(name=name, code="build/app.jar", role=os.environ["LAB_ROLE_ARN"])
    text = text.replace("app.handler", "com.example.Orders::handle").replace("python3.11", "java21")
    project = new_project(text.replace("    tests: [works]\n", "").partition("tests:")[0], CODE)

    def package(year: int, main: bytes = b"main") -> None:
        library, jar = io.BytesIO(), io.BytesIO()
        for buffer, files in (
            (library, {"com/example/Util.class": b"util"}),
            (
                jar,
                {"com/example/Orders.class": main, "META-INF/MANIFEST.MF": b"Manifest-Version: 1"},
            ),
        ):
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
                for entry, content in files.items():
                    zipped.writestr(zipfile.ZipInfo(entry, (year, 1, 1, 0, 0, 0)), content)
                if buffer is jar:
                    library_info = zipfile.ZipInfo("lib/util.jar", (year, 1, 1, 0, 0, 0))
                    zipped.writestr(library_info, library.getvalue())
        path = project.root / "build/app.jar"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jar.getvalue())

    package(2025)
    assert project.deploy().code == 0
    package(2026)  # mvn package, without a change
    assert project.deploy().changes == []
    package(2026, b"other")
    assert "UpdateFunctionCode" in project.deploy().changes
    project.edit("lambda-deploy.yml", "example.Orders", "example.Order")
    assert "com/example/Order.class does not exist in 'app.jar'" in project.run("plan").log


def test_a_rollback_needs_no_zip(new_project: NewProject, name: str, aws: Any) -> None:
    project = made(new_project, name, "out/function.zip")
    for number in (1, 2):
        build(project, number, 2026)
        assert project.deploy().code == 0
    (project.root / "out/function.zip").unlink()
    assert project.run("rollback").code == 0
    assert value(aws, name) == 1


def test_layers_alone_are_neither_rolled_back_nor_deleted(new_project: NewProject) -> None:
    project = new_project("functions: {}\nlayers: {own: {code: own}}\n", CODE)
    project.write("own/python/shared.py", "VALUE = 1\n")
    back = project.run("rollback")
    assert back.code == 2
    assert "the configuration has no functions; a layer is rolled back by: " in back.log
    assert "has no functions" in project.run("status").log
    deleted = project.run("delete", "--yes")
    assert (deleted.code, deleted.changes) == (0, [])
