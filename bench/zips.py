"""Code-only and no-change deploys of a zip, against the boto3 floor."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.rounds import compare, seconds

ROOT = Path(__file__).resolve().parent.parent
ENGINE = [sys.executable, "-m", "engine", "deploy"]
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
        seconds(ENGINE, self.root)

    def measure(self, *, change: bool) -> float:
        """Seconds of one run, after an edit or after a touch that changes nothing."""
        source = self.root / "src/app.py"
        if change:
            source.write_text(f"{source.read_text()}\n# {secrets.token_hex(8)}\n")
        source.touch()
        return seconds(self._command, self.root)


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as folder:
        tool = Subject(Path(folder), lambda _: ENGINE)
        floor = Subject(
            Path(folder), lambda name: [sys.executable, str(ROOT / "bench/floor.py"), name, "src"]
        )
        rows = [
            compare(
                what,
                partial(tool.measure, change=change),
                partial(floor.measure, change=change),
            )
            for what, change in (("code-only", True), ("no change", False))
        ]
    return [
        "## Zips",
        "",
        "The floor is [floor.py](floor.py): zip, one read, update, poll every 0.1 s. "
        "lambda-fast-deploy publishes a version and moves the alias besides.",
        "",
        "| deploy of a zip | lambda-fast-deploy | boto3 floor | ratio |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
