"""Tests of the functions of a stack, asked where the stack has put them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial

from engine.adapters.aws.stacks import StackState
from engine.adapters.world import World
from engine.errors import GateFailed
from engine.journal import Journal
from engine.model import LATEST, Action, Gate, HttpGate, Settings, Stack, Step
from engine.plan.when import reason_to_skip
from engine.stack.resources import Resources
from engine.verify.address import Address, UrlAddress, VersionAddress
from engine.verify.gate import Target, run_gate


def test_steps(stack: Stack, settings: Settings, region: str, *, changed: bool) -> list[Step]:
    """The tests of every function, with the reason of each."""
    steps = []
    for logical, gates in stack.gates.items():
        for gate in gates:
            skip = reason_to_skip(gate, settings.event, changed=changed)
            action = Action.SKIP if skip else Action.TEST
            why = skip or ("the stack changes" if changed else "it was asked for")
            steps.append(Step(f"test:{logical}:{gate.name}", region, action, why))
    return steps


class Proof:
    """Runs the tests of one stack."""

    def __init__(
        self,
        settings: Settings,
        stack: Stack,
        resources: Resources,
        region: str,
        world: World,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._resources = resources
        self._region = region
        self._world = world
        self._journal = journal

    def prove(self, state: StackState, *, changed: bool) -> None:
        """Run every test that this run asks for.

        Raises:
            GateFailed: one did not pass.
        """
        gates = list(self._asked(changed=changed))
        if not gates:
            return
        physical = {
            each.logical: each.physical
            for each in self._world.stacks(self._region).resources(state.name)
        }
        for logical, gate in gates:
            self._run(logical, gate, physical.get(logical, ""), state.outputs)

    def _asked(self, *, changed: bool) -> Iterator[tuple[str, Gate]]:
        for logical, gates in self._stack.gates.items():
            for gate in gates:
                if not reason_to_skip(gate, self._settings.event, changed=changed):
                    yield logical, gate

    def _run(self, logical: str, gate: Gate, name: str, outputs: Mapping[str, str]) -> None:
        step = f"test:{logical}:{gate.name}"
        alias = self._resources.of_function(logical, "AutoPublishAlias")
        qualifier = alias if isinstance(alias, str) else LATEST
        with self._journal.work(step, "test", "where users meet it", self._region) as detail:
            if not name:
                raise GateFailed(
                    f"test {gate.name}: the stack has no {logical}; its Condition may leave it out"
                )
            target = Target(
                address=self._address(gate, name, qualifier),
                bucket=partial(self._world.bucket, self._region),
                environment={
                    **os.environ,
                    "FUNCTION_NAME": name,
                    "FUNCTION_VERSION": qualifier,
                    "STACK_NAME": self._stack.name,
                    **{f"STACK_OUTPUT_{key}": value for key, value in outputs.items()},
                    "AWS_REGION": self._region,
                },
                root=self._settings.root,
                not_yet=partial(self._not_yet, step),
                hidden=self._journal.hidden,
            )
            detail(run_gate(gate, target))

    def _address(self, gate: Gate, name: str, qualifier: str) -> Address:
        if isinstance(gate, HttpGate) and gate.is_elsewhere:
            service = "lambda" if ".lambda-url." in gate.target else "execute-api"
            sign = partial(self._world.aws.signed, self._region, service)
            return UrlAddress(gate.target, sign if gate.auth == "iam" else None)
        return VersionAddress(self._world.functions(self._region), name, qualifier)

    def _not_yet(self, step: str, reason: str) -> None:
        self._journal.check()
        self._journal.progress(step, f"not yet: {reason}", self._region)
