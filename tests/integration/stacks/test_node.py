"""Node.js functions and layers of a stack, with what their locks settle."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Handler: app.handler, Runtime: nodejs20.x}}
Resources:
  Shared:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: nodejs20.x}
    Properties: {ContentUri: shared, CompatibleRuntimes: [nodejs20.x]}
  Own:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: own}
  Layered:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: layered, Layers: [!Ref Shared]}
"""
CONFIG = """\
stack:
  template: template.yaml
  name: {stack}
  capabilities: [CAPABILITY_IAM]
  tests: {{Own: [minutes], Layered: [minutes]}}
artifacts: {{bucket: stack-artifacts, create: true}}
tests:
  minutes: {{invoke: {{}}, json: {{says: 1m}}, within: 5s}}
"""
CODE = 'const ms = require("ms");\nexports.handler = async () => ({ says: ms(60000) });\n'
MANIFEST = json.dumps({"name": "app", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}})


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A repository with a function and a layer, each with a lock of its own."""
    stack = f"node-{secrets.token_hex(4)}"
    project = Project(tmp_path / "project")
    project.write("template.yaml", TEMPLATE)
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    for name in ("own", "layered"):
        project.write(f"{name}/app.js", CODE)
    project.write("own/package.json", MANIFEST)
    npm = ["npm", "install", "--package-lock-only", "--no-audit", "--no-fund"]
    subprocess.run(npm, cwd=project.root / "own", check=True, capture_output=True)
    for name in ("package.json", "package-lock.json"):
        project.write(f"shared/{name}", (project.root / "own" / name).read_text())
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


def test_what_a_lock_settles_is_installed_for_functions_and_layers(
    project: Project, aws: Any
) -> None:
    run = project.deploy()
    assert run.code == 0
    tests = {entry["id"] for entry in run.report["work"] if entry["action"] == "test"}
    assert tests == {"test:Own:minutes", "test:Layered:minutes"}
    (project.root / "own/package-lock.json").touch()
    assert project.deploy().changes == []
