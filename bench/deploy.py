"""Code-only and no-change deploys of a zip, against the boto3 floor.

``make bench`` runs it on the lab and writes bench/RESULTS.md. Each round runs one after the
other, so that a machine that slows down slows both; the median of the pairwise ratios counts.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

ROUNDS = 7
ROOT = Path(__file__).resolve().parent.parent
CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
"""


class Subject:
    """A function of its own, deployed by one command."""

    def __init__(self, folder: Path, command: Callable[[str], list[str]]) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.root = folder / self.name
        shutil.copytree(ROOT / "examples/zip-layers/src", self.root / "src")
        role = os.environ["LAB_ROLE_ARN"]
        (self.root / "lambda-deploy.yml").write_text(CONFIG.format(name=self.name, role=role))
        self._command = command(self.name)
        self._run([sys.executable, "-m", "engine", "deploy"])

    def _run(self, command: list[str]) -> float:
        begun = time.monotonic()
        subprocess.run(command, cwd=self.root, check=True, capture_output=True)
        return time.monotonic() - begun

    def measure(self, *, change: bool) -> float:
        """Seconds of one run, after an edit or after a touch that changes nothing."""
        source = self.root / "src/app.py"
        if change:
            source.write_text(f"{source.read_text()}\n# {secrets.token_hex(8)}\n")
        source.touch()
        return self._run(self._command)


def compare(tool: Subject, floor: Subject, *, change: bool) -> str:
    """A row of the table: medians, and the median of the ratios round by round."""
    pairs = [(tool.measure(change=change), floor.measure(change=change)) for _ in range(ROUNDS + 1)]
    pairs = pairs[1:]  # the first warms caches
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    kind = "code-only" if change else "no change"
    return f"| {kind} | {ours:.2f} s | {theirs:.2f} s | {ratio:.2f} |"


def main() -> None:
    """Measure, print, and write the results."""
    engine = [sys.executable, "-m", "engine", "deploy"]
    with tempfile.TemporaryDirectory() as folder:
        tool = Subject(Path(folder), lambda _: engine)
        floor = Subject(
            Path(folder), lambda name: [sys.executable, str(ROOT / "bench/floor.py"), name, "src"]
        )
        rows = [compare(tool, floor, change=change) for change in (True, False)]
    page = "\n".join(
        [
            "# Results of `make bench`",
            "",
            f"Written by `make bench`, {ROUNDS} rounds after one to warm up, medians. "
            f"{os.cpu_count()} cores, Python {platform.python_version()}, "
            f"boto3 {version('boto3')}.",
            "",
            "The floor is [floor.py](floor.py): zip, one read, update, poll every 0.1 s. "
            "lambda-fast-deploy publishes a version and moves the alias besides.",
            "",
            "| deploy of a zip | lambda-fast-deploy | boto3 floor | ratio |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )
    print(page)
    (ROOT / "bench/RESULTS.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
