"""A test of a run: where it asks, what its commands are told, and what the journal hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.models import FunctionTest, HttpTest, Settings, Step
from lambda_fast_deploy.testing.endpoints import Address, Sign, UrlAddress, VersionAddress
from lambda_fast_deploy.testing.runner import Target, run_test


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
            **VARIABLES,
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
            gate: the test.
            subject: the function; a test with an address of its own asks that instead.

        Raises:
            GateFailed: it did not pass.
            Cancelled: the run was stopped meanwhile.
        """
        elsewhere = self.elsewhere(test)
        target = Target(
            address=elsewhere or subject.address,
            bucket=partial(self._clients.bucket, self._region),
            environment=subject.environment(self._region),
            root=self._root,
            not_yet=partial(self._not_yet, step.id),
            check=self._journal.check,
            hidden=self._journal.hidden,
        )
        with self._journal.work(step.id, step.action, when, self._region) as detail:
            detail(run_test(test, target))

    def elsewhere(self, test: FunctionTest) -> Address | None:
        """The address of a test's own, if it has one."""
        if not (isinstance(test, HttpTest) and test.is_elsewhere):
            return None
        service = "lambda" if ".lambda-url." in test.target else "execute-api"
        return UrlAddress(test.target, self.sign(service) if test.auth == "iam" else None)

    def sign(self, service: str) -> Sign:
        """How requests to a service are signed."""
        return partial(self._clients.aws.signed, self._region, service)

    def _not_yet(self, step: str, reason: str) -> None:
        self._journal.check()
        self._journal.progress(step, f"not yet: {reason}", self._region)
