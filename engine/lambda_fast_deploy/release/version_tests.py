"""Runs the tests of one function: on a version before it has traffic, and on the live version."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy.adapters.aws.invocations import LONGEST
from lambda_fast_deploy.models import Action, FunctionState, FunctionTest, Speed
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.testing.endpoints import Address, UrlAddress, VersionAddress
from lambda_fast_deploy.testing.readiness import wait_until_ready
from lambda_fast_deploy.testing.runner import FunctionTests, TestedFunction
from lambda_fast_deploy.testing.target import signer

REFRESHES = 5  # calls of a function without an alias, so that new environments replace the old ones


class VersionTests:
    """The tests of one function in one region that its plan has to run."""

    def __init__(self, context: ReleaseContext) -> None:
        self._context = context
        self._tests = FunctionTests(
            context.settings, context.region, context.clients, context.run_log
        )

    def test_version(self, version: FunctionState) -> Speed:
        """Test and measure a version directly; with an alias, it has no traffic yet.

        Raises:
            FunctionTestFailed: a test failed, or the cold start exceeds its budget.
        """
        context = self._context
        address = self._address(version.version, version.timeout)
        tests = [each for each in context.function.tests if each.runs_before_traffic]
        self._run(tests, address, self._when(), context.observed_url)
        repeatable = (test for test in tests if test.is_repeatable and self._runs(test))
        if test := next(repeatable, None):
            # Measures a warm call; without an alias, new environments replace the old ones.
            times = 1 if context.function.has_alias else REFRESHES
            self._tests.repeat(test, self._subject(address), times)
        budget = context.settings.budgets.cold_start
        if budget is not None and (note := address.speedometer.check(budget, context.name)):
            context.run_log.note(note)
        return address.speedometer.speed

    def _when(self) -> str:
        """At which point of the release a version is tested directly, for people."""
        context = self._context
        if not context.function.has_alias:
            return "on live traffic"
        if context.observed and context.observed.alias is None:  # $LATEST can have callers
            return f"before alias {context.function.alias} is created"
        return "before traffic"

    def test_live(self, url: str) -> None:
        """Test the live version: at its URL, and at the addresses in its tests.

        Raises:
            FunctionTestFailed: a test failed.
        """
        address = self._public(url)
        tests = self._live_tests(has_url=address is not None)
        self._run(tests, address or self._alias(), "on live traffic", url)

    def test_unchanged(self, url: str) -> None:
        """Test the live version again, with every test that runs without a change.

        Raises:
            FunctionTestFailed: a test failed.
        """
        context, tests = self._context, self._context.function.tests
        if context.observed and any(map(self._runs, tests)):
            state = context.observed.live or context.observed.latest
            wait_until_ready(state, context.name, context.region, context.clients, context.run_log)
        self._run(tests, self._public(url) or self._alias(), "unchanged", url)

    def has_live_tests(self) -> bool:
        """Whether a test runs on the live version."""
        return any(
            map(self._runs, self._live_tests(has_url=self._context.function.access is not None))
        )

    def _live_tests(self, *, has_url: bool) -> list[FunctionTest]:
        """The tests of the live function's addresses."""
        return [test for test in self._context.function.tests if test.runs_live(has_url=has_url)]

    def _run(self, tests: Iterable[FunctionTest], address: Address, when: str, url: str) -> None:
        subject = self._subject(address, url)
        for test in filter(self._runs, tests):
            self._tests.run(self._context.steps.test(test.name), when, test, subject)

    def _subject(self, address: Address, url: str = "") -> TestedFunction:
        return TestedFunction(self._context.name, self._context.function.alias, address, url)

    def _runs(self, test: FunctionTest) -> bool:
        return self._context.steps.test(test.name).action is Action.TEST

    # ------------------------------------------------------------ addresses

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
        is_signed = self._context.function.access == "iam"
        context = self._context
        sign = signer(context.clients, context.region, "lambda") if is_signed else None
        return UrlAddress(url, sign)
