"""A test of a run: where it asks, what its commands are told, and what the journal hears of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from engine.adapters.world import World
from engine.journal import Journal
from engine.model import Gate, HttpGate, Settings, Step
from engine.verify.address import Address, Sign, UrlAddress, VersionAddress
from engine.verify.gate import Target, run_gate


@dataclass(frozen=True, slots=True)
class Subject:
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


class Trials:
    """The tests of a run in one region."""

    def __init__(self, settings: Settings, region: str, world: World, journal: Journal) -> None:
        self._root = settings.root
        self._region = region
        self._world = world
        self._journal = journal

    def run(self, step: Step, when: str, gate: Gate, subject: Subject) -> None:
        """Run one test.

        Args:
            step: that of the plan.
            when: at which point of the release, for people.
            gate: the test.
            subject: the function; a test with an address of its own asks that instead.

        Raises:
            GateFailed: it did not pass.
            Cancelled: the run was stopped meanwhile.
        """
        elsewhere = self.elsewhere(gate)
        target = Target(
            address=elsewhere or subject.address,
            bucket=partial(self._world.bucket, self._region),
            environment=subject.environment(self._region),
            root=self._root,
            not_yet=partial(self._not_yet, step.id),
            check=self._journal.check,
            hidden=self._journal.hidden,
        )
        with self._journal.work(step.id, step.action, when, self._region) as detail:
            detail(run_gate(gate, target))

    def elsewhere(self, gate: Gate) -> Address | None:
        """The address of a test's own, if it has one."""
        if not (isinstance(gate, HttpGate) and gate.is_elsewhere):
            return None
        service = "lambda" if ".lambda-url." in gate.target else "execute-api"
        return UrlAddress(gate.target, self.sign(service) if gate.auth == "iam" else None)

    def sign(self, service: str) -> Sign:
        """How requests to a service are signed."""
        return partial(self._world.aws.signed, self._region, service)

    def _not_yet(self, step: str, reason: str) -> None:
        self._journal.check()
        self._journal.progress(step, f"not yet: {reason}", self._region)
