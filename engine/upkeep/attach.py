"""The layers of functions alone: back to an earlier version, or off.

The code stays that of the version which users have. What comes of it is a version of its own,
which is tested before it receives traffic, as after any other change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.adapters.parallel import together
from engine.adapters.world import World
from engine.delivery import Release
from engine.errors import Invalid, Place, Problem
from engine.journal import Journal
from engine.model import (
    Action,
    Archive,
    Artifacts,
    Configuration,
    Function,
    LayerVersion,
    ObservedFunction,
    Outcome,
    Plan,
    Settings,
    Step,
    ZipSource,
)
from engine.plan.observe import observe_function
from engine.plan.when import reason_to_skip
from engine.release.order import Order


@dataclass(frozen=True, slots=True)
class Attach:
    """What becomes of a layer on the functions that have it.

    ``to`` is the number of a version, or nothing for the one before that which is attached.
    """

    layer: str
    to: str = ""
    detach: bool = False

    def __call__(self, settings: Settings, world: World, journal: Journal) -> Outcome:
        """Change every function of the settings that has the layer.

        Raises:
            Invalid: no function has it, or it has no such version.
        """
        orders = []
        for region, function in settings.targets:
            observed = observe_function(function.unconfigured, region, world)
            if observed and self._of(observed):
                orders.append(self._order(region, function, observed, settings, world, journal))
        if not orders:
            raise self._invalid(f"no function of the configuration has a layer {self.layer!r}")
        plan = Plan(tuple(step for order in orders for step in order.plan.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        journal.note(
            f"The next deploy gives functions the layers of the configuration again; change "
            f"{self.layer} there as well."
        )
        return Outcome(plan, tuple(together(lambda order: Release(order).deliver(), orders)))

    def _invalid(self, says: str) -> Invalid:
        return Invalid([Problem(says, Place("the name of the layer"))])

    def _of(self, observed: ObservedFunction) -> str:
        """The ARN of the layer that users have now, or nothing."""
        layers = observed.live.layers if observed.live else ()
        return next((arn for arn in layers if arn.split(":")[6] == self.layer), "")

    def _order(
        self,
        region: str,
        function: Function,
        observed: ObservedFunction,
        settings: Settings,
        world: World,
        journal: Journal,
    ) -> Order:
        live, attached = observed.live, self._of(observed)
        assert live is not None
        if observed.latest.code_sha256 != live.code_sha256:
            raise self._invalid(
                f"$LATEST of {function.name} is not the code that {function.alias} serves; deploy "
                "first, so that it is"
            )
        target = "" if self.detach else self._target(world, region, attached)
        wanted = [target if arn == attached else arn for arn in live.layers]
        layers = {arn: LayerVersion(arn) for arn in wanted if arn}
        what = f"back to version {target.rpartition(':')[2]}" if target else "taken off"
        return Order(
            region=region,
            settings=settings,
            function=replace(
                function,
                canary=None,
                keep=None,
                source=ZipSource(settings.root, live.handler, live.runtime, tuple(layers)),
                configuration=Configuration(),
                role=None,
                url=observed.url.access if observed.url else None,
            ),
            plan=self._plan(region, function, f"layer {self.layer} {what}", settings),
            artifacts=Artifacts(
                bases={},
                images={},
                layers=layers,
                archives={function.name: Archive(b"", live.code_sha256, 0)},
            ),
            observed=observed,
            world=world,
            journal=journal,
        )

    def _target(self, world: World, region: str, attached: str) -> str:
        arns = [version.arn for version in world.layers(region).versions(self.layer)]
        older = arns[arns.index(attached) + 1 :] if attached in arns else []
        for arn in arns if self.to else older:
            if self.to in ("", arn.rpartition(":")[2]):
                return arn
        there = ", ".join(arn.rpartition(":")[2] for arn in arns) or "none"
        wanted = f"version {self.to}" if self.to else "version before the one that is attached"
        raise self._invalid(f"layer {self.layer!r} has no {wanted} in {region}; there are: {there}")

    def _plan(self, region: str, function: Function, why: str, settings: Settings) -> Plan:
        def step(kind: str, action: Action, reason: str) -> Step:
            return Step(f"{kind}:{function.name}", region, action, reason)

        tests = []
        for gate in function.gates:
            skip = reason_to_skip(gate, settings.event, changed=True)
            action = Action.SKIP if skip else Action.TEST
            tests.append(
                Step(f"test:{function.name}:{gate.name}", region, action, skip or "it changes")
            )
        return Plan(
            (
                step("configuration", Action.UPDATE, why),
                step("code", Action.SKIP, "it stays as it is"),
                step("version", Action.PUBLISH, "it changes"),
                step("alias", Action.MOVE, "it changes"),
                *tests,
            )
        )
