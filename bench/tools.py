"""The tools that we are measured against, in a folder of their own below .lab."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.rounds import seconds
from lab.environments import uv
from lab.layout import REPOSITORY, LabError, cached, digest_of

LOCK = REPOSITORY / "requirements/bench.txt"
PACKAGES = REPOSITORY / "bench/peers"
PYTHON = os.path.realpath(sys.executable)  # a runner's, in no environment
TELEMETRY = {"SAM_CLI_TELEMETRY": "0", "SLS_TELEMETRY_DISABLED": "1"}


def installed() -> Path:
    """The folder of ``aws``, ``sam``, ``pip``, ``osls`` and Python; anew when a lock has changed.

    Raises:
        LabError: npm is missing.
    """
    npm = shutil.which("npm")
    if not npm:
        raise LabError("npm is missing: osls, a peer, is installed by it; add Node.js 20 or newer")

    def make(folder: Path) -> None:
        # Relocatable, because `cached` renames the folder once it is complete.
        seconds([uv(), "venv", "--relocatable", "--python", PYTHON, f"{folder}/venv"], folder)
        sync = ["pip", "sync", "--require-hashes", "--compile-bytecode"]
        seconds([uv(), *sync, f"--python={folder}/venv/bin/python", str(LOCK)], folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGES / name, folder)
        seconds([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        (folder / "bin").mkdir()
        for tool in ("aws", "sam", "pip"):
            (folder / "bin" / tool).symlink_to(f"../venv/bin/{tool}")
        (folder / "bin/osls").symlink_to("../node_modules/.bin/osls")
        for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
            (folder / "bin" / name).symlink_to(PYTHON)

    made_of = (LOCK, PACKAGES / "package-lock.json", sys.version, PYTHON)
    return cached(f"peers-{digest_of(made_of)}", make) / "bin"


def shell(script: str, cwd: Path, **environment: str) -> float:
    """Seconds of a shell script, to which our own Python is ``PYTHON``."""
    given = {
        **os.environ,
        **TELEMETRY,
        "PATH": os.pathsep.join([str(installed()), str(Path(uv()).parent), os.environ["PATH"]]),
        "PYTHON": sys.executable,
        **environment,
    }
    return seconds(["sh", "-ec", script], cwd, **given)


def listing(scripts: Mapping[str, str]) -> list[str]:
    """Scripts by what runs them, for the results."""
    lines = [line for name, script in scripts.items() for line in (f"# {name}", script)]
    return ["```sh", *lines, "```"]


def versions() -> str:
    """The versions of all tools, for people."""
    programs = [*(installed() / name for name in ("aws", "sam", "osls", "pip")), Path(uv())]
    return ", ".join(f"{program.name} {_version(program)}" for program in programs)


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", said.stdout)
    assert found, said
    return found.group()
