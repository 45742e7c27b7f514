"""Tests of the functions of a stack, asked where the stack has put them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Set

from engine.adapters.aws.stack_shapes import StackState
from engine.errors import GateFailed
from engine.model import LATEST, Action, CommandGate, EventKind, Step
from engine.plan.when import reason_to_skip
from engine.stack.order import Order
from engine.verify.address import VersionAddress
from engine.verify.ready import make_ready
from engine.verify.trial import Subject, Trials

URL = "AWS::Lambda::Url"
REST_API = "AWS::ApiGateway::RestApi"
OTHERS = {URL, "AWS::ApiGatewayV2::Api"}  # what else turns requests into events


def test_steps(order: Order, changed: Container[str], why: str) -> list[Step]:
    """The tests of every function, with the reason of each.

    Args:
        order: whose tests.
        changed: the logical ids of functions that change.
        why: the reason to test those.
    """
    steps = []
    for logical, gates in order.stack.gates.items():
        for gate in gates:
            skip = reason_to_skip(gate, order.settings.event, changed=logical in changed)
            action = Action.SKIP if skip else Action.TEST
            reason = skip or (why if logical in changed else "it was asked for")
            steps.append(Step(f"test:{logical}:{gate.name}", order.region, action, reason))
    return steps


def warn_of_untested(order: Order, changed: Iterable[str]) -> None:
    """Note which functions of these, by their logical ids, go live untested."""
    for logical in changed:
        if not order.stack.gates.get(logical):
            order.journal.note(f"{logical} has no test, so its new version goes live untested.")


def alias_of(order: Order, logical: str) -> str:
    """What users call: the alias that SAM publishes a function under, or ``$LATEST``."""
    alias = order.resources.of_function(logical, "AutoPublishAlias")
    return alias if isinstance(alias, str) else LATEST


def event_in(types: Set[str]) -> EventKind:
    """What requests become in a stack that has resources of these types."""
    return "rest" if REST_API in types and not types & OTHERS else "http"


class Proof:
    """Runs the tests of one stack."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._trials = Trials(order.settings, order.region, order.world, order.journal)

    def prove(self, state: StackState, steps: Iterable[Step]) -> None:
        """Run the tests that the steps name, and hold the start of what they call to its budget.

        Raises:
            GateFailed: one did not pass, or a function takes longer to start.
        """
        asked = {step.id: step for step in steps if step.action is Action.TEST}
        if not asked:
            return
        found = self._order.stacks.resources(state.name)
        names = {each.logical: each.physical for each in found}
        types = {each.type for each in found}
        for logical, gates in self._order.stack.gates.items():
            mine = [(gate, asked.get(f"test:{logical}:{gate.name}")) for gate in gates]
            wanted = [(gate, step) for gate, step in mine if step]
            if not wanted:
                continue
            if logical not in names:
                says = "the stack has no {}; its Condition may leave it out"
                raise GateFailed(f"test {wanted[0][0].name}: {says.format(logical)}")
            tells = URL in types and any(isinstance(gate, CommandGate) for gate, _ in wanted)
            address = self._address(logical, names[logical], event_in(types))
            subject = self._subject(address, state.outputs, tells=tells)
            for gate, step in wanted:
                self._trials.run(step, "on live traffic", gate, subject)
            budget = self._order.settings.budgets.cold_start
            if budget is not None and (why := address.speedometer.hold(budget, address.name)):
                self._order.journal.note(why)

    def _address(self, logical: str, name: str, event: EventKind) -> VersionAddress:
        invocations = self._order.world.invocations(self._order.region)
        return VersionAddress(invocations, name, alias_of(self._order, logical), event=event)

    def _subject(
        self, address: VersionAddress, outputs: Mapping[str, str], *, tells: bool
    ) -> Subject:
        """A function as a test asks it; ``tells`` its URL, which only commands need."""
        order, alias, name = self._order, address.qualifier, address.name
        qualifier = "" if alias == LATEST else alias
        # What the function answers may hold values of its environment, which no message shows.
        state = order.world.functions(order.region).read(name, qualifier)
        if state:
            make_ready(state, name, order.region, order.world, order.journal)
        url = order.world.urls(order.region).read(name, qualifier) if tells else None
        return Subject(
            name,
            alias,
            address,
            url.address if url else "",
            {
                "STACK_NAME": order.name,
                **{f"STACK_OUTPUT_{key}": value for key, value in outputs.items()},
            },
        )
