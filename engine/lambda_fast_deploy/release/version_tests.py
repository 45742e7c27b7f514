"""The tests of one function: of a version before users have it, and where users meet it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TypeGuard

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.aws.invocations import LONGEST
from lambda_fast_deploy.adapters.deadline import Deadline
from lambda_fast_deploy.models import (
    Action,
    FunctionState,
    FunctionTest,
    HttpTest,
    InvokeTest,
    Speed,
)
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.testing.endpoints import Address, UrlAddress, VersionAddress
from lambda_fast_deploy.testing.readiness import make_ready
from lambda_fast_deploy.testing.run_test import FunctionTests, TestedFunction
from lambda_fast_deploy.testing.runner import NOT_YET, ask

REFRESHES = 5  # calls of a function without an alias, so that its environments are new ones
PAUSE = 0.3  # seconds between them


class VersionTests:
    """The tests that the plan of an order wants to be run."""

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._trials = FunctionTests(
            context.settings, context.region, context.clients, context.journal
        )

    def prove(self, version: FunctionState) -> Speed:
        """Test a version directly, and measure it; users have not met it, if they call an alias.

        Raises:
            GateFailed: a test did not pass, or it starts slower than its budget allows.
        """
        context = self._context
        address = self._address(version.version, version.timeout)
        tests = [each for each in context.function.tests if not _is_elsewhere(each)]
        self._run(tests, address, self._when(), context.observed_url)
        if asked := next((test for test in filter(_only_asks, tests) if self._runs(test)), None):
            self._call_again(asked, address, 1 if context.function.has_alias else REFRESHES)
        budget = context.settings.budgets.cold_start
        if budget is not None and (why := address.speedometer.hold(budget, context.name)):
            context.journal.note(why)
        return address.speedometer.speed

    def _when(self) -> str:
        """At which point of the release a version is tested directly, for people."""
        context = self._context
        if not context.function.has_alias:
            return "on live traffic"
        if context.observed and context.observed.alias is None:  # $LATEST can have callers
            return f"before alias {context.function.alias} is made"
        return "before traffic"

    def reach(self, url: str) -> None:
        """Test a version where its users meet it: at its URL, if it has one, and elsewhere.

        Raises:
            GateFailed: a test did not pass.
        """
        address = self._public(url)
        tests = self._of_users(has_url=address is not None)
        self._run(tests, address or self._alias(), "on live traffic", url)

    def repeat(self, url: str) -> None:
        """Test again what users have already, with every test that runs without a change.

        Raises:
            GateFailed: a test did not pass.
        """
        context, tests = self._context, self._context.function.tests
        if context.observed and any(map(self._runs, tests)):
            state = context.observed.live or context.observed.latest
            make_ready(state, context.name, context.region, context.clients, context.journal)
        self._run(tests, self._public(url) or self._alias(), "unchanged", url)

    def any_of_users(self) -> bool:
        """Whether there is a test to be run once a version is live."""
        return any(map(self._runs, self._of_users(has_url=self._context.function.url is not None)))

    def _of_users(self, *, has_url: bool) -> list[HttpTest]:
        """The tests of addresses at which the function is live."""
        tests = [test for test in self._context.function.tests if isinstance(test, HttpTest)]
        return [test for test in tests if has_url or test.is_elsewhere]

    def _run(self, tests: Iterable[FunctionTest], address: Address, when: str, url: str) -> None:
        context = self._context
        subject = TestedFunction(context.name, context.function.alias, address, url)
        for test in filter(self._runs, tests):
            self._trials.run(context.step(f"test:{test.name}"), when, test, subject)

    def _runs(self, test: FunctionTest) -> bool:
        return self._context.step(f"test:{test.name}").action is Action.TEST

    def _call_again(self, test: HttpTest | InvokeTest, address: Address, times: int) -> None:
        """Measure a warm call; where there is no alias, let new environments take over."""
        deadline, check = Deadline.after(test.within), self._context.journal.check
        for _ in range(times):
            check()
            with contextlib.suppress(*NOT_YET):  # it has passed: these only measure
                ask(test, address, deadline, check)
            if times > 1:
                clock.sleep(PAUSE)

    # ------------------------------------------------------------ where it is asked

    def _alias(self) -> Address:
        observed = self._context.observed
        timeout = (observed.live or observed.latest).timeout if observed else LONGEST
        return self._address(self._context.function.alias, timeout)

    def _address(self, qualifier: str, timeout: float) -> VersionAddress:
        invocations = self._context.clients.invocations(self._context.region)
        return VersionAddress(invocations, self._context.name, qualifier, timeout)

    def _public(self, url: str) -> Address | None:
        if not url:
            return None
        is_signed = self._context.function.url == "iam"
        return UrlAddress(url, self._trials.sign("lambda") if is_signed else None)


def _is_elsewhere(test: FunctionTest) -> bool:
    return isinstance(test, HttpTest) and test.is_elsewhere


def _only_asks(test: FunctionTest) -> TypeGuard[HttpTest | InvokeTest]:
    """Whether a test can be asked once more than it takes, and nothing is written twice."""
    return isinstance(test, InvokeTest) or (isinstance(test, HttpTest) and test.method == "GET")
