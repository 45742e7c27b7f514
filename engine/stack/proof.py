"""Tests of the functions of a stack, asked where the stack has put them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Set

from engine.adapters.aws.stack_shapes import StackState
from engine.errors import GateFailed
from engine.model import LATEST, Action, CommandGate, EventKind, Step
from engine.plan.when import reason_to_skip
from engine.stack.order import Order
from engine.verify.address import VersionAddress
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
        """Run the tests that the steps name.

        Raises:
            GateFailed: one did not pass.
        """
        asked = {step.id: step for step in steps if step.action is Action.TEST}
        if not asked:
            return
        found = self._order.stacks.resources(state.name)
        names = {each.logical: each.physical for each in found}
        types = {each.type for each in found}
        event = event_in(types)
        for logical, gates in self._order.stack.gates.items():
            for gate in gates:
                if step := asked.get(f"test:{logical}:{gate.name}"):
                    if logical not in names:
                        says = "the stack has no {}; its Condition may leave it out"
                        raise GateFailed(f"test {gate.name}: {says.format(logical)}")
                    tells = URL in types and isinstance(gate, CommandGate)
                    subject = self._subject(
                        logical, names[logical], state.outputs, event, tells=tells
                    )
                    self._trials.run(step, "on live traffic", gate, subject)

    def _subject(
        self,
        logical: str,
        name: str,
        outputs: Mapping[str, str],
        event: EventKind,
        *,
        tells: bool,
    ) -> Subject:
        """A function as a test asks it; ``tells`` its URL, which only commands need."""
        order, alias = self._order, alias_of(self._order, logical)
        qualifier = "" if alias == LATEST else alias
        # What the function answers may hold values of its environment, which no message shows.
        order.world.functions(order.region).read(name, qualifier)
        url = order.world.urls(order.region).read(name, qualifier) if tells else None
        return Subject(
            name,
            alias,
            VersionAddress(order.world.invocations(order.region), name, alias, event=event),
            url.address if url else "",
            {
                "STACK_NAME": order.name,
                **{f"STACK_OUTPUT_{key}": value for key, value in outputs.items()},
            },
        )
