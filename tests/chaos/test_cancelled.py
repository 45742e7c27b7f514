"""Runs that are cancelled as GitHub does it: SIGINT, SIGTERM after 7.5 s, SIGKILL after 2.5 more.

Source: actions/runner, ``src/Runner.Sdk/ProcessInvoker.cs``. ``CANCELLED`` says how many are drawn.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lab.pace import paced
from tests.chaos.conftest import Tally
from tests.chaos.fleet import Fleet
from tests.support import Users

CANCELLED = int(os.environ.get("CANCELLED", "6"))
DEPLOY = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
UNTIL_TERM, UNTIL_KILL = 7.5, 2.5  # seconds
CANARY = "    canary: {weight: 50%, for: 1s, unseen: pass}\n    tests:"


class OfZip(Fleet):
    """A zip function; forty milliseconds a call leave its test more time."""

    within = "30s"


class WithCanary(OfZip):
    """A zip function, a part of whose users meets each release before the others do."""

    path = "canary"

    def write(self) -> None:
        super().write()
        self.project.edit("lambda-deploy.yml", "    tests:", CANARY)

    def served(self) -> set[str]:
        alias = self.aws.get_alias(FunctionName=self.name, Name=self.alias)
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        return super().served() | ({"a canary"} if weights else set())


class OfLatest(OfZip):
    """A zip function whose users have what was uploaded last."""

    path = "$LATEST"
    alias = "$LATEST"

    def write(self) -> None:
        super().write()
        self.project.edit("lambda-deploy.yml", "    url: public", "    alias: $LATEST")

    def _function_is_settled(self, name: str) -> None:
        """What is asked of a version does not apply."""


def far_away() -> AbstractContextManager[None]:
    """Forty milliseconds for each call."""
    return paced(request=0.04, minute=1)


def changed(fleet: Fleet) -> float:
    """How many seconds an undisturbed change takes, its start included."""
    fleet.next()
    begun = time.monotonic()
    subprocess.run(DEPLOY, cwd=fleet.project.root, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def cancelled(fleet: Fleet, seconds: float) -> tuple[int | None, set[str], float]:
    """Cancel a deploy after so many seconds.

    Its exit code (none if it was still running when it was sent SIGTERM), what users had then, and
    how many seconds it took until then.
    """
    code = None
    with subprocess.Popen(DEPLOY, cwd=fleet.project.root, stderr=subprocess.DEVNULL) as run:
        time.sleep(seconds)
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = run.wait(UNTIL_TERM)
        took, served = time.monotonic() - begun, fleet.served()
        run.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(UNTIL_KILL)
        run.kill()
    return code, served, took


@pytest.mark.parametrize(("kind", "part"), [(WithCanary, 2), (OfZip, 3), (OfLatest, 6)])
@pytest.mark.timeout(3600)
def test_users_are_right_when_the_first_signal_has_been_obeyed(
    root: Path, name: str, kind: type[Fleet], part: int, tally: Tally
) -> None:
    fleet, chance = kind(root, name), random.Random(16)
    fleet.next()
    with contextlib.ExitStack() as users:
        url = fleet.converge().function["url"]
        if isinstance(fleet, WithCanary):
            users.enter_context(Users(url))
        with far_away():
            whole = changed(fleet)
        for _ in range(CANCELLED // part):
            before, moment = fleet.served(), chance.uniform(0.2, 1.0) * whole
            fleet.next()
            with tally.case(f"cancelled, {fleet.path}") as figures:
                with far_away():
                    code, served, took = cancelled(fleet, moment)
                print(f"{fleet.path}, after {moment:.2f} s: exit {code} in {took:.2f} s")
                after = {str(fleet.release)}
                assert served in ([before, after] if code is None else [before if code else after])
                figures["in time"] += code is not None
                with paced(minute=1):
                    fleet.converge()
                figures["converged"] += 1
