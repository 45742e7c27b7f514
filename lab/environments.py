"""The two Python environments of the lab: the emulator's, and that of zip functions."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from lab.layout import REPOSITORY, LabError, cached, digest_of
from lab.process import run

_EMULATOR_LOCK = REPOSITORY / "requirements" / "lab.txt"
_RUNTIME_LOCK = REPOSITORY / "lab" / "runtime.txt"


def uv() -> str:
    """Return the path of uv: next to this interpreter, or on PATH. Raises LabError without."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise LabError("uv is missing: install it into this environment (pip install uv)")
    return found


def emulator_environment() -> Path:
    """Return the folder of the emulator's environment, made from requirements/lab.txt."""
    return _environment("emulator", _EMULATOR_LOCK)


def runtime_environment() -> Path:
    """Return the folder of the environment in which zip functions run.

    It holds what AWS's Python runtime offers beside the standard library and nothing else, so
    that a package which a function forgot to bring is missing here as it is on AWS.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
    """
    return _environment("runtime", _RUNTIME_LOCK)


def _environment(name: str, lock: Path) -> Path:
    # Relocatable, because `cached` renames the folder once it is complete.
    key = digest_of([lock, sys.version, "relocatable"])

    def make(folder: Path) -> None:
        base = os.path.realpath(sys.executable)
        run([uv(), "venv", "--quiet", "--relocatable", "--python", base, folder / "venv"])
        run(
            [
                uv(),
                "pip",
                "sync",
                "--quiet",
                "--require-hashes",
                "--link-mode",
                "hardlink",
                "--python",
                folder / "venv" / "bin" / "python",
                lock,
            ]
        )

    return cached(f"{name}-{key}", make) / "venv"
