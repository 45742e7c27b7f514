"""What a deploy of many functions takes: seconds, calls, processor and memory."""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.rounds import FEW
from bench.subject import RUNTIME
from bench.zips import EXAMPLE
from lab.pace import paced

SIZES = (1, 10, 50, 200)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a deploy took: wall time and processor time in seconds, memory in bytes at its peak."""

    seconds: float
    calls: float
    processor: float
    memory: float


class Project:
    """So many functions in one lambda-deploy.yml, each with code of its own."""

    def __init__(self, folder: Path, size: int) -> None:
        self._root = folder / f"bench-{secrets.token_hex(4)}"
        self._sources = [self._root / f"src{number}/app.py" for number in range(size)]
        lines = ["functions:"]
        for source in self._sources:
            source.parent.mkdir(parents=True)
            code = source.parent.name
            lines += [
                f"  {self._root.name}-{code}:",
                f"    zip: {{code: {code}, handler: app.handler, runtime: {RUNTIME}}}",
                f"    role: {os.environ['LAB_ROLE_ARN']}",
            ]
        (self._root / "lambda-deploy.yml").write_text("\n".join(lines))
        self.edit()

    def edit(self) -> None:
        """Change the code of every function."""
        code = (EXAMPLE / "src/app.py").read_text()
        for source in self._sources:
            source.write_text(f"{code}\n# {secrets.token_hex(8)}\n")

    def edited(self) -> Cost:
        """What a deploy takes after a change of every function's code."""
        self.edit()
        return self.deploy()

    def deploy(self) -> Cost:
        """What a deploy takes. Raises CalledProcessError if it fails."""
        log, command = (
            Path(os.environ["LAB_REQUESTS"]),
            [sys.executable, "-m", "lambda_fast_deploy", "deploy"],
        )
        before, begun = log.stat().st_size, time.monotonic()
        with tempfile.TemporaryFile("w+") as said:
            child = subprocess.Popen(command, cwd=self._root, stdout=said, stderr=said)
            _, status, usage = os.wait4(child.pid, 0)
            spent = time.monotonic() - begun
            if code := os.waitstatus_to_exitcode(status):
                said.seek(0)
                error = subprocess.CalledProcessError(code, command)
                error.add_note(said.read())
                raise error
        with log.open("rb") as lines:
            lines.seek(before)
            calls = len(lines.readlines())
        return Cost(spent, calls, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def section() -> list[str]:
    """Measure; the section of the results."""
    first, unchanged, changed = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            project = Project(Path(folder), size)
            first.append(_row("created", size, [project.deploy()]))
            unchanged.append(_row("no change", size, [project.deploy() for _ in range(FEW)]))
            changed.append(_row("code of all", size, [project.edited() for _ in range(FEW)]))
        with paced(quota=1):
            limited = _row("no change, with Lambda's quotas", size, [project.deploy()])
    return [
        "## Growth",
        "",
        "All functions are in one lambda-deploy.yml; each is a zip with different code. Memory is"
        " the peak of the process. On AWS, an account may make 100 calls of GetFunction a second,"
        " and 15 calls of all other operations of Lambda's API together. A deploy of this size "
        "waits for these quotas. The last row is measured with the quotas, the other rows "
        "without.",
        "",
        "| change | functions | time | for each | calls | for each | processor | memory |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *first,
        *changed,
        *unchanged,
        limited,
    ]


def _row(what: str, size: int, costs: list[Cost]) -> str:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(cost, name) for cost in costs))

    spent, calls = middle("seconds"), middle("calls")
    return (
        f"| {what} | {size} | {spent:.2f} s | {spent / size:.3f} s | {calls:.0f} | "
        f"{calls / size:.1f} | {middle('processor'):.2f} s | {middle('memory') / 1e6:.0f} MB |"
    )
