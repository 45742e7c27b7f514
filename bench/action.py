"""The action as a runner has it, and what its step runs there."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.rounds import seconds
from lab.layout import REPOSITORY

STEP = str(
    yaml.safe_load((REPOSITORY / "action.yml").read_text())["runs"]["steps"][-1]["run"]
).strip()


@dataclass(frozen=True)
class Action:
    """A checkout of the action, and the folder of the job that it is in."""

    checkout: Path
    temp: Path

    @classmethod
    def of(cls, folder: Path, *, release: bool) -> Action:
        """The action as a release has it, with its dependencies, or as main has it."""
        checkout = folder / ("release" if release else "main")
        for name in ("engine", "requirements"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, checkout / name, ignore=ignored)
        shutil.copy(REPOSITORY / "bootstrap.py", checkout)
        if release:
            seconds([sys.executable, "-m", "tools.dist", f"{checkout}/dist"], REPOSITORY)
        return cls(checkout, folder / f"temp-{checkout.name}")

    def forget(self) -> None:
        """Leave what was checked out: the next start is the first of a job."""
        shutil.rmtree(self.temp, ignore_errors=True)
        for compiled in [*self.checkout.rglob("__pycache__")]:
            shutil.rmtree(compiled)

    def environment(self, workspace: Path) -> Mapping[str, str]:
        """What the step knows of its runner."""
        for name in ("output", "summary"):
            (workspace / name).touch()
        return {
            "ACTION_PATH": str(self.checkout),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_OUTPUT": f"{workspace}/output",
            "GITHUB_STEP_SUMMARY": f"{workspace}/summary",
        }
