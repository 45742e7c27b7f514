"""Rounds of one command after the other, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 7


def seconds(command: list[str], cwd: Path, **environment: str) -> float:
    """Wall time of a command, as a whole process. Raises CalledProcessError if it fails."""
    begun = time.monotonic()
    subprocess.run(command, cwd=cwd, env=environment or None, check=True, capture_output=True)
    return time.monotonic() - begun


def compare(what: str, ours: Callable[[], float], theirs: Callable[[], float]) -> str:
    """A row of the table: medians, and the median of the ratios round by round."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS + 1)][1:]  # the first warms caches
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return f"| {what} | {mine:.2f} s | {other:.2f} s | {ratio:.2f} |"
