"""Credentials that end: a canary that they end before is refused, or warned of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Action, Canary, Plan, Step
from lambda_fast_deploy.release.credentials import check_canaries, check_stack
from lambda_fast_deploy.run_log import RunLog
from tests.unit import make


class Credentials(Aws):
    """Credentials that end so many seconds from now, if anybody knows."""

    def __init__(self, left: float | None, *, has_token: bool = True) -> None:
        self._left, self._has_token = left, has_token

    def expiry(self) -> float | None:
        return self._left

    def ends_untold(self) -> bool:
        return self._has_token and self._left is None


def noted(
    left: float | None, lasts: float, action: Action = Action.TEST, *, has_token: bool = True
) -> tuple[str, ...]:
    """What is noted of a function with a canary of so many seconds."""
    function = replace(make.function(), canary=Canary(0.1, lasts))
    settings = make.settings(function)
    plan = Plan((Step(f"canary:{function.name}", make.REGION, action, "why"),))
    run_log = RunLog()
    check_canaries(settings, plan, Credentials(left, has_token=has_token), run_log)
    return run_log.notes


def test_a_canary_that_the_credentials_end_before_is_refused() -> None:
    with pytest.raises(NotReady) as caught:
        noted(1700, 1500)  # until CloudWatch has shown the last minute, and the tests after that
    assert caught.value.message == (
        "the credentials expire in 28 minutes, and the canary of orders can take 28 minutes"
    )
    assert "role-duration-seconds" in caught.value.remedy
    with pytest.raises(NotReady, match="the credentials have expired"):
        noted(-600, 1500)
    assert noted(1801, 1500) == ()
    assert noted(60, 1500, Action.SKIP) == ()


def test_a_long_canary_with_credentials_of_an_unknown_end_is_noted() -> None:
    (says,) = noted(None, 3400)
    assert "the canary of orders can take 60 minutes" in says
    assert "credentials-expire" in says
    assert noted(None, 3000) == ()
    assert noted(None, 3400, has_token=False) == ()  # keys of a user do not end


def test_a_stack_that_the_credentials_may_end_before_is_noted() -> None:
    run_log = RunLog()
    for left in (None, 901.0):
        check_stack(Credentials(left), run_log)
    assert not run_log.notes
    check_stack(Credentials(600.0), run_log)
    (says,) = run_log.notes
    assert says.startswith("The credentials expire in 10 minutes.")
