"""AWS is away for a while, from any call of a deploy or of an undo on."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.conftest import Tally
from tests.chaos.fleet import Fleet
from tests.chaos.kinds import Rule, cause
from tests.support import Run, faults

SECONDS = (1, 5, 20, 60)
KINDS: dict[str, Rule] = {
    "json": {"status": 503, "body": '{"__type": "ServiceUnavailable", "message": "away"}'},
    "html": {
        "status": 503,
        "body": "<html><body>503 Service Temporarily Unavailable</body></html>",
        "headers": {"Content-Type": "text/html"},
    },
    "dropped": {"cut": 0},
}
# A function's own URL is not AWS's API: a test of it that fails for so long has failed.
CALLS = "(?!InvokeFunctionUrl).*"
NUMBER = int(os.environ.get("OUTAGES", "0"))  # how many of all are drawn, if not a few short ones
SEED = int(os.environ.get("OUTAGES_SEED", "1"))
PART = os.environ.get("OUTAGES_PART", "1/1")  # the second of four is 2/4: all parts make the whole
AT_ONCE = 24  # most of a run is waiting
WITHIN = "60s"  # of a test that passes, beside as many other runs
FAILS = "http://127.0.0.1:9/"  # nobody answers there: a test of the live function


@dataclass(frozen=True)
class Outage:
    """One from the call of that number on; in a run whose last test fails, if ``undone``."""

    undone: bool
    call: int
    kind: str
    seconds: int

    @property
    def run(self) -> str:
        """What the SDK calls its run."""
        return f"{'undo' if self.undone else 'deploy'}-{self.call}-{self.kind}-{self.seconds}"

    @property
    def rule(self) -> Rule:
        """The fault of it."""
        agent = f"app/{self.run}$|app/{self.run} "
        more = {"agent": agent, "skip": self.call, "lasts": self.seconds}
        return {"operation": CALLS, **more, **KINDS[self.kind]}


def test_an_outage_anywhere_loses_nothing(tmp_path: Path, tally: Tally) -> None:
    calls = {undone: _calls(tmp_path / f"whole-{undone}", undone=undone) for undone in (0, 1)}
    every = [
        Outage(bool(undone), call, kind, seconds)
        for undone, number in calls.items()
        for call, kind, seconds in itertools.product(range(number), KINDS, SECONDS)
    ]
    if NUMBER:
        every = random.Random(SEED).sample(every, NUMBER)
    elif os.environ.get("CHAOS") != "thorough":
        every = list(_few(every))
    every = _part(every)
    fleets = [_fleet(tmp_path / each.run, each.run) for each in every]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_converge, fleets))
        for fleet, outage in zip(fleets, every, strict=True):
            fleet.next()
            _let_fail(fleet, undone=outage.undone)
        with faults(*(outage.rule for outage in every)) as done:
            runs = list(pool.map(_deploy, fleets, every))
        came = list(pool.map(_judged, fleets, every, runs))
    met = {each["rule"]["agent"] for each in done}
    assert len(met) > 0.8 * len(every)
    lost = [says for says in came if says]
    for outage, run, says in zip(every, runs, came, strict=True):
        if outage.rule["agent"] in met:
            with tally.case("AWS is away") as figures:
                assert not says, "\n".join(lost)
                figures["told" if run.code else "succeeded"] += 1


def _few(every: list[Outage]) -> Iterator[Outage]:
    """Some of the short ones, of every kind, at calls all over both runs."""
    chance = random.Random(1)
    for undone, kind in itertools.product((False, True), KINDS):
        mine = [o for o in every if (o.undone, o.kind) == (undone, kind) and o.seconds == 5]
        yield from chance.sample(mine, 2)


def _part(every: list[Outage]) -> list[Outage]:
    """The part of them that this run is to try, of every kind and from all over both runs."""
    number, of = map(int, PART.split("/"))
    return random.Random(SEED).sample(every, len(every))[number - 1 :: of]


def _fleet(root: Path, name: str) -> Fleet:
    fleet = Fleet(root / "project", f"outage-{os.getpid()}-{name}")
    fleet.within = WITHIN
    fleet.next()
    return fleet


def _let_fail(fleet: Fleet, *, undone: bool) -> None:
    """Give a run a test that fails once users have the release."""
    if undone:
        fleet.project.edit("lambda-deploy.yml", "tests: [health]", "tests: [health, late]")
        late = f'tests: {{late: {{http: "{FAILS}", within: 100ms}}, health:'
        fleet.project.edit("lambda-deploy.yml", "tests: {health:", late)


def _calls(root: Path, *, undone: int) -> int:
    """How many calls of AWS's API such a run makes when nothing happens, at the least.

    How often it looks whether a change is through depends on how busy the machine is.
    """
    fleet = _fleet(root, f"whole-{undone}")
    fleet.converge()
    fleet.next()
    _let_fail(fleet, undone=bool(undone))
    run = fleet.project.deploy()
    assert run.code == undone
    calls = [str(each["operation"]) for each in run.requests]
    calls = [call for call in calls if call != "InvokeFunctionUrl"]
    return len(calls) - sum(a == b == "GetFunction" for a, b in itertools.pairwise(calls))


def _converge(fleet: Fleet) -> None:
    fleet.converge(alone=False)


def _deploy(fleet: Fleet, outage: Outage) -> Run:
    return fleet.project.deploy(AWS_SDK_UA_APP_ID=outage.run)


def _judged(fleet: Fleet, outage: Outage, run: Run) -> str:
    """What is wrong after an outage; nothing if all is as it should be."""
    has = fleet.served()
    may = {0: {str(fleet.release)}, 1: {str(fleet.release - 1)}, 3: {str(fleet.release - 1)}}
    says = f"{outage.run} ended with {run.code}, users have {has}: {cause(run.log)}"
    if run.code not in may or has != may[run.code] or "Traceback" in run.log:
        return f"{says}\n{run.log}"
    if outage.undone and run.code == 0:
        return f"{says}: its test fails"
    fleet.write()
    try:
        _converge(fleet)
    except AssertionError as error:
        return f"{says}; after it {error}"
    return ""
