"""Rounds of one command after the other, so that a machine that slows down slows all."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 7
FEW = 3  # rounds where one lasts long


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to do the same.

    ``run`` returns its seconds; ``goal`` is the most that our time may be of its time.
    """

    name: str
    run: Callable[[], float]
    goal: float | None = None
    rounds: int = ROUNDS


def seconds(command: list[str], cwd: Path, **environment: str) -> float:
    """Wall time of a command, as a whole process. Raises CalledProcessError if it fails."""
    begun = time.monotonic()
    try:
        subprocess.run(
            command, cwd=cwd, env=environment or None, check=True, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        error.add_note(f"{error.stdout}{error.stderr}")
        raise
    return time.monotonic() - begun


def table(what: str, rows: Iterable[str]) -> list[str]:
    """The table of rows that ``compare`` made."""
    return [
        f"| {what} | lambda-fast-deploy | against | its time | ratio | goal |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def compare(what: str, ours: Callable[[], float], *peers: Peer) -> list[str]:
    """Rows of the table, one for each peer: medians, and the median of the ratios by round."""
    pairs: dict[Peer, list[tuple[float, float]]] = {peer: [] for peer in peers}
    for number in range(1 + max(peer.rounds for peer in peers)):
        mine = ours()
        for peer in peers:
            if number <= peer.rounds:
                pairs[peer].append((mine, peer.run()))
    return [_row(what, peer, pairs[peer][1:]) for peer in peers]  # the first warms caches


def _row(what: str, peer: Peer, pairs: list[tuple[float, float]]) -> str:
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    goal = "-"
    if peer.goal is not None:
        goal = f"{peer.goal:.2f} {'met' if ratio <= peer.goal else '**missed**'}"
    return f"| {what} | {mine:.2f} s | {peer.name} | {other:.2f} s | {ratio:.2f} | {goal} |"
