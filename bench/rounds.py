"""Rounds of one command after the other, so that a machine that slows down slows all."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 7
FEW = 3  # rounds where one lasts long
OURS = "lambda-fast-deploy"

Times = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to do something; ``run`` returns its seconds."""

    name: str
    run: Callable[[], float]
    rounds: int = ROUNDS


@dataclass(frozen=True, slots=True)
class Against:
    """A comparison of one way with another.

    ``goal`` is the most that its time may be of the peer's; ``beyond`` is that of what both take
    beyond the time that AWS takes itself.
    """

    peer: str
    goal: float | None = None
    beyond: float | None = None
    ours: str = OURS


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


def measure(*ways: Way) -> Times:
    """Seconds of each way, by round; a round before the first warms caches, and does not count."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    for number in range(1 + max(way.rounds for way in ways)):
        for way in ways:
            if number <= way.rounds:
                times[way.name].append(way.run())
    return {name: spent[1:] for name, spent in times.items()}


def table(
    what: str, times: Times, pairs: Iterable[Against], transition: float | None = None
) -> list[str]:
    """A table of comparisons: medians, and the median of the ratios round by round.

    With a ``transition``, the seconds that AWS takes itself, it tells what is beyond them too.
    """
    heads = [what, "its time", "against", "its time", "ratio", "goal"]
    if transition is not None:
        heads += [f"beyond the update's {transition:g} s", "ratio", "goal"]
    rows = ([*_row(times, each, transition)] for each in pairs)
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]


def _row(times: Times, pair: Against, transition: float | None) -> Iterator[str]:
    rounds = list(zip(times[pair.ours], times[pair.peer], strict=False))
    mine, other = _medians(rounds)
    yield from (pair.ours, f"{mine:.2f} s", pair.peer, f"{other:.2f} s")
    yield from _ratio(rounds, pair.goal)
    if transition is not None:
        beyond = [(a - transition, b - transition) for a, b in rounds]
        mine, other = _medians(beyond)
        yield f"{mine:.2f} s, {other:.2f} s"
        yield from _ratio(beyond, pair.beyond)


def _medians(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
    return mine, other


def _ratio(rounds: list[tuple[float, float]], most: float | None) -> tuple[str, str]:
    ratio = statistics.median(a / b for a, b in rounds)
    if most is None:
        return f"{ratio:.2f}", "-"
    return f"{ratio:.2f}", f"{most:.2f} {'met' if ratio <= most else '**missed**'}"
