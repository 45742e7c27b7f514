"""Every test file runs with ``make test``, or with ``make judges`` where real tools judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("test", "judges")


def _run_by(target: str) -> set[Path]:
    """The files and folders that a target hands to pytest."""
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines() if " pytest " in line]
    return {Path(word) for line in lines for word in line if word.startswith("tests/")}


def _test_files() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.fixture(scope="module")
def run() -> set[Path]:
    """What is run at all."""
    return set().union(*map(_run_by, TARGETS))


@pytest.mark.parametrize("file", _test_files(), ids=str)
def test_a_test_file_is_run(file: Path, run: set[Path]) -> None:
    assert run & {file, *file.parents}, f"{file} is in no folder that `make test` runs"
