"""Runs the tests of the functions of a stack."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Set

from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import LATEST, Action, EventKind, Step
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.testing.endpoints import VersionAddress
from lambda_fast_deploy.testing.readiness import wait_until_ready
from lambda_fast_deploy.testing.runner import FunctionTests, TestedFunction

URL = "AWS::Lambda::Url"
REST_API = "AWS::ApiGateway::RestApi"
OTHERS = {URL, "AWS::ApiGatewayV2::Api"}  # other types that turn requests into events


def test_steps(context: StackContext, changed: Container[str], why: str) -> list[Step]:
    """The tests of every function, with the reason of each.

    Args:
        context: the stack in one region.
        changed: the logical ids of functions that change.
        why: the reason to test those.
    """
    steps = []
    for logical, tests in context.stack.tests.items():
        for test in tests:
            skip = reason_to_skip(test, context.settings.event, changed=logical in changed)
            action = Action.SKIP if skip else Action.TEST
            reason = skip or (why if logical in changed else "requested by its when")
            steps.append(Step(f"test:{logical}:{test.name}", context.region, action, reason))
    return steps


def warn_of_untested(context: StackContext, changed: Iterable[str]) -> None:
    """Note the functions, by their logical ids, whose new versions go live untested."""
    for logical in changed:
        if not context.stack.tests.get(logical):
            context.run_log.note(f"{logical} has no tests; new versions go live untested.")


def alias_of(context: StackContext, logical: str) -> str:
    """The qualifier of calls: the alias of AutoPublishAlias, or ``$LATEST``."""
    alias = context.resources.of_function(logical, "AutoPublishAlias")
    return alias if isinstance(alias, str) else LATEST


def event_in(types: Set[str]) -> EventKind:
    """The kind of events in a stack that has resources of these types."""
    return "rest" if REST_API in types and not types & OTHERS else "http"


class StackTests:
    """Runs the tests of one stack."""

    def __init__(self, context: StackContext) -> None:
        self._context = context
        self._tests = FunctionTests(
            context.settings, context.region, context.clients, context.run_log
        )

    def run(self, state: StackState, steps: Iterable[Step]) -> None:
        """Run the tests in the steps, and compare cold starts with their budget.

        Raises:
            FunctionTestFailed: a test failed, or a cold start exceeds its budget.
        """
        to_run = {step.id: step for step in steps if step.action is Action.TEST}
        if not to_run:
            return
        resources = self._context.stacks.resources(state.name)
        names = {each.logical: each.physical for each in resources}
        types = {each.type for each in resources}
        for logical, tests in self._context.stack.tests.items():
            pairs = [
                (test, step)
                for test in tests
                if (step := to_run.get(f"test:{logical}:{test.name}"))
            ]
            if not pairs:
                continue
            if logical not in names:
                problem = f"the stack has no {logical}, possibly because of its Condition"
                raise FunctionTestFailed(f"test {pairs[0][0].name}: {problem}")
            reads_url = URL in types and any(test.needs_url for test, _ in pairs)
            address = self._address(logical, names[logical], event_in(types))
            subject = self._subject(address, state.outputs, reads_url=reads_url)
            for test, step in pairs:
                self._tests.run(step, "on live traffic", test, subject)
            budget = self._context.settings.budgets.cold_start
            if budget is not None and (note := address.speedometer.check(budget, address.name)):
                self._context.run_log.note(note)

    def _address(self, logical: str, name: str, event: EventKind) -> VersionAddress:
        invocations = self._context.clients.invocations(self._context.region)
        return VersionAddress(invocations, name, alias_of(self._context, logical), event=event)

    def _subject(
        self, address: VersionAddress, outputs: Mapping[str, str], *, reads_url: bool
    ) -> TestedFunction:
        """A function under test; ``reads_url`` if a test needs its URL."""
        context, alias, name = self._context, address.qualifier, address.name
        qualifier = "" if alias == LATEST else alias
        # The read masks the values of its environment, which an answer can contain.
        state = context.clients.functions(context.region).read(name, qualifier)
        if state:
            wait_until_ready(state, name, context.region, context.clients, context.run_log)
        url = context.clients.urls(context.region).read(name, qualifier) if reads_url else None
        return TestedFunction(
            name,
            alias,
            address,
            url.address if url else "",
            {
                "STACK_NAME": context.name,
                **{f"STACK_OUTPUT_{key}": value for key, value in outputs.items()},
            },
        )
