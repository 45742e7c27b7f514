"""Schedules are chosen by a seed, played several at a time, and counted by pair."""

from __future__ import annotations

import itertools
import math
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import pytest

from lab.pace import paced
from tests.schedules.case import Case
from tests.schedules.play import Player
from tests.schedules.selection import Group, groups
from tests.schedules.verdicts import Failure, failures
from tests.zygote import zygote

ONE = os.environ.get("SCHEDULE", "")  # the one to play, if not all
SEED = int(os.environ.get("SCHEDULES_SEED", "1"))
NUMBER = int(os.environ.get("SCHEDULES", "300"))
SWITCHES = int(os.environ.get("SCHEDULES_SWITCHES", "1"))
MINUTES = float(os.environ.get("SCHEDULES_MINUTES", "inf"))
AT_ONCE = 10  # some of a schedule is waiting
UPDATE = 0.02  # seconds that a function takes for a change; it is through before a run goes on


@dataclass(frozen=True)
class Result:
    """What came of a schedule; ``story`` is for whoever looks into it."""

    case: Case
    failures: list[Failure]
    story: str


@dataclass
class Count:
    """The schedules of a pair: those there are, and those that were played."""

    possible: int
    results: list[Future[Result | None]] = field(default_factory=list)


COUNTS = pytest.StashKey[dict[Group, Count]]()


@pytest.fixture(scope="session")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """Who carries schedules out."""
    with paced(update=UPDATE, minute=1):
        yield Player(zygote(), tmp_path_factory.mktemp("schedules"))


@pytest.fixture(scope="session")
def counts(request: pytest.FixtureRequest, player: Player) -> Iterator[dict[Group, Count]]:
    """What came of the schedules of each pair that is asked for; they are played side by side."""
    asked: dict[Group, Count] = {
        cast(Group, item.callspec.params["group"]): Count(0)
        for item in request.session.items
        if isinstance(item, pytest.Function) and "group" in item.fixturenames
    }
    request.config.stash[COUNTS] = asked
    shares = dict(zip(groups(), _shares(NUMBER, len(groups())), strict=True))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        events = Recorded(player, pool, list(asked)).events
        until = time.monotonic() + 60 * MINUTES
        draws = {}
        for group, count in asked.items():
            count.possible = group.possible(events, SWITCHES)
            drawn = group.drawn(random.Random(f"{SEED} {group}"), events, SWITCHES)
            draws[group] = list(itertools.islice(drawn, min(shares[group], count.possible)))
        for case, group in _evenly(draws):
            asked[group].results.append(pool.submit(carry_out, player, case, until))
        yield asked
        pool.shutdown(cancel_futures=True)


def _shares(number: int, groups: int) -> list[int]:
    """How many schedules each group gets: the number, evenly, but at least one."""
    return [max(1, number * (n + 1) // groups - number * n // groups) for n in range(groups)]


def _evenly(draws: dict[Group, list[Case]]) -> Iterator[tuple[Case, Group]]:
    """One of each pair, then another one of each."""
    for row in itertools.zip_longest(*draws.values()):
        yield from ((case, group) for case, group in zip(row, draws, strict=True) if case)


class Recorded:
    """How many events each run comes to when nothing disturbs it."""

    def __init__(self, player: Player, pool: ThreadPoolExecutor, asked: list[Group]) -> None:
        self._events: dict[object, Future[list[str]]] = {}
        for case in (case for group in asked for case in group.runs()):
            for number in (0, 1):
                if (key := self._key(case, number)) not in self._events:
                    self._events[key] = pool.submit(player.alone, case, number)

    def events(self, case: Case, number: int) -> int:
        """How many it comes to, where the case begins."""
        return len(self._events[self._key(case, number)].result())

    def _key(self, case: Case, number: int) -> object:
        return case.runs[number], case.has_first, case.has_layer


def carry_out(player: Player, case: Case, until: float = math.inf) -> Result | None:
    """Play a schedule and judge it; nothing once the time is over."""
    if time.monotonic() > until:
        return None
    played = player.play(case)
    found = failures(played)
    logs = [f"--- {actor.who}, {actor.choice}\n{actor.log}" for actor in played.actors]
    logs += [f"--- next run {n}\n{log}" for n, (_, log) in enumerate(played.after, 1)]
    order = " | ".join(played.order)
    story = "\n".join([f"order: {order}", *logs])
    player.remove(played)
    return Result(case, found, story)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave all others out where one schedule was asked for."""
    left = [item for item in items if ONE and "test_a_schedule[" not in item.name]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell of each pair how many schedules there are, and how many were played and failed."""
    write, counts = terminalreporter.write_line, config.stash.get(COUNTS, {})
    write(f"{'pair':42}{'possible':>9}{'run':>6}{'failed':>8}")
    rows = []
    for group, count in counts.items():
        over = [each for each in count.results if each.done() and not each.cancelled()]
        done = [result for each in over if not each.exception() and (result := each.result())]
        rows.append((count.possible, len(done), sum(bool(each.failures) for each in done)))
        write(f"{group!s:42}{rows[-1][0]:9}{rows[-1][1]:6}{rows[-1][2]:8}")
    if rows:
        possible, run, failed = (sum(column) for column in zip(*rows, strict=True))
        write(f"{'all':42}{possible:9}{run:6}{failed:8}")
