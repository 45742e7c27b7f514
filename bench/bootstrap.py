"""From the start of the action's step to the engine at work: its first call reaches AWS."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.rounds import FEW, ROUNDS, Peer, compare, seconds, table
from bench.zips import ENGINE, Subject
from lab.environments import uv
from lab.layout import REPOSITORY

PYTHON = os.path.realpath(sys.executable)  # a runner's, in no environment


@dataclass(frozen=True)
class Way:
    """A way to start: from an action's folder, with what the machine has kept of earlier runs.

    ``goal`` is the most seconds until the engine is at work.
    """

    name: str
    action: Path
    kept: Path
    goal: float
    is_first: bool = False
    has_uv: bool = False
    rounds: int = ROUNDS

    def run(self, cwd: Path, *arguments: str) -> float:
        """Seconds of a step."""
        if self.is_first:
            shutil.rmtree(self.kept, ignore_errors=True)
        given = {**os.environ, "RUNNER_TOOL_CACHE": f"{self.kept}/tools"}
        if self.has_uv:
            given["PATH"] = os.pathsep.join([str(Path(uv()).parent), given["PATH"]])
            given |= {"UV_CACHE_DIR": f"{self.kept}/uv"} if self.is_first else {}
        command = [PYTHON, "-I", "-S", str(self.action / "bootstrap.py"), *arguments]
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


def _action(folder: Path, *, is_vendored: bool) -> Path:
    """The action as a runner has it: of a release, or of main."""
    for name in ("engine", "requirements"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    shutil.copy(REPOSITORY / "bootstrap.py", folder)
    if is_vendored:
        seconds([sys.executable, "-m", "tools.dist", f"{folder}/dist"], REPOSITORY)
    return folder


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        release = _action(folder / "release", is_vendored=True)
        main = _action(folder / "main", is_vendored=False)
        vendored = Way("release", release, folder / "later", 0.6)
        warm = Way("main", main, folder / "warm", 0.8, has_uv=True)
        ways = [
            Way("release, first on a machine", release, folder / "first", 0.6, is_first=True),
            vendored,
            Way("main, first on a machine", main, folder / "cold", 4, True, True, FEW),
            warm,
        ]
        cwd = Subject(folder, ENGINE).root
        rows = [way.row(cwd) for way in ways]
        peer = Peer("main", lambda: warm.run(cwd, "deploy"), goal=1)
        compared = compare("no change", lambda: vendored.run(cwd, "deploy"), peer)
    return [
        "## Start of the action",
        "",
        "From the start of the step to the engine at work, which is when its first call reaches "
        "AWS, and a deploy without a change in all. A release has its dependencies with it; main "
        "has uv install them: on PATH is uv, and when it is the first start, `UV_CACHE_DIR` is a "
        "new folder. A first start finds nothing in the tool cache, as on GitHub's own runners.",
        "",
        "| start | --version | at work | goal | deploy of a zip, no change |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        *table("deploy of a zip", compared),
    ]
