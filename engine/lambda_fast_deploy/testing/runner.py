"""Runs the tests of a function, each until it passes, cannot pass, or its time is over."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock, retry
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.errors import DeployError, FunctionTestFailed, Unavailable, Unreachable
from lambda_fast_deploy.models import FunctionTest, Settings, Step
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.testing.endpoints import Address, CannotStart, VersionAddress
from lambda_fast_deploy.testing.target import Target

NOT_YET = (FunctionTestFailed, Unavailable, Unreachable)  # another attempt may pass
PAUSE = 0.3  # seconds between two repetitions


@dataclass(frozen=True, slots=True)
class TestedFunction:
    """The function under test. ``more`` are further environment variables of commands."""

    name: str
    alias: str
    address: Address
    url: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self, region: str) -> dict[str, str]:
        """The environment of commands."""
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

    def __init__(self, settings: Settings, region: str, clients: Clients, run_log: RunLog) -> None:
        self._root = settings.root
        self._region = region
        self._clients = clients
        self._run_log = run_log

    def run(self, step: Step, when: str, test: FunctionTest, subject: TestedFunction) -> None:
        """Run one test.

        Args:
            step: of the plan.
            when: the point of the release, for people.
            test: the test.
            subject: the function; a test with its own address calls that instead.

        Raises:
            FunctionTestFailed: it failed.
            Cancelled: the run was cancelled.
        """
        target = replace(
            self._target(subject),
            environment=subject.environment(self._region),
            not_yet=partial(self._not_yet, step.id),
            hidden=self._run_log.secrets.hide,
        )
        with self._run_log.work(step.id, step.action, when, self._region) as detail:
            detail(run_test(test, target))

    def repeat(self, test: FunctionTest, subject: TestedFunction, times: int) -> None:
        """Run a passed test again, to measure its calls.

        Raises:
            Cancelled: the run was cancelled.
        """
        target, deadline = self._target(subject), Deadline.after(test.within)
        for _ in range(times):
            self._run_log.cancellation.check()
            with contextlib.suppress(
                *NOT_YET, RecursionError
            ):  # the result does not matter: it has passed
                test.run(target, deadline)
            if times > 1:
                clock.sleep(PAUSE)

    def _target(self, subject: TestedFunction) -> Target:
        return Target(
            subject.address,
            self._region,
            self._clients,
            self._root,
            check=self._run_log.cancellation.check,
        )

    def _not_yet(self, step: str, reason: str) -> None:
        self._run_log.cancellation.check()
        self._run_log.progress(step, f"not yet: {reason}", self._region)


def run_test(test: FunctionTest, target: Target) -> str:
    """Run a test until it passes or its time is over; returns a summary of the answer.

    Raises:
        FunctionTestFailed: it failed; the message has the expected and the actual value.
    """
    deadline, tries, longest = Deadline.after(test.within), 0, 0.0
    last: DeployError | None = None

    def attempt() -> str | DeployError:
        nonlocal tries, last, longest
        tries, left = tries + 1, deadline.left
        try:
            return test.run(target, deadline)
        except OutOfTime as late:
            if last is None:
                last = late
            elif left > longest:  # with less time than another try took, no answer says nothing
                last = _after(last, late)
        except NOT_YET as failure:
            last = failure
        except RecursionError:
            last = FunctionTestFailed("the answer is nested too deeply")
        longest = max(longest, left - deadline.left)
        target.not_yet(last.message)
        return last

    result = retry.until(
        attempt,
        lambda answer: isinstance(answer, (str, CannotStart)),
        deadline=test.within if test.is_retried else 0,
        first=0.5,
        longest=5.0,
        wake=target.check,
    )
    if isinstance(result, DeployError):
        duration = (
            f" ({tries} tries in {units.seconds(test.within - deadline.left, 1)})"
            if tries > 1
            else ""
        )
        raise FunctionTestFailed(
            f"test {test.name} failed{duration}: {result.message}",
            detail=result.detail,
            remedy=result.remedy,
        )
    return result


def _after(before: DeployError, late: OutOfTime) -> FunctionTestFailed:
    """The error of an attempt that ran out of time, after the more specific one before it."""
    message = f"{before.message}; then {late.message}"
    return FunctionTestFailed(message, detail=before.detail, remedy=before.remedy)
