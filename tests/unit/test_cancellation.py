"""What begins after a run was stopped, and what does not."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.cancellation import Cancellation
from lambda_fast_deploy.errors import Cancelled
from lambda_fast_deploy.models import Action, Step
from lambda_fast_deploy.run_log import RunLog


def test_nothing_begins_once_a_stop_is_requested() -> None:
    cancellation = Cancellation()
    cancellation.check()
    assert not cancellation.is_requested
    cancellation.request()
    cancellation.request()
    assert cancellation.is_requested
    with pytest.raises(Cancelled):
        cancellation.check()


def test_no_planned_step_begins_and_what_undoes_does() -> None:
    run_log = RunLog()
    run_log.cancellation.request()
    with pytest.raises(Cancelled):
        run_log.step(Step("code:orders", "eu-central-1", Action.UPDATE, "it changed"))
    with run_log.rollback("orders", "", ""):
        pass
    assert [entry.id for entry in run_log.entries] == ["rollback:orders"]
