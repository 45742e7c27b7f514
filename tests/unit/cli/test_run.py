"""How a run ends, and what it leaves in its process."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.parser import read
from lambda_fast_deploy.cli.run import Run
from lambda_fast_deploy.cli.signals import STOPS
from lambda_fast_deploy.models import Outcome, Plan, Settings
from lambda_fast_deploy.run_log import RunLog
from tests.unit import make

CONFIG = """\
functions:
  orders: {zip: {code: src, handler: app.handler, runtime: python3.13}}
"""


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandContext:
    """That of a plan."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/app.py").write_text("def handler(event, context):\n    return {}\n")
    (tmp_path / "lambda-deploy.yml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return CommandContext(read(["plan"]), {"AWS_REGION": make.REGION})


def done(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Work that has nothing to do."""
    return Outcome(Plan(()), ())


@pytest.mark.parametrize("number", STOPS)
def test_an_interrupted_plan_fails_as_an_interrupted_deploy_does(
    context: CommandContext, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
        os.kill(os.getpid(), number)
        return done(settings, clients, run_log)

    assert Run(context, interrupted).carry_out() == 1
    stdout, stderr = capsys.readouterr()
    assert f"Received {number.name}: stopping and rolling back." in stderr
    assert "error: the run was cancelled\n" in stderr
    assert "Planned only" not in stdout + stderr


def test_a_run_leaves_the_process_as_it_was(context: CommandContext) -> None:
    before = [signal.getsignal(number) for number in STOPS]
    for _ in range(2):  # as in a loop
        assert Run(context, done).carry_out() == 0
    assert [signal.getsignal(number) for number in STOPS] == before
    assert gc.isenabled()
    gc.unfreeze()
