"""Rolls functions back to an earlier version, skipping versions that were never live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.config.inputs import PREVIOUS
from lambda_fast_deploy.errors import (
    DeployError,
    DeployFailed,
    Invalid,
    NotReady,
    Place,
    Problem,
)
from lambda_fast_deploy.models import (
    Action,
    AliasState,
    Artifacts,
    AttributeChange,
    Function,
    FunctionOutcome,
    FunctionState,
    FunctionSteps,
    ObservedFunction,
    Outcome,
    Plan,
    Settings,
    Speed,
    Step,
    Url,
)
from lambda_fast_deploy.planning.images_by_uri import check_image
from lambda_fast_deploy.planning.observe import observe_function
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_release import FunctionRelease, with_observed
from lambda_fast_deploy.release.latest import follow
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.state import descriptions
from lambda_fast_deploy.testing.readiness import wait_until_ready


@dataclass(frozen=True, slots=True)
class Rollback:
    """Rolls functions back to an earlier version with its code, layers and configuration.

    ``to`` is the number of a version, or ``previous`` for the newest that was live before and
    passes the tests. ``only`` is the name of one function; empty for all.
    """

    to: str = PREVIOUS
    only: str = ""

    def __call__(self, settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
        """Roll back each function separately.

        Raises:
            Invalid: a function does not exist, or has no version to roll back to.
        """
        if settings.stack:
            from lambda_fast_deploy.stacks.rollback import roll_back_stack

            if self.to != PREVIOUS or self.only:
                raise _invalid("a stack rolls back as a whole, and only to its previous state")
            return roll_back_stack(settings, clients, run_log)
        if not settings.functions:
            raise _invalid(
                "the configuration has no functions; a layer is rolled back by: "
                "lambda-fast-deploy layers rollback"
            )
        names = [function.name for function in settings.functions]
        if self.only and self.only not in names:
            raise _invalid(f"unknown function {self.only!r}{nearest(self.only, names)}")
        contexts = [
            self._context(region, function, settings, clients, run_log)
            for region, function in settings.targets
            if self.only in ("", function.name)
        ]
        plan = Plan(tuple(step for context in contexts for step in context.steps.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        deliveries = together(
            lambda context: _FunctionRollback(context, self.to).deliver(), contexts
        )
        return Outcome(plan, tuple(deliveries))

    def _context(
        self,
        region: str,
        function: Function,
        settings: Settings,
        clients: Clients,
        run_log: RunLog,
    ) -> ReleaseContext:
        if not function.has_alias:
            raise _invalid(
                f"{function.name} deploys $LATEST, which has no previous version; deploy an "
                "earlier commit instead"
            )
        observed = observe_function(function.unconfigured, region, clients)
        if observed is None or not (observed.live and observed.alias):
            what = f"alias {function.alias} of {function.name}"
            raise _invalid(f"{what} does not exist in {region}; a rollback needs an earlier deploy")
        steps = [
            Step(
                f"alias:{function.name}",
                region,
                Action.MOVE,
                _reason(observed, self.to),
                changes=(self._change(observed.alias),),
            ),
            Step(f"latest:{function.name}", region, Action.UPDATE, "same as the alias"),
        ]
        steps += [
            Step(f"test:{function.name}:{test.name}", region, Action.TEST, "before the rollback")
            for test in function.tests
            if not test.when
        ]
        steps += [
            Step(f"test:{function.name}:{test.name}", region, Action.SKIP, "only runs in deploys")
            for test in function.tests
            if test.when
        ]
        url = Url.of(observed.url) if observed.url else None
        return ReleaseContext(
            region=region,
            function=replace(function, url=url),
            settings=settings,
            steps=FunctionSteps(tuple(steps)),
            artifacts=Artifacts(),
            observed=observed,
            clients=clients,
            run_log=run_log,
        )

    def _change(self, alias: AliasState) -> AttributeChange:
        """The change of the alias; the plan does not know which version passes its tests."""
        after = "an earlier version" if self.to == PREVIOUS else f"version {self.to}"
        return AttributeChange("alias", f"version {alias.version}", after)


def _invalid(message: str) -> Invalid:
    return Invalid([Problem(message, Place("rollback"))])


def _reason(observed: ObservedFunction, to: str) -> str:
    current = observed.alias.version if observed.alias else ""
    target = "the previous version that passes its tests" if to == PREVIOUS else f"version {to}"
    return f"from version {current} to {target}"


class _FunctionRollback:
    """The rollback of one function."""

    def __init__(self, context: ReleaseContext, to: str) -> None:
        self._context = context
        self._to = to
        self._release = FunctionRelease(context)
        self._functions = context.clients.functions(context.region)

    def deliver(self) -> FunctionOutcome:
        """Roll back the function; an error is part of the outcome, not raised."""
        context = self._context
        delivery = with_observed(
            FunctionOutcome(
                context.region, context.name, "unchanged", alias=context.function.alias
            ),
            context.observed,
        )
        return self._release.attempt(delivery, self._roll_back)

    def _roll_back(self, delivery: FunctionOutcome) -> FunctionOutcome:
        observed = self._context.observed
        assert observed
        assert observed.live
        assert observed.alias
        current = observed.live.version
        if self._to == current and observed.alias.is_settled:
            return delivery
        target, speed = self._target(observed.live, observed.alias)
        if target.version == current:  # another rollback was testing it
            current = descriptions.proved_by(observed.alias) or current
        previous = descriptions.previous_of(target.description)
        elapsed = self._context.run_log.elapsed
        description = descriptions.of_alias(
            previous, speed, elapsed, back_from=current, now=clock.now()
        )
        self._release.expose(target.version, description)
        url = self._release.reach()
        self._release.settle(description)
        self._update_latest(target)
        return replace(
            delivery,
            outcome="deployed",
            version=target.version,
            previous=current,
            url=url,
            image_uri=target.code_location if target.package == "Image" else "",
            code_sha256=target.code_sha256,
            code_size=target.code_size,
            layer_arns=target.layers,
            speed=speed,
            speed_before=delivery.speed,
            code_size_before=delivery.code_size,
        )

    def _target(self, live: FunctionState, alias: AliasState) -> tuple[FunctionState, Speed]:
        """The version to roll back to, after its tests; for ``previous`` the newest that passes.

        Raises:
            NotReady: a permission or the network is missing, not a problem of the version.
            DeployError: no version passes; the error of the last one.
        """
        last: DeployError | None = None
        for number in self._candidates(live, alias):
            try:
                target = self._ready_version(number)
                return target, self._release.test(target)
            except DeployError as error:
                if self._to != PREVIOUS or isinstance(error, NotReady):
                    raise
                self._context.run_log.cancellation.check()
                self._context.run_log.note(f"Skipped version {number}: {error.message}")
                last = error
        if last:
            raise last
        if descriptions.origin_of(live.description).deployed:
            raise DeployFailed(
                f"version {live.version} of {self._context.name} is the first version"
            )
        versions = self._context.clients.versions(self._context.region).every(self._context.name)
        numbers = ", ".join(state.version for state in versions)
        raise DeployFailed(
            f"the description of version {live.version} of {self._context.name} has no previous "
            "version",
            remedy=f"Choose a version with --to. Existing versions: {numbers}.",
        )

    def _candidates(self, live: FunctionState, alias: AliasState) -> Iterator[str]:
        """The numbers of versions that were live before, the newest first.

        The alias is read first, because the live version may have become live again after others.
        During a canary or a test, the first candidate is the version that is live in full. A
        version that another rollback is testing, or was testing when it was killed, comes first.
        """
        if self._to != PREVIOUS:
            yield self._to
            return
        seen = {live.version} if alias.is_settled else set()
        number = descriptions.proved_by(alias)
        if alias.is_under_test and descriptions.is_rollback(alias):
            seen, number = {number}, alias.version
        elif alias.is_settled:
            number = descriptions.previous_of(alias.description) or descriptions.previous_of(
                live.description
            )
        while number and number not in seen:
            yield number
            seen.add(number)
            state = self._functions.read(self._context.name, number)
            number = descriptions.previous_of(state.description) if state else ""

    def _ready_version(self, number: str) -> FunctionState:
        """A version that can be called.

        Raises:
            DeployFailed: it, or its image, does not exist any more, or it cannot be called.
        """
        state = self._functions.read(self._context.name, number)
        if state is None:
            raise DeployFailed(f"version {number} of {self._context.name} does not exist")
        context = self._context
        if state.package == "Image":
            check_image(state, context.function, context.region, context.clients)
        wait_until_ready(state, context.name, context.region, context.clients, context.run_log)
        return state

    def _update_latest(self, target: FunctionState) -> None:
        """Update ``$LATEST`` to the version, which is live already."""
        context = self._context
        with context.run_log.step(context.steps.latest) as detail:
            detail(f"as version {target.version}" if follow(context, target) else "unchanged")
