"""The tools that we are measured against, in an environment of their own below .lab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.rounds import seconds
from lab.environments import uv
from lab.layout import REPOSITORY, cached, digest_of

LOCK = REPOSITORY / "requirements/bench.txt"


def installed() -> Path:
    """The folder of ``aws``, ``sam`` and ``pip``; made anew when the lock has changed."""

    def make(folder: Path) -> None:
        python = folder / "venv/bin/python"
        base = os.path.realpath(sys.executable)
        # Relocatable, because `cached` renames the folder once it is complete.
        seconds([uv(), "venv", "--relocatable", "--python", base, f"{folder}/venv"], folder)
        sync = ["pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(python)]
        seconds([uv(), *sync, str(LOCK)], folder)

    return cached(f"bench-{digest_of([LOCK, sys.version])}", make) / "venv/bin"


def shell(script: str, cwd: Path, **environment: str) -> float:
    """Seconds of a shell script, to which our own Python is ``PYTHON``."""
    given = {
        **os.environ,
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
    programs = [*(installed() / name for name in ("aws", "sam", "pip")), Path(uv())]
    return ", ".join(f"{program.name} {_version(program)}" for program in programs)


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", said.stdout)
    assert found, said
    return found.group()
