"""Dependencies in the zip of a function, in place of a layer."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.integration.conftest import NewProject

CONFIG = """\
functions:
  {name}:
    zip:
      code: src
      requirements: requirements.txt
      handler: app.handler
      runtime: python3.11
    role: {role}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{ok: true}}, within: 4s}}
"""
CODE = """\
import idna
def handler(event, context): return {"ok": True, "idna": idna.__version__, "text": "one"}
"""


def test_packages_are_in_the_zip_and_installed_once(
    new_project: NewProject, name: str, aws: Any
) -> None:
    project = new_project(CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]), CODE)
    project.write("requirements.txt", "idna==3.10\n")

    def answer() -> dict[str, Any]:
        found = aws.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
        content: dict[str, Any] = json.load(found["Payload"])
        return content

    planned = project.run("plan")
    assert planned.changes == []
    assert "uv resolves" not in planned.log
    first = project.deploy()
    assert first.code == 0
    assert "importing" in first.log  # proved like a layer
    assert answer()["idna"] == "3.10"
    found = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert not found.get("Layers")

    unchanged = project.deploy()
    assert unchanged.changes == []
    assert "uv resolves" not in unchanged.log
    assert "differs" not in project.run("status").out

    project.edit("src/app.py", '"one"', '"two"')
    assert project.deploy().code == 0
    assert answer()["text"] == "two"
    project.write("requirements.txt", "idna==3.9\n")
    planned = project.run("plan")
    assert "what the code is built from changed" in planned.out
    assert project.deploy().code == 0
    assert answer()["idna"] == "3.9"
    project.write("requirements.txt", "idna==3.10\n")
    project.edit("src/app.py", '"ok": True', '"ok": False')
    assert project.deploy().code == 1
    assert answer()["idna"] == "3.9"
    assert f"code of {name}" in project.run("sizes").out
