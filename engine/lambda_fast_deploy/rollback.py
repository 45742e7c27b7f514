"""The way back for users: to the version that they had before, whatever was tried in between."""

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
    ImageSource,
    ObservedFunction,
    Outcome,
    Plan,
    Settings,
    Speed,
    Step,
)
from lambda_fast_deploy.planning.observe import observe_function
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.function_release import FunctionRelease, found
from lambda_fast_deploy.release.latest import follow
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.state import descriptions
from lambda_fast_deploy.testing.readiness import make_ready


@dataclass(frozen=True, slots=True)
class Rollback:
    """Functions go back to an earlier version: its code, layers and configuration alike.

    ``to`` is a version's number, or ``previous``: the newest that users had before and that passes
    the tests. ``only`` is the name of one function, or nothing for all.
    """

    to: str = PREVIOUS
    only: str = ""

    def __call__(self, settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
        """Lead users back, each function by itself.

        Raises:
            Invalid: a function is not there, or has no version to go back to.
        """
        if settings.stack:
            from lambda_fast_deploy.stacks.rollback import roll_back_stack

            if self.to != PREVIOUS or self.only:
                raise _invalid("a stack goes back to what it was before, and as a whole")
            return roll_back_stack(settings, clients, run_log)
        names = [function.name for function in settings.functions]
        if self.only and self.only not in names:
            raise _invalid(f"no function {self.only!r}{nearest(self.only, names)}")
        orders = [
            self._context(region, function, settings, clients, run_log)
            for region, function in settings.targets
            if self.only in ("", function.name)
        ]
        plan = Plan(tuple(step for context in orders for step in context.steps.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        return Outcome(
            plan,
            tuple(together(lambda context: _FunctionRollback(context, self.to).deliver(), orders)),
        )

    def _context(
        self,
        region: str,
        function: Function,
        settings: Settings,
        clients: Clients,
        run_log: RunLog,
    ) -> ReleaseContext:
        if not function.has_alias:
            says = f"users of {function.name} call $LATEST, which has no version before it"
            raise _invalid(f"{says}; deploy the commit that they are to have")
        observed = observe_function(function.unconfigured, region, clients)
        if observed is None or not (observed.live and observed.alias):
            what = f"alias {function.alias} of {function.name}"
            raise _invalid(f"{what} does not exist in {region}, so there is no way back")
        steps = [
            Step(
                f"alias:{function.name}",
                region,
                Action.MOVE,
                _why(observed, self.to),
                changes=(self._change(observed.alias),),
            ),
            Step(f"latest:{function.name}", region, Action.UPDATE, "$LATEST follows the alias"),
        ]
        steps += [
            Step(f"test:{function.name}:{test.name}", region, Action.TEST, "users come back to it")
            for test in function.tests
            if not test.when
        ]
        steps += [
            Step(f"test:{function.name}:{test.name}", region, Action.SKIP, "runs with a deploy")
            for test in function.tests
            if test.when
        ]
        url = observed.url.access if observed.url else None
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
        """The change of the alias; which version passes its tests only the rollback can tell."""
        after = "an earlier version" if self.to == PREVIOUS else f"version {self.to}"
        return AttributeChange("alias", f"version {alias.version}", after)


def _invalid(says: str) -> Invalid:
    return Invalid([Problem(says, Place("rollback"))])


def _why(observed: ObservedFunction, to: str) -> str:
    now = observed.alias.version if observed.alias else ""
    target = "the version before it that passes its tests" if to == PREVIOUS else f"version {to}"
    return f"from version {now} to {target}"


class _FunctionRollback:
    """One function on its way back."""

    def __init__(self, context: ReleaseContext, to: str) -> None:
        self._context = context
        self._to = to
        self._release = FunctionRelease(context)
        self._functions = context.clients.functions(context.region)

    def deliver(self) -> FunctionOutcome:
        """Lead users back; an error is part of the delivery, not raised."""
        context = self._context
        delivery = found(
            FunctionOutcome(
                context.region, context.name, "unchanged", alias=context.function.alias
            ),
            context.observed,
        )
        return self._release.carried_out(delivery, self._go)

    def _go(self, delivery: FunctionOutcome) -> FunctionOutcome:
        observed = self._context.observed
        assert observed
        assert observed.live
        assert observed.alias
        was = observed.live.version
        if self._to == was and observed.alias.is_settled:
            return delivery
        good, speed = self._good(observed.live, observed.alias)
        if good.version == was:  # another rollback was testing it
            was = descriptions.proved_by(observed.alias)
        previous = descriptions.previous_of(good.description)
        took = self._context.run_log.elapsed
        description = descriptions.of_alias(previous, speed, took, back_from=was, now=clock.now())
        self._release.expose(good.version, description)
        url = self._release.reach()
        self._release.settle(description)
        self._let_latest_follow(good)
        return replace(
            delivery,
            outcome="deployed",
            version=good.version,
            previous=was,
            url=url,
            image_uri=good.code_location if good.package == "Image" else "",
            code_sha256=good.code_sha256,
            code_size=good.code_size,
            layer_arns=good.layers,
            speed=speed,
            speed_before=delivery.speed,
            code_size_before=delivery.code_size,
        )

    def _good(self, live: FunctionState, alias: AliasState) -> tuple[FunctionState, Speed]:
        """The version to go back to, tested; with ``previous`` the newest of the way that passes.

        Raises:
            NotReady: a permission or the network is missing, which is no version's fault.
            DeployError: there is none, with the reason of the last that was tried.
        """
        last: DeployError | None = None
        for number in self._way(live, alias):
            try:
                good = self._there(number)
                return good, self._release.test(good)
            except DeployError as error:
                if self._to != PREVIOUS or isinstance(error, NotReady):
                    raise
                self._context.run_log.cancellation.check()
                self._context.run_log.note(f"Not back to version {number}: {error.message}")
                last = error
        if last:
            raise last
        if descriptions.origin_of(live.description).deployed:
            raise DeployFailed(f"version {live.version} of {self._context.name} is the first one")
        versions = self._context.clients.versions(self._context.region).every(self._context.name)
        numbers = ", ".join(state.version for state in versions)
        raise DeployFailed(
            f"version {live.version} of {self._context.name} does not say which was before it",
            remedy=f"Name one with --to; there are: {numbers}.",
        )

    def _way(self, live: FunctionState, alias: AliasState) -> Iterator[str]:
        """The versions that users had before, the newest first.

        The alias itself is asked first: the same version may have come after others since it was
        published. While a part of its users, or a test, has another one, it leads there: whole.
        What another rollback is testing, or was when it was killed, is the first of the way.
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

    def _there(self, number: str) -> FunctionState:
        """A version, with its image if it is one; awake.

        Raises:
            DeployFailed: it, or its image, is not there any more, or it cannot be called.
        """
        state = self._functions.read(self._context.name, number)
        if state is None:
            raise DeployFailed(f"version {number} of {self._context.name} does not exist")
        source = self._context.function.source
        if state.package == "Image" and isinstance(source, ImageSource):
            registry = self._context.clients.registry(self._context.region)
            registry.manifest(source.repository, state.image_digest)
        context = self._context
        make_ready(state, context.name, context.region, context.clients, context.run_log)
        return state

    def _let_latest_follow(self, good: FunctionState) -> None:
        """Make ``$LATEST`` the same; users have it, so a failure here is only told."""
        context = self._context
        with context.run_log.step(context.steps.latest) as detail:
            why = follow(context, good)
            detail("it stays as it is" if why else f"as version {good.version}")
        if why:
            context.run_log.note(f"$LATEST of {context.name} stays as it is: {why}")
