"""Changes only the layers of functions: rolls a layer back to an earlier version, or detaches it.

The code is that of the live version. The result is a new version, which is tested before it
receives traffic, like any other change.
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
    Url,
)
from lambda_fast_deploy.models.function_attributes import LAYERS, attribute_of
from lambda_fast_deploy.planning.configuration import changes, parameters_of
from lambda_fast_deploy.planning.function_plan import NEW_VERSION
from lambda_fast_deploy.planning.observe import observe_function
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_release import FunctionRelease
from lambda_fast_deploy.run_log import RunLog


@dataclass(frozen=True, slots=True)
class LayerChange:
    """The change of a layer on the functions that have it.

    ``to`` is the number of a version; empty for the version before the attached one.
    """

    layer: str
    to: str = ""
    detach: bool = False

    def __call__(self, settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
        """Change every function of the settings that has the layer.

        Raises:
            Invalid: no function has the layer, or the layer does not have the version.
        """
        contexts = []
        for region, function in settings.targets:
            observed = observe_function(function.unconfigured, region, clients)
            if observed and self._attached_version(observed):
                contexts.append(
                    self._context(region, function, observed, settings, clients, run_log)
                )
        if not contexts:
            raise self._invalid("no function of the configuration has this layer")
        plan = Plan(tuple(step for context in contexts for step in context.steps.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        run_log.note(
            f"The next deploy attaches the layers of the configuration again. Change "
            f"{self.layer} there as well."
        )
        return Outcome(
            plan, tuple(together(lambda context: FunctionRelease(context).deliver(), contexts))
        )

    def _invalid(self, problem: str) -> Invalid:
        return Invalid([Problem(problem, Place(f"layer {self.layer}"))])

    def _attached_version(self, observed: ObservedFunction) -> str:
        """The ARN of the layer that the live version has; empty if it does not have it."""
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
        live, attached = observed.live, self._attached_version(observed)
        assert live is not None
        if observed.latest.code_sha256 != live.code_sha256:
            raise self._invalid(
                f"the code of $LATEST of {function.name} is not the code of alias "
                f"{function.alias}; deploy first"
            )
        target = "" if self.detach else self._target(clients, region, attached)
        replaced = (target if arn == attached else arn for arn in live.layers)
        layers = tuple(arn for arn in replaced if arn)
        change = f"back to version {target.rpartition(':')[2]}" if target else "detached"
        return ReleaseContext(
            region=region,
            settings=settings,
            function=replace(
                function.unconfigured,
                canary=None,
                keep=None,
                role=None,
                url=Url.of(observed.url) if observed.url else None,
            ),
            steps=_steps(
                function, region, settings, observed, layers, f"layer {self.layer} {change}"
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
        target = f"version {self.to}" if self.to else "version before the attached one"
        raise self._invalid(
            f"layer {self.layer!r} has no {target} in {region}; its versions: {numbers}"
        )


def _steps(
    function: Function,
    region: str,
    settings: Settings,
    observed: ObservedFunction,
    layers: tuple[str, ...],
    why: str,
) -> FunctionSteps:
    """The steps that release the zip of the live version with these layers."""
    latest, alias = observed.latest, observed.alias
    live = parameters_of(observed.live or latest)
    parameters = {member: value for member, value in live.items() if attribute_of(member).of_zips}
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
            Step(f"test:{function.name}:{test.name}", region, action, skip or "the layers change")
        )
    moved = AttributeChange("alias", f"version {alias.version}" if alias else "", NEW_VERSION)
    return FunctionSteps(
        (
            step("configuration", Action.UPDATE, why, *different, parameters=parameters),
            step("code", Action.SKIP, "unchanged", fingerprint=latest.code_sha256),
            step("version", Action.PUBLISH, "the layers change"),
            step("alias", Action.MOVE, "the layers change", moved),
            *tests,
        )
    )
