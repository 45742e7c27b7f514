"""Waiting: whoever is called away does not sleep on."""

from __future__ import annotations

import time

import pytest

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.errors import Cancelled
from lambda_fast_deploy.run_log import RunLog


def test_a_pause_ends_when_it_is_told_to() -> None:
    asked = list[float]()

    def ask() -> int:
        asked.append(time.monotonic())
        return len(asked)

    answer = retry.until(
        ask,
        lambda number: number == 2,
        deadline=60,
        first=20,
        longest=20,
        wake=lambda: time.monotonic() - asked[0] > 0.3,
    )
    assert answer == 2
    assert 0.3 < asked[1] - asked[0] < 2


def test_a_run_that_is_cancelled_in_a_pause_gives_up() -> None:
    run_log, begun = RunLog(), time.monotonic()
    run_log.cancellation.request()
    with pytest.raises(Cancelled):
        retry.until(
            lambda: None, bool, deadline=60, first=20, longest=20, wake=run_log.cancellation.check
        )
    assert time.monotonic() - begun < 2
