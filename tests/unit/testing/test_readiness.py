"""How a version that sleeps becomes ready for calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import Cancelled, DeployError, DeployFailed, Refused, Unavailable
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.testing import readiness
from lambda_fast_deploy.testing.readiness import PAUSE, RESTORING, wait_until_ready
from tests.unit import make

ASLEEP = replace(make.state(version="3"), state="Inactive", reason="It was idle.")


class _World:
    """Lambda with one version, which is in these states at one look after the other."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls = 0
        self.now = 0.0
        self.refusal: DeployError = Unavailable("The function is inactive")

    def functions(self, region: str) -> _World:
        return self

    def invocations(self, region: str) -> _World:
        return self

    def at_rest(self, name: str, version: str) -> FunctionState:
        now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return replace(ASLEEP, state=now)

    def invoke(self, *_: Any) -> None:
        self.calls += 1
        raise self.refusal

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def awake(clients: _World, run_log: RunLog) -> None:
    wait_until_ready(ASLEEP, "orders", make.REGION, cast(Clients, clients), run_log)


@pytest.fixture(autouse=True)
def clients(monkeypatch: pytest.MonkeyPatch) -> _World:
    """The world whose time passes by its pauses alone."""
    made = _World("Inactive")
    monkeypatch.setattr(readiness, "clock", made)
    return made


def test_a_version_that_a_call_wakes_is_called_once(clients: _World) -> None:
    clients.states = ["Active"]
    awake(clients, RunLog())
    assert (clients.calls, clients.now) == (1, 0)


def test_one_that_sleeps_on_is_called_with_pauses_until_the_time_is_over(clients: _World) -> None:
    with pytest.raises(DeployFailed, match=r"version 3 of orders is Inactive, .*: It was idle"):
        awake(clients, RunLog())
    assert RESTORING < clients.now <= RESTORING + 2 * PAUSE
    assert clients.calls <= RESTORING / PAUSE + 1


def test_what_no_further_call_mends_is_told_at_once(clients: _World) -> None:
    clients.refusal = Refused("the key is disabled", code="KMSDisabledException")
    with pytest.raises(Refused, match="the key is disabled"):
        awake(clients, RunLog())
    assert (clients.calls, clients.now) == (1, 0)


def test_a_run_that_is_cancelled_does_not_wait_for_one_that_wakes(clients: _World) -> None:
    clients.states, run_log = ["Pending"], RunLog()
    look = clients.at_rest

    def cancelled(name: str, version: str) -> FunctionState:
        run_log.cancellation.request()
        assert clients.calls == 1, "it is looked at once more"
        clients.calls += 1
        return look(name, version)

    clients.at_rest = cancelled  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        awake(clients, run_log)
