"""The tests of a run: their target, the environment of their commands, and their log."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.deadline import Deadline
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.models import FunctionTest, Settings, Step
from lambda_fast_deploy.testing.endpoints import Address, VersionAddress
from lambda_fast_deploy.testing.runner import NOT_YET, run_test
from lambda_fast_deploy.testing.target import Target

PAUSE = 0.3  # seconds between two repetitions


@dataclass(frozen=True, slots=True)
class TestedFunction:
    """The function that is tested. ``more`` are further environment variables of commands."""

    name: str
    alias: str
    address: Address
    url: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self, region: str) -> dict[str, str]:
        """What commands get."""
        version = self.address.qualifier if isinstance(self.address, VersionAddress) else ""
        return {
            **os.environ,
            "FUNCTION_NAME": self.name,
            "FUNCTION_VERSION": version,
            "FUNCTION_ALIAS": self.alias,
            "FUNCTION_URL": self.url,
            "AWS_REGION": region,
            **self.more,
        }


class FunctionTests:
    """The tests of a run in one region."""

    def __init__(self, settings: Settings, region: str, clients: Clients, journal: Journal) -> None:
        self._root = settings.root
        self._region = region
        self._clients = clients
        self._journal = journal

    def run(self, step: Step, when: str, test: FunctionTest, subject: TestedFunction) -> None:
        """Run one test.

        Args:
            step: that of the plan.
            when: at which point of the release, for people.
            test: the test.
            subject: the function; a test with an address of its own asks that instead.

        Raises:
            FunctionTestFailed: it did not pass.
            Cancelled: the run was stopped meanwhile.
        """
        target = replace(
            self._target(subject),
            environment=subject.environment(self._region),
            not_yet=partial(self._not_yet, step.id),
            hidden=self._journal.hidden,
        )
        with self._journal.work(step.id, step.action, when, self._region) as detail:
            detail(run_test(test, target))

    def repeat(self, test: FunctionTest, subject: TestedFunction, times: int) -> None:
        """Run a test again that has passed, so that the calls can be measured.

        Raises:
            Cancelled: the run was stopped meanwhile.
        """
        target, deadline = self._target(subject), Deadline.after(test.within)
        for _ in range(times):
            self._journal.check()
            with contextlib.suppress(*NOT_YET, RecursionError):  # it has passed before
                test.run(target, deadline)
            if times > 1:
                time.sleep(PAUSE)

    def _target(self, subject: TestedFunction) -> Target:
        return Target(
            subject.address, self._region, self._clients, self._root, check=self._journal.check
        )

    def _not_yet(self, step: str, reason: str) -> None:
        self._journal.check()
        self._journal.progress(step, f"not yet: {reason}", self._region)
