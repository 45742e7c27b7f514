"""The way back for users: to the version that they had before, whatever was tried in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.adapters.parallel import together
from engine.adapters.world import World
from engine.delivery import Release, found
from engine.errors import DeployError, DeployFailed, Invalid, NotReady, Place, Problem
from engine.journal import Journal
from engine.model import (
    Action,
    AliasState,
    Artifacts,
    Delivery,
    Function,
    FunctionState,
    ImageSource,
    ObservedFunction,
    Outcome,
    Plan,
    Settings,
    Speed,
    Step,
)
from engine.plan.observe import observe_function
from engine.release import record
from engine.release.latest import follow
from engine.release.order import Order
from engine.settings.document import nearest
from engine.settings.inputs import PREVIOUS
from engine.verify.ready import make_ready


@dataclass(frozen=True, slots=True)
class Rollback:
    """Functions go back to an earlier version: its code, layers and configuration alike.

    ``to`` is a version's number, or ``previous``: the newest that users had before and that passes
    the tests. ``only`` is the name of one function, or nothing for all.
    """

    to: str = PREVIOUS
    only: str = ""

    def __call__(self, settings: Settings, world: World, journal: Journal) -> Outcome:
        """Lead users back, each function by itself.

        Raises:
            Invalid: a function is not there, or has no version to go back to.
        """
        if settings.stack:
            from engine.stack.rollback import roll_back_stack

            if self.to != PREVIOUS or self.only:
                raise _invalid("a stack goes back to what it was before, and as a whole")
            return roll_back_stack(settings, world, journal)
        names = [function.name for function in settings.functions]
        if self.only and self.only not in names:
            raise _invalid(f"no function {self.only!r}{nearest(self.only, names)}")
        orders = [
            self._order(region, function, settings, world, journal)
            for region, function in settings.targets
            if self.only in ("", function.name)
        ]
        plan = Plan(tuple(step for order in orders for step in order.plan.steps))
        if settings.plan_only:
            return Outcome(plan, ())
        return Outcome(plan, tuple(together(lambda order: _Back(order, self.to).deliver(), orders)))

    def _order(
        self, region: str, function: Function, settings: Settings, world: World, journal: Journal
    ) -> Order:
        if not function.has_alias:
            says = f"users of {function.name} call $LATEST, which has no version before it"
            raise _invalid(f"{says}; deploy the commit that they are to have")
        observed = observe_function(function.unconfigured, region, world)
        if observed is None or not (observed.live and observed.alias):
            what = f"alias {function.alias} of {function.name}"
            raise _invalid(f"{what} does not exist in {region}, so there is no way back")
        steps = [
            Step(f"alias:{function.name}", region, Action.MOVE, _why(observed, self.to)),
            Step(f"latest:{function.name}", region, Action.UPDATE, "$LATEST follows the alias"),
        ]
        steps += [
            Step(f"test:{function.name}:{gate.name}", region, Action.TEST, "users come back to it")
            for gate in function.gates
            if not gate.when
        ]
        steps += [
            Step(f"test:{function.name}:{gate.name}", region, Action.SKIP, "runs with a deploy")
            for gate in function.gates
            if gate.when
        ]
        url = observed.url.access if observed.url else None
        return Order(
            region=region,
            function=replace(function, url=url),
            settings=settings,
            plan=Plan(tuple(steps)),
            artifacts=Artifacts({}, {}, {}, {}),
            observed=observed,
            world=world,
            journal=journal,
        )


def _invalid(says: str) -> Invalid:
    return Invalid([Problem(says, Place("rollback"))])


def _why(observed: ObservedFunction, to: str) -> str:
    now = observed.alias.version if observed.alias else ""
    there = "the version before it that passes its tests" if to == PREVIOUS else f"version {to}"
    return f"from version {now} to {there}"


class _Back:
    """One function on its way back."""

    def __init__(self, order: Order, to: str) -> None:
        self._order = order
        self._to = to
        self._release = Release(order)
        self._functions = order.world.functions(order.region)

    def deliver(self) -> Delivery:
        """Lead users back; an error is part of the delivery, not raised."""
        order = self._order
        delivery = found(
            Delivery(order.region, order.name, "unchanged", alias=order.function.alias),
            order.observed,
        )
        return self._release.carried_out(delivery, self._go)

    def _go(self, delivery: Delivery) -> Delivery:
        observed = self._order.observed
        assert observed
        assert observed.live
        assert observed.alias
        was = observed.live.version
        if self._to == was and observed.alias.is_settled:
            return delivery
        good, speed = self._good(observed.live, observed.alias)
        previous = record.previous_of(good.description)
        took = self._order.journal.elapsed
        description = record.of_alias(previous, speed, took, back_from=was)
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
                return good, self._release.tests.prove(good)
            except DeployError as error:
                if self._to != PREVIOUS or isinstance(error, NotReady):
                    raise
                self._order.journal.check()
                self._order.journal.note(f"Not back to version {number}: {error.message}")
                last = error
        if last:
            raise last
        if record.origin_of(live.description).deployed:
            raise DeployFailed(f"version {live.version} of {self._order.name} is the first one")
        versions = self._order.world.versions(self._order.region).every(self._order.name)
        there = ", ".join(state.version for state in versions)
        raise DeployFailed(
            f"version {live.version} of {self._order.name} does not say which was before it",
            remedy=f"Name one with --to; there are: {there}.",
        )

    def _way(self, live: FunctionState, alias: AliasState) -> Iterator[str]:
        """The versions that users had before, the newest first.

        The alias itself is asked first: the same version may have come after others since it was
        published. While a part of its users, or a test, has another one, it leads there: whole.
        """
        if self._to != PREVIOUS:
            yield self._to
            return
        seen = {live.version} if alias.is_settled else set()
        number = record.proved_by(alias)
        if alias.is_settled:
            number = record.previous_of(alias.description) or record.previous_of(live.description)
        while number and number not in seen:
            yield number
            seen.add(number)
            state = self._functions.read(self._order.name, number)
            number = record.previous_of(state.description) if state else ""

    def _there(self, number: str) -> FunctionState:
        """A version, with its image if it is one; awake.

        Raises:
            DeployFailed: it, or its image, is not there any more, or it cannot be called.
        """
        state = self._functions.read(self._order.name, number)
        if state is None:
            raise DeployFailed(f"version {number} of {self._order.name} does not exist")
        source = self._order.function.source
        if state.package == "Image" and isinstance(source, ImageSource):
            registry = self._order.world.registry(self._order.region)
            registry.manifest(source.repository, state.image_digest)
        order = self._order
        make_ready(state, order.name, order.region, order.world, order.journal)
        return state

    def _let_latest_follow(self, good: FunctionState) -> None:
        """Make ``$LATEST`` the same; users have it, so a failure here is only told."""
        order = self._order
        with order.journal.step(order.step("latest")) as detail:
            why = follow(order, good)
            detail("it stays as it is" if why else f"as version {good.version}")
        if why:
            order.journal.note(f"$LATEST of {order.name} stays as it is: {why}")
