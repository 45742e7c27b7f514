"""The layers of functions alone: back to an earlier version, or off.

The code stays that of the version which users have. What comes of it is a version of its own,
which is tested before it receives traffic, as after any other change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.models import (
    Action,
    Artifacts,
    AttributeChange,
    Function,
    FunctionSteps,
    ObservedFunction,
    Outcome,
    Plan,
    Settings,
    Step,
)
from lambda_fast_deploy.models.function_attributes import BY_MEMBER, LAYERS
from lambda_fast_deploy.planning.configuration import changes, parameters_of
from lambda_fast_deploy.planning.function_plan import NEW_VERSION
from lambda_fast_deploy.planning.observe import observe_function
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_release import FunctionRelease
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class LayerChange:
    """What becomes of a layer on the functions that have it.

    ``to`` is the number of a version, or nothing for the one before that which is attached.
    """

    layer: str
    to: str = ""
    detach: bool = False

    def __call__(self, settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
        """Change every function of the settings that has the layer.

        Raises:
            Invalid: no function has it, or it has no such version.
        """
        orders = []
        for region, function in settings.targets:
            observed = observe_function(function.unconfigured, region, clients)
            if observed and self._of(observed):
                orders.append(self._context(region, function, observed, settings, clients, run_log))
        if not orders:
            raise self._invalid("no function of the configuration has it")
        plan = Plan(tuple(step for context in orders for step in context.steps.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        run_log.note(
            f"The next deploy gives functions the layers of the configuration again; change "
            f"{self.layer} there as well."
        )
        return Outcome(
            plan, tuple(together(lambda context: FunctionRelease(context).deliver(), orders))
        )

    def _invalid(self, says: str) -> Invalid:
        return Invalid([Problem(says, Place(f"layer {self.layer}"))])

    def _of(self, observed: ObservedFunction) -> str:
        """The ARN of the layer that users have now, or nothing."""
        layers = observed.live.layers if observed.live else ()
        return next((arn for arn in layers if Arn.parse(arn).name == self.layer), "")

    def _context(
        self,
        region: str,
        function: Function,
        observed: ObservedFunction,
        settings: Settings,
        clients: Clients,
        run_log: RunLog,
    ) -> ReleaseContext:
        live, attached = observed.live, self._of(observed)
        assert live is not None
        if observed.latest.code_sha256 != live.code_sha256:
            raise self._invalid(
                f"$LATEST of {function.name} is not the code that {function.alias} serves; deploy "
                "first, so that it is"
            )
        target = "" if self.detach else self._target(clients, region, attached)
        replaced = (target if arn == attached else arn for arn in live.layers)
        layers = tuple(arn for arn in replaced if arn)
        what = f"back to version {target.rpartition(':')[2]}" if target else "taken off"
        return ReleaseContext(
            region=region,
            settings=settings,
            function=replace(
                function.unconfigured,
                canary=None,
                keep=None,
                role=None,
                url=observed.url.access if observed.url else None,
            ),
            steps=_steps(
                function, region, settings, observed, layers, f"layer {self.layer} {what}"
            ),
            artifacts=Artifacts(),
            observed=observed,
            clients=clients,
            run_log=run_log,
        )

    def _target(self, clients: Clients, region: str, attached: str) -> str:
        arns = [version.arn for version in clients.layers(region).versions(self.layer)]
        older = arns[arns.index(attached) + 1 :] if attached in arns else []
        for arn in arns if self.to else older:
            if self.to in ("", Arn.parse(arn).qualifier):
                return arn
        numbers = ", ".join(arn.rpartition(":")[2] for arn in arns) or "none"
        target = f"version {self.to}" if self.to else "version before the one that is attached"
        raise self._invalid(
            f"layer {self.layer!r} has no {target} in {region}; there are: {numbers}"
        )


def _steps(
    function: Function,
    region: str,
    settings: Settings,
    observed: ObservedFunction,
    layers: tuple[str, ...],
    why: str,
) -> FunctionSteps:
    """The steps that give a function the zip of its live version with these layers."""
    latest, alias = observed.latest, observed.alias
    live = parameters_of(observed.live or latest)
    parameters = {member: value for member, value in live.items() if BY_MEMBER[member].of_zips}
    parameters[LAYERS.member] = list(layers)
    different = changes(parameters, latest, observed.foreign)

    def step(
        kind: str, action: Action, reason: str, *changes: AttributeChange, **more: Any
    ) -> Step:
        return Step(f"{kind}:{function.name}", region, action, reason, changes=changes, **more)

    tests = []
    for test in function.tests:
        skip = reason_to_skip(test, settings.event, changed=True)
        action = Action.SKIP if skip else Action.TEST
        tests.append(
            Step(f"test:{function.name}:{test.name}", region, action, skip or "it changes")
        )
    moved = AttributeChange("alias", f"version {alias.version}" if alias else "", NEW_VERSION)
    return FunctionSteps(
        (
            step("configuration", Action.UPDATE, why, *different, parameters=parameters),
            step("code", Action.SKIP, "it stays as it is", fingerprint=latest.code_sha256),
            step("version", Action.PUBLISH, "it changes"),
            step("alias", Action.MOVE, "it changes", moved),
            *tests,
        )
    )
