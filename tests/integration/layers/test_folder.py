"""Layers of a folder, and layers that are shared with other accounts."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

from tests.integration.conftest import NewProject
from tests.lab.making import refused
from tests.support import Project

CONFIG = """\
layers:
  {name}-common: {{code: layer}}
functions:
  {name}: &function
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-common]}}
    role: {role}
    tests: [works]
  {name}-other: {{<<: *function, architecture: arm64}}
tests:
  works: {{invoke: {{}}, json: {{answer: 42}}, within: 4s}}
"""
CODE = """\
import common
def handler(event, context): return {"answer": common.ANSWER}
"""


def made(new_project: NewProject, name: str) -> Project:
    project = new_project(CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]), CODE)
    project.write("layer/python/common.py", "ANSWER = 42\n")
    project.write("layer/fonts/plain.txt", "abc\n")
    return project


def test_a_folder_is_published_as_it_is_and_once(
    new_project: NewProject, name: str, aws: Any
) -> None:
    project = made(new_project, name)
    run = project.deploy()
    assert run.code == 0
    assert run.changes.count("PublishLayerVersion") == 1  # for both architectures
    version = aws.get_layer_version(LayerName=f"{name}-common", VersionNumber=1)
    assert not version.get("CompatibleRuntimes")
    os.utime(project.root / "layer/fonts/plain.txt", (1, 1))
    assert project.deploy().changes == []

    project.write("layer/python/common.py", "ANSWER = 41\n")
    planned = project.run("plan")
    assert planned.changes == []
    assert "(no version with these files)" in planned.out
    assert project.deploy().code == 1
    found = aws.get_function_configuration(FunctionName=name, Qualifier="live")
    assert found["Layers"][0]["Arn"].endswith(f"{name}-common:1")

    project.write("layer/python/common.py", "ANSWER = 42\n")  # as in version 1: reused
    again = project.deploy()
    assert again.code == 0
    assert "PublishLayerVersion" not in again.changes
    assert f"layer {name}-common" in project.run("sizes").out


def test_a_folder_that_no_runtime_would_find_is_told(new_project: NewProject, name: str) -> None:
    project = made(new_project, name)
    project.write("layer/python/common.py", "")
    (project.root / "layer/python/common.py").rename(project.root / "layer/common.py")
    (project.root / "layer/python").rmdir()
    run = project.run("plan")
    assert run.code == 2
    assert "common.py is at the top of layer" in run.log
    assert "move it to python/ in layer" in run.log


def test_a_layer_is_shared_and_shared_no_more(new_project: NewProject, name: str, aws: Any) -> None:
    project = made(new_project, name)
    project.edit("lambda-deploy.yml", "{code: layer}", "{code: layer, share: [123456789012]}")
    planned = project.run("plan")
    assert planned.changes == []
    assert "share +123456789012" in planned.out
    first = project.deploy()
    assert first.changes.count("AddLayerVersionPermission") == 1

    def statements(number: int = 1) -> list[dict[str, Any]]:
        version = {"LayerName": f"{name}-common", "VersionNumber": number}
        found: list[dict[str, Any]] = json.loads(aws.get_layer_version_policy(**version)["Policy"])[
            "Statement"
        ]
        return found

    assert [each["Principal"]["AWS"] for each in statements()] == ["arn:aws:iam::123456789012:root"]
    assert project.deploy().changes == []
    aws.add_layer_version_permission(
        LayerName=f"{name}-common",
        VersionNumber=1,
        StatementId="by-hand",
        Action="lambda:GetLayerVersion",
        Principal="210987654321",
    )
    project.edit("lambda-deploy.yml", "[123456789012]", "[o-a1b2c3d4e5]")
    assert "share +o-a1b2c3d4e5 −123456789012" in project.run("plan").out
    changed = project.deploy()
    assert sorted(changed.changes) == [
        "AddLayerVersionPermission",
        "RemoveLayerVersionPermission",
    ]
    ids = {each["Sid"] for each in statements()}
    assert ids == {"by-hand", "lambda-fast-deploy-o-a1b2c3d4e5"}

    project.write("layer/fonts/plain.txt", "abcd\n")  # permissions are those of one version
    assert project.deploy().code == 0
    assert [each["Sid"] for each in statements(2)] == ["lambda-fast-deploy-o-a1b2c3d4e5"]
    project.edit("lambda-deploy.yml", "[o-a1b2c3d4e5]", "[]")
    assert project.deploy().changes == ["RemoveLayerVersionPermission"]
    version = {"LayerName": f"{name}-common", "VersionNumber": 2}
    assert refused(aws.get_layer_version_policy, **version)[1] == 404


def test_a_file_with_layers_alone_publishes_them(new_project: NewProject, name: str) -> None:
    text = f"layers:\n  {name}: {{code: layer}}\nfunctions: {{}}\n"
    project = new_project(text, CODE)
    project.write("layer/python/common.py", "ANSWER = 42\n")
    run = project.deploy()
    assert run.code == 0
    assert run.changes == ["PublishLayerVersion"]
    assert project.deploy().changes == []


def test_a_shared_layer_needs_no_function_and_serves_the_other_account(
    new_project: NewProject, name: str
) -> None:
    other = "123123123123"
    text = f"layers:\n  {name}: {{code: layer, share: ['{other}']}}\nfunctions: {{}}\n"
    project = new_project(text, CODE)
    project.write("layer/python/common.py", "ANSWER = 42\n")
    run = project.deploy()
    assert run.code == 0
    assert run.changes == ["PublishLayerVersion", "AddLayerVersionPermission"]
    assert project.deploy().changes == []
    arn = f"arn:aws:lambda:us-east-1:000000000000:layer:{name}:1"
    theirs = boto3.Session(other, "x").client("lambda")
    assert theirs.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    stranger = boto3.Session("321321321321", "x").client("lambda")
    assert refused(stranger.get_layer_version_by_arn, Arn=arn)[1] == 403
