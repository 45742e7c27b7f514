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
    """A checkout of the action, and the tool cache of the machine that it is on."""

    checkout: Path
    tools: Path

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
        return cls(checkout, folder / f"tools-{checkout.name}")

    def forget(self) -> None:
        """Empty the tool cache: the next start is the first on its machine."""
        shutil.rmtree(self.tools, ignore_errors=True)

    def environment(self, workspace: Path) -> Mapping[str, str]:
        """What the step knows of its runner."""
        for name in ("output", "summary"):
            (workspace / name).touch()
        return {
            "ACTION_PATH": str(self.checkout),
            "RUNNER_TOOL_CACHE": str(self.tools),
            "RUNNER_TEMP": str(workspace),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_OUTPUT": f"{workspace}/output",
            "GITHUB_STEP_SUMMARY": f"{workspace}/summary",
        }
