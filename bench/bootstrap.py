"""From the start of the action's step to the engine at work: its first call reaches AWS."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.action import Action
from bench.rounds import FEW, ROUNDS, Against, Way, measure, seconds, table
from bench.subject import ENGINE
from bench.tools import PYTHON
from bench.zips import a_zip
from lab.environments import uv


@dataclass(frozen=True)
class Start:
    """A way to start; ``goal`` is the most seconds until the engine is at work."""

    name: str
    action: Action
    goal: float
    is_first: bool = False
    has_uv: bool = False
    rounds: int = ROUNDS

    def run(self, cwd: Path, *arguments: str) -> float:
        """Seconds of a step."""
        if self.is_first:
            self.action.forget()
        given = {**os.environ, "RUNNER_TEMP": str(self.action.temp)}
        if self.has_uv:
            given["PATH"] = os.pathsep.join([str(Path(uv()).parent), given["PATH"]])
            given |= {"UV_CACHE_DIR": f"{self.action.temp}/uv"} if self.is_first else {}
        command = [PYTHON, "-I", "-S", str(self.action.checkout / "bootstrap.py"), *arguments]
        return seconds(command, cwd, **given)

    def row(self, cwd: Path) -> str:
        """Medians: until ``--version`` is told, until AWS is called, and of the whole deploy."""
        rounds = [list(self._round(cwd)) for _ in range(1 + self.rounds)][1:]
        version, work, deploy = (statistics.median(column) for column in zip(*rounds, strict=True))
        goal = f"{self.goal:.1f} s {'met' if work <= self.goal else '**missed**'}"
        return f"| {self.name} | {version:.2f} s | {work:.2f} s | {goal} | {deploy:.2f} s |"

    def _round(self, cwd: Path) -> Iterator[float]:
        yield self.run(cwd, "--version")
        log = Path(os.environ["LAB_REQUESTS"])
        before, begun = log.stat().st_size, time.time()
        deploy = self.run(cwd, "deploy")
        with log.open("rb") as lines:
            lines.seek(before)
            yield json.loads(lines.readline())["time"] - begun
        yield deploy


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        release, main = Action.of(folder, release=True), Action.of(folder, release=False)
        vendored = Start("release", release, 0.6)
        locked = Start("main", main, 0.8, has_uv=True)
        starts = [
            Start("release, first in a job", release, 0.6, is_first=True),
            vendored,
            Start("main, first in a job", main, 4, True, True, FEW),
            locked,
        ]
        cwd = a_zip(folder, ENGINE).root
        rows = [start.row(cwd) for start in starts]
        times = measure(
            Way("release", lambda: vendored.run(cwd, "deploy")),
            Way("main", lambda: locked.run(cwd, "deploy")),
        )
    return [
        "## Start of the action",
        "",
        "These are times from the start of the step: until the engine runs `--version`, until it "
        "is at work (its first call reaches AWS), and until a deploy without a change ends. A "
        "release contains its dependencies. On main, uv installs them: uv is on PATH, and for a "
        "first start `UV_CACHE_DIR` is a new folder. A first start finds nothing that another job"
        " has left.",
        "",
        "| start | --version | at work | goal | deploy of a zip, no change |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        *table("no change", times, [Against("main", 1.0, ours="release")]),
    ]
