"""Runs that are killed without warning: the next run puts everything right."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.fleet import Fleet

WHOLE = 1.8  # seconds of an undisturbed run, about


def kill_once(fleet: Fleet, after: float) -> bool:
    """Kill a deploy after so many seconds; whether it was still running."""
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "deploy"],
        cwd=fleet.project.root,
        stderr=subprocess.DEVNULL,
    ) as run:
        time.sleep(after)
        was_running = run.poll() is None
        run.kill()
    return was_running


@pytest.mark.parametrize(
    "kills", [pytest.param(5, id="few"), pytest.param(120, id="many", marks=pytest.mark.thorough)]
)
@pytest.mark.timeout(1800)
def test_a_change_that_is_killed_is_put_right(tmp_path: Path, name: str, kills: int) -> None:
    fleet, chance, killed = Fleet(tmp_path / "project", name), random.Random(7), 0
    fleet.next()
    fleet.converge()
    while killed < kills:
        before = fleet.served()
        fleet.next()
        killed += kill_once(fleet, chance.uniform(0.1, WHOLE))
        assert fleet.served() in (before, str(fleet.release))
        fleet.converge()
    print(f"{killed} kills, all put right")


@pytest.mark.parametrize(
    "kills", [pytest.param(2, id="few"), pytest.param(80, id="many", marks=pytest.mark.thorough)]
)
@pytest.mark.timeout(1800)
def test_a_first_deploy_that_is_killed_is_put_right(tmp_path: Path, name: str, kills: int) -> None:
    chance, killed = random.Random(8), 0
    while killed < kills:
        fleet = Fleet(tmp_path / f"project{killed}", f"{name}-{killed}-{os.getpid()}")
        fleet.next()
        killed += kill_once(fleet, chance.uniform(0.2, 2 * WHOLE))
        assert fleet.served() in ("", str(fleet.release))
        fleet.converge()
        fleet.aws.delete_function(FunctionName=fleet.name)
    print(f"{killed} kills, all put right")
