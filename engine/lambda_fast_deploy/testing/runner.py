"""Runs a test until it passes, cannot pass, or its time is over."""

from __future__ import annotations

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.errors import DeployError, FunctionTestFailed, Unavailable, Unreachable
from lambda_fast_deploy.models import FunctionTest
from lambda_fast_deploy.testing.endpoints import CannotStart
from lambda_fast_deploy.testing.target import Target

NOT_YET = (FunctionTestFailed, Unavailable, Unreachable)  # another attempt may pass


def run_test(test: FunctionTest, target: Target) -> str:
    """Run a test until it passes or its time is over; what it saw, in a few words.

    Raises:
        FunctionTestFailed: it did not pass; the message says what was expected and what came.
    """
    deadline, tries = Deadline.after(test.within), 0
    last: DeployError | None = None

    def attempt() -> str | DeployError:
        nonlocal tries, last
        tries += 1
        try:
            return test.run(target, deadline)
        except OutOfTime as late:
            last = _after(last, late) if last else late
        except NOT_YET as failure:
            last = failure
        except RecursionError:
            last = FunctionTestFailed("the answer holds too many values inside each other")
        target.not_yet(last.message)
        return last

    result = retry.until(
        attempt,
        lambda seen: isinstance(seen, (str, CannotStart)),
        deadline=test.within if test.is_retried else 0,
        first=0.5,
        longest=5.0,
        wake=target.check,
    )
    if isinstance(result, DeployError):
        spent = f" ({tries} tries in {test.within - deadline.left:.1f} s)" if tries > 1 else ""
        raise FunctionTestFailed(
            f"test {test.name} did not pass{spent}: {result.message}",
            detail=result.detail,
            remedy=result.remedy,
        )
    return result


def _after(before: DeployError, late: OutOfTime) -> FunctionTestFailed:
    """An attempt that had no time left says less than the one before it."""
    says = f"{before.message}; then {late.message}"
    return FunctionTestFailed(says, detail=before.detail, remedy=before.remedy)
