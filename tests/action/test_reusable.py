"""The workflow that other repositories call, with everything around the action."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.markdown import ROOT

if TYPE_CHECKING:
    from tests.action.conftest import Caller

CALL = """\
name: call
on: [push, pull_request]
jobs:
  deploy:
    uses: ./.github/workflows/reusable.yml
    with: {{role: "arn:aws:iam::123456789012:role/deploy", region: us-east-1{more}}}
  after:
    needs: deploy
    runs-on: ubuntu-latest
    steps:
      - env:
          CHANGED: ${{{{ needs.deploy.outputs.changed }}}}
        run: printf '{{"changed":"%s"}}' "$CHANGED" > "$SEEN/outputs"
"""
NOTHING = """\
name: nothing
description: does nothing
runs: {using: composite, steps: [{run: "true", shell: bash}]}
"""


@pytest.fixture
def calling(caller: Caller, tmp_path: Path) -> Caller:
    """A caller of the reusable workflow, where credentials are there without an action."""
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    caller.write(".github/workflows/reusable.yml", text)
    caller.write(".github/workflows/deploy.yml", CALL.format(more=""))
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    (nothing / "action.yml").write_text(NOTHING)
    for uses in re.findall(r"uses: ((?:aws-actions|docker)/\S+)", text):
        caller.actions[uses] = nothing
    return caller


def test_a_caller_deploys_and_goes_back(calling: Caller, served: Callable[[], str]) -> None:
    first = calling.run("push")
    assert (first.code, served(), first.outputs) == (0, "1", {"changed": "true"})
    calling.edit("src/app.py", "VERSION = 1", "VERSION = 2")
    assert calling.run("push").outputs == {"changed": "true"}
    assert served() == "2"

    calling.write(".github/workflows/deploy.yml", CALL.format(more=", rollback: previous"))
    assert calling.run("push").code == 0
    assert served() == "1"


def test_a_pull_request_of_another_repository_is_left_alone(calling: Caller) -> None:
    run = calling.run("pull_request")  # its head is of no repository that is known here
    assert (run.code, run.outputs, run.requests) == (0, {}, [])
