"""The tests of one function: of a version before users have it, and where users meet it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import TypeGuard

from engine.adapters.aws.invocations import LONGEST
from engine.adapters.deadline import Deadline
from engine.model import Action, FunctionState, Gate, HttpGate, InvokeGate, Speed
from engine.release.order import Order
from engine.verify.address import Address, UrlAddress, VersionAddress
from engine.verify.gate import NOT_YET, ask
from engine.verify.ready import make_ready
from engine.verify.trial import Subject, Trials

REFRESHES = 5  # calls of a function without an alias, so that its environments are new ones
PAUSE = 0.3  # seconds between them


class FunctionTests:
    """The tests that the plan of an order wants to be run."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._trials = Trials(order.settings, order.region, order.world, order.journal)

    def prove(self, version: FunctionState) -> Speed:
        """Test a version directly, and measure it; users have not met it, if they call an alias.

        Raises:
            GateFailed: a test did not pass, or it starts slower than its budget allows.
        """
        order = self._order
        address = self._address(version.version, version.timeout)
        gates = [each for each in order.function.gates if not _is_elsewhere(each)]
        self._run(gates, address, self._when(), order.observed_url)
        if asked := next((gate for gate in filter(_only_asks, gates) if self._runs(gate)), None):
            self._call_again(asked, address, 1 if order.function.has_alias else REFRESHES)
        budget = order.settings.budgets.cold_start
        if budget is not None and (why := address.speedometer.hold(budget, order.name)):
            order.journal.note(why)
        return address.speedometer.speed

    def _when(self) -> str:
        """At which point of the release a version is tested directly, for people."""
        order = self._order
        if not order.function.has_alias:
            return "on live traffic"
        if order.observed and order.observed.alias is None:  # $LATEST can have callers
            return f"before alias {order.function.alias} is made"
        return "before traffic"

    def reach(self, url: str) -> None:
        """Test a version where its users meet it: at its URL, if it has one, and elsewhere.

        Raises:
            GateFailed: a test did not pass.
        """
        address = self._public(url)
        gates = self._of_users(has_url=address is not None)
        self._run(gates, address or self._alias(), "on live traffic", url)

    def repeat(self, url: str) -> None:
        """Test again what users have already, with every test that runs without a change.

        Raises:
            GateFailed: a test did not pass.
        """
        order, gates = self._order, self._order.function.gates
        if order.observed and any(map(self._runs, gates)):
            state = order.observed.live or order.observed.latest
            make_ready(state, order.name, order.region, order.world, order.journal)
        self._run(gates, self._public(url) or self._alias(), "unchanged", url)

    def any_of_users(self) -> bool:
        """Whether there is a test to be run once a version is live."""
        return any(map(self._runs, self._of_users(has_url=self._order.function.url is not None)))

    def _of_users(self, *, has_url: bool) -> list[HttpGate]:
        """The tests of addresses at which the function is live."""
        gates = [gate for gate in self._order.function.gates if isinstance(gate, HttpGate)]
        return [gate for gate in gates if has_url or gate.is_elsewhere]

    def _run(self, gates: Iterable[Gate], address: Address, when: str, url: str) -> None:
        order = self._order
        subject = Subject(order.name, order.function.alias, address, url)
        for gate in filter(self._runs, gates):
            self._trials.run(order.step(f"test:{gate.name}"), when, gate, subject)

    def _runs(self, gate: Gate) -> bool:
        return self._order.step(f"test:{gate.name}").action is Action.TEST

    def _call_again(self, gate: HttpGate | InvokeGate, address: Address, times: int) -> None:
        """Measure a warm call; where there is no alias, let new environments take over."""
        deadline, check = Deadline.after(gate.within), self._order.journal.check
        for _ in range(times):
            check()
            with contextlib.suppress(*NOT_YET):  # it has passed: these only measure
                ask(gate, address, deadline, check)
            if times > 1:
                time.sleep(PAUSE)

    # ------------------------------------------------------------ where it is asked

    def _alias(self) -> Address:
        observed = self._order.observed
        timeout = (observed.live or observed.latest).timeout if observed else LONGEST
        return self._address(self._order.function.alias, timeout)

    def _address(self, qualifier: str, timeout: float) -> VersionAddress:
        invocations = self._order.world.invocations(self._order.region)
        return VersionAddress(invocations, self._order.name, qualifier, timeout)

    def _public(self, url: str) -> Address | None:
        if not url:
            return None
        is_signed = self._order.function.url == "iam"
        return UrlAddress(url, self._trials.sign("lambda") if is_signed else None)


def _is_elsewhere(gate: Gate) -> bool:
    return isinstance(gate, HttpGate) and gate.is_elsewhere


def _only_asks(gate: Gate) -> TypeGuard[HttpGate | InvokeGate]:
    """Whether a test can be asked once more than it takes, and nothing is written twice."""
    return isinstance(gate, InvokeGate) or (isinstance(gate, HttpGate) and gate.method == "GET")
