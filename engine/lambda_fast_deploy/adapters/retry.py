"""Waits and retries, within a deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lambda_fast_deploy.errors import passes

T = TypeVar("T")

_BEAT = 0.1  # seconds between two checks in a pause


def until(
    ask: Callable[[], T],
    done: Callable[[T], bool],
    *,
    deadline: float,
    first: float = 0.05,
    longest: float = 2.0,
    wake: Callable[[], object] = lambda: False,
) -> T:
    """Ask until the answer is good or the deadline (seconds) has passed; returns the last answer.

    The pauses grow from ``first`` to ``longest`` seconds, each by a fourteenth: an event after two
    seconds is noticed a tenth of a second late, and after a minute there is a request every two
    seconds. ``wake`` is called regularly in a pause and can end it; it may raise to give up.
    """
    import tenacity  # a deploy without a change never waits

    retrying = tenacity.Retrying(
        stop=tenacity.stop_before_delay(deadline),
        wait=tenacity.wait_exponential(multiplier=first, exp_base=1.07, max=longest),
        retry=tenacity.retry_if_result(lambda answer: not done(answer)),
        sleep=lambda seconds: _pause(seconds, wake),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    return retrying(ask)


def _pause(seconds: float, wake: Callable[[], object]) -> None:
    from tenacity import nap

    while seconds > 0 and not wake():
        nap.sleep(min(seconds, _BEAT))
        seconds -= _BEAT


def again(
    work: Callable[[], T],
    on: type[Exception] | tuple[type[Exception], ...],
    *,
    attempts: int = 4,
    first: float = 0.5,
    longest: float = 8.0,
) -> T:
    """Do an operation, repeated a few times after errors of the given kinds."""
    import tenacity

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_exponential_jitter(multiplier=first, max=longest, jitter=first),
        retry=tenacity.retry_if_exception_type(on),
        reraise=True,
    )
    return retrying(work)


def patiently(work: Callable[[], T], patience: Callable[[], float]) -> T:
    """Do an operation, repeated after each temporary error while there is patience.

    Args:
        work: the operation.
        patience: seconds from the beginning until it is given up; called each time, so that it can
            shrink.
    """
    import tenacity

    retrying = tenacity.Retrying(
        stop=lambda state: (state.seconds_since_start or 0) + state.upcoming_sleep > patience(),
        wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.3),
        retry=tenacity.retry_if_exception(passes),
        reraise=True,
    )
    return retrying(work)
