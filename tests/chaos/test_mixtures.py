"""Several faults in one run, drawn at random: the seed of a mixture is its name."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos import test_calls, test_images
from tests.chaos.conftest import Tally
from tests.chaos.fleet import FLEETS, Fleet
from tests.chaos.kinds import API, CAUSES, FINAL, RECOVERABLE, REGISTRY, Rule, cause, rule
from tests.support import faults

SEEDS = {"zip": 20, "image": 12, "many": 6}


def mixture(path: str, chance: random.Random) -> list[Rule]:
    """Three to five recoverable faults, and now and then one that is final."""
    calls = [call for call in test_calls.CHANGE if ":" not in call]
    numbers = range(6 if path == "many" else 2)
    rules = []
    for _ in range(chance.randint(3, 5)):
        if path == "image" and chance.random() < 0.6:
            call = chance.choice([*test_images.PUSH, *test_images.BUILD, *test_images.REPLACE])
            known = REGISTRY if call in test_images.PUSH else RECOVERABLE
        else:
            call, known = f"{chance.choice(calls)}:{chance.choice(numbers)}", RECOVERABLE
        rules.append(rule(call, known[chance.choice(sorted(known))]))
    if chance.random() < 0.3:
        rules.append(rule(chance.choice(calls), API[chance.choice(sorted(FINAL))]))
    return rules


def every() -> list[Any]:
    return [
        pytest.param(
            path,
            seed,
            id=f"{path}-{seed}",
            marks=[
                *([pytest.mark.docker] if path == "image" else []),
                *([] if (path, seed) == ("zip", 0) else [pytest.mark.thorough]),
            ],
        )
        for path, seeds in SEEDS.items()
        for seed in range(seeds)
    ]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fleet]:
    """What is there already of a path; made when first asked for."""

    @functools.cache
    def made(path: str) -> Fleet:
        fleet = FLEETS[path](tmp_path_factory.mktemp(path) / "project", f"mix-{path}-{os.getpid()}")
        fleet.next()
        fleet.converge()
        return fleet

    return made


@pytest.mark.parametrize(("path", "seed"), every())
def test_a_mixture_is_survived(
    standing: Callable[[str], Fleet], path: str, seed: int, tally: Tally
) -> None:
    fleet = standing(path)
    before = fleet.served()
    fleet.vary(seed)
    with tally.case(f"several at once, {path}") as figures:
        with faults(*mixture(path, random.Random(f"{path} {seed}"))) as done:
            run = fleet.project.deploy()
        figures["met"] += len(done)
        if run.code == 0:
            fleet.settled()
            figures["succeeded"] += 1
        else:
            assert any(each["rule"].get("status") == 403 for each in done), run.log
            assert any(says in cause(run.log) for says in CAUSES.values()), cause(run.log)
            assert "Traceback" not in run.log
            assert fleet.served() <= before | {str(fleet.release)}
            fleet.converge()
            figures["told"] += 1
