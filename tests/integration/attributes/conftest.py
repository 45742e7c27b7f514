"""A project with one zip function, and its attributes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import Project

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.12}}
    role: {role}
    tests: [health]
tests:
  health: {{http: /health, within: 5s}}
"""
CODE = """\
def handler(event, context):
    return {"statusCode": 200, "body": '"one"'}
"""
BROKEN = "def handler(event, context): return {'statusCode': 500, 'body': 'broken'}\n"

REGION = os.environ.get("AWS_REGION", "us-east-1")
QUEUE = f"arn:aws:sqs:{REGION}:000000000000:dead"
TOPIC = f"arn:aws:sns:{REGION}:000000000000:alarms"
KEY = f"arn:aws:kms:{REGION}:000000000000:key/orders"
ACCESS_POINT = (
    f"arn:aws:elasticfilesystem:{REGION}:000000000000:access-point/fsap-0123456789abcdef0"
)


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", CODE)
    return made


def give(project: Project, text: str) -> None:
    """Set the attributes of the function, in place of those that it has."""
    before, _, rest = (project.root / "lambda-deploy.yml").read_text().partition("    role:")
    role, _, _ = rest.partition("\n")
    tests = "    tests: [health]\ntests:\n  health: {http: /health, within: 5s}\n"
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    project.write("lambda-deploy.yml", f"{before}    role:{role}\n{lines}{tests}")
