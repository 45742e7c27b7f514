"""Starting on a machine that the engine does not run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = Path(__file__).resolve().parents[2] / "bootstrap.py"


@pytest.mark.parametrize(
    ("machine", "cause"),
    [
        ("del os.fork", "lambda-fast-deploy runs on Linux and macOS, this is "),
        ("sys.version_info = (3, 10)", "lambda-fast-deploy needs Python 3.11 or later, this is "),
    ],
)
def test_a_machine_that_is_not_fit_is_told_so_and_nothing_else(machine: str, cause: str) -> None:
    script = (
        f"import os, runpy, sys; {machine}; runpy.run_path({str(START)!r}, run_name='__main__')"
    )
    run = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True)
    assert run.returncode == 3
    first, remedy = run.stderr.splitlines()
    assert first.startswith(f"error: {cause}")
    assert remedy.startswith("  ")
