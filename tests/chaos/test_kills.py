"""Runs that are killed without warning: the next run puts everything right."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.conftest import Tally
from tests.chaos.fleet import FLEETS, Fleet

# Seconds of an undisturbed change, and lines that it prints, about.
WHOLE = {"zip": 2.0, "image": 4.0, "many": 4.0}
MARKS = {path: [pytest.mark.thorough] for path in WHOLE}
MARKS["image"].append(pytest.mark.docker)
LINES = {"zip": 10, "image": 12, "many": 36}


def killed_after(fleet: Fleet, seconds: float) -> bool:
    """Kill a deploy after so many seconds; whether it was still running."""
    with _running(fleet, subprocess.DEVNULL) as run:
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            return True
    return False


def killed_at(fleet: Fleet, line: int) -> bool:
    """Kill a deploy when it prints a line, that is when a step begins or ends; whether it did."""
    with _running(fleet, subprocess.PIPE) as run:
        assert run.stderr is not None
        for number, _ in enumerate(run.stderr):
            if number == line:
                run.kill()
                return True
    return False


def _running(fleet: Fleet, stderr: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
    return subprocess.Popen(command, cwd=fleet.project.root, stderr=stderr)


def put_right(fleet: Fleet, before: set[str], tally: Tally, when: str) -> None:
    """Hold what a killed run left against what users may get, and run again."""
    with tally.case(f"kills, {fleet.path}, {when}") as figures:
        assert fleet.served() <= before | {str(fleet.release)}
        fleet.converge()
        figures["converged"] += 1


def cases(**many: int) -> list[Any]:
    """How often each path is killed in a thorough run; a few kills of a zip are in every run."""
    return [
        pytest.param("zip", 3, id="zip-few"),
        *(pytest.param(path, number, id=path, marks=MARKS[path]) for path, number in many.items()),
    ]


@pytest.mark.parametrize(("path", "kills"), cases(zip=74, image=26, many=24))
@pytest.mark.timeout(2400)
def test_a_change_that_is_killed_is_put_right(
    root: Path, name: str, path: str, kills: int, tally: Tally
) -> None:
    fleet, chance, killed = FLEETS[path](root, name), random.Random(7), 0
    fleet.next()
    fleet.converge()
    while killed < kills:
        before = fleet.served()
        fleet.vary(killed)
        if killed_after(fleet, chance.uniform(0.1, WHOLE[path])):
            killed += 1
            put_right(fleet, before, tally, "at random")


@pytest.mark.parametrize(("path", "kills"), cases(zip=20, image=6, many=4))
@pytest.mark.timeout(2400)
def test_a_first_deploy_that_is_killed_is_put_right(
    tmp_path: Path, name: str, path: str, kills: int, tally: Tally
) -> None:
    chance, killed = random.Random(8), 0
    while killed < kills:
        fleet = FLEETS[path](tmp_path / f"{killed}" / "project", f"{name}-{killed}")
        fleet.next()
        if killed_after(fleet, chance.uniform(0.2, 2 * WHOLE[path])):
            killed += 1
            put_right(fleet, {""}, tally, "at random, first deploy")
        fleet.remove()


# Many functions tell the same of each, so that every second line will do.
@pytest.mark.parametrize(
    ("path", "step"),
    [
        pytest.param(path, step, id=path, marks=MARKS[path])
        for path, step in (("zip", 1), ("image", 1), ("many", 2))
    ],
)
@pytest.mark.timeout(2400)
def test_a_run_that_is_killed_at_any_step_is_put_right(
    root: Path, name: str, path: str, step: int, tally: Tally
) -> None:
    fleet, line = FLEETS[path](root, name), 0
    fleet.next()
    fleet.converge()
    while True:
        before = fleet.served()
        fleet.vary(1)
        if not killed_at(fleet, line):
            break
        put_right(fleet, before, tally, "at each step")
        line += step
    assert line >= LINES[path]
