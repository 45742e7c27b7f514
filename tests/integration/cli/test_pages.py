"""The commands that the pages show, run as a reader would, on a project that has a past."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import EXAMPLES, LEAN
from tests.markdown import BLOCKS, ROOT, Block, blocks
from tests.support import Project, requests_during

REGION = "eu-central-1"  # where no other test is, since the project has the names of the pages
COMMANDS = [block for block in BLOCKS if block.language == "sh" and not block.not_run]

# IAM actions of calls that have another name (Service Authorization Reference, AWS Lambda)
# Operations whose IAM action has another name (Service Authorization Reference, "AWS Lambda").
IAM_ACTIONS = {"Invoke": "InvokeFunction", "GetLayerVersionByArn": "GetLayerVersion"}
NO_ACTIONS = {"function-url"}  # what users call


class Reader:
    """Somebody who types what a page says, in a directory with a ``lambda-deploy.yml``."""

    def __init__(self, root: Path) -> None:
        tools = root / "bin"
        tools.mkdir(parents=True)
        command = tools / "lambda-fast-deploy"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lambda_fast_deploy "$@"\n')
        command.chmod(0o755)
        self.project = Project(root / "orders")
        self._environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"],
            "AWS_REGION": REGION,
        }

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a block in a shell that stops at the first command that fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.project.root,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


Past = tuple[Reader, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """A reader whose project was deployed three times, and the calls that AWS saw."""
    root = tmp_path_factory.mktemp("reader")
    reader = Reader(root)
    project = reader.project
    shutil.copytree(EXAMPLES / "zip-layers", project.root)
    project.write("requirements.txt", "idna==3.10\n")  # small ones, since nothing is imported
    project.write("src/app.py", LEAN)
    project.edit("lambda-deploy.yml", "  orders-dependencies:\n", "  science-core:\n")
    second = "  science-aws:\n    requirements: [six==1.17.0]\n    runtime: python3.11\n"
    project.edit("lambda-deploy.yml", "\nfunctions:", f"{second}\nfunctions:")
    project.edit("lambda-deploy.yml", "[orders-dependencies]", "[science-core, science-aws]")
    with requests_during() as requests:
        for file, old, new in (
            ("src/app.py", '"hello"', '"good day"'),
            ("requirements.txt", "idna==3.10", "idna==3.11"),
            ("src/app.py", '"good day"', '"good evening"'),
        ):
            done = reader.type("lambda-fast-deploy deploy")
            assert done.returncode == 0, done.stderr
            project.edit(file, old, new)
    return reader, requests


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands_of_the_pages_do_what_they_say(past: Past, block: Block) -> None:
    reader, _ = past
    again = reader.type("lambda-fast-deploy deploy")  # whatever the block before has left
    assert again.returncode == 0, again.stderr
    done = reader.type(block.text)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_permissions_of_the_quick_start_are_enough(
    past: Past,
) -> None:
    _, requests = past
    allowed = {
        action
        for block in blocks(ROOT / "docs" / "quick-start.md")
        if "iam:PassRole" in block.text
        for statement in json.loads(block.text)["Statement"]
        for action in statement["Action"]
    }
    needed = {
        f"{r['service']}:{IAM_ACTIONS.get(r['operation'], r['operation'])}"
        for r in requests
        if r["service"] not in NO_ACTIONS
    }
    assert "lambda:CreateFunction" in needed
    assert needed <= allowed
