"""The delivery of one function to its users, or back to where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from engine.errors import DeployError, Overtaken, unexpected
from engine.model import (
    Delivery,
    FunctionState,
    ImageSource,
    ObservedFunction,
    Past,
    Speed,
    ZipSource,
)
from engine.plan.configuration import is_proved
from engine.release import record
from engine.release.alias import AliasMoves
from engine.release.latest import announce_test, follow, mark_tested
from engine.release.order import Order
from engine.release.ownership import end_creation, is_of_a_run
from engine.release.serves import served
from engine.release.stage import retag, stage
from engine.release.undo import Undone
from engine.release.url import give_url
from engine.verify.function import FunctionTests


def because(delivery: Delivery, error: DeployError) -> Delivery:
    """A delivery that an error ended."""
    says = "\n".join(filter(None, (error.message, error.detail)))
    return replace(delivery, error=says, remedy=error.remedy)


def found(delivery: Delivery, observed: ObservedFunction | None) -> Delivery:
    """A delivery with what AWS already serves."""
    if observed is None:
        return delivery
    state = observed.live or observed.latest
    return replace(
        delivery,
        arn=observed.latest.arn,
        version=state.version,
        url=observed.url.address if observed.url else "",
        image_uri=state.code_location if state.package == "Image" else "",
        code_sha256=state.code_sha256,
        code_size=state.code_size,
        layer_arns=state.layers,
        speed=record.speed_of(observed.alias.description) if observed.alias else Speed(),
    )


class Release:
    """One function in one region: staged, tested, exposed, tested again; undone if it fails.

    ``tests`` are those of the function.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._moves = AliasMoves(order)
        self._functions = order.world.functions(order.region)
        self._version: FunctionState | None = None  # the one that this run releases
        self.tests = FunctionTests(order)

    def deliver(self) -> Delivery:
        """Release the function; an error is part of the delivery, not raised."""
        order = self._order
        delivery = found(
            Delivery(order.region, order.name, "unchanged", alias=order.function.alias),
            order.observed,
        )
        return self.carried_out(delivery, self._go if order.changes else self._stay)

    def carried_out(self, delivery: Delivery, way: Callable[[Delivery], Delivery]) -> Delivery:
        """A delivery on its way; undone if that fails."""
        try:
            return way(delivery)
        except DeployError as error:
            return self._back(delivery, self._seen(error))
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, unexpected(error))

    def _stay(self, delivery: Delivery) -> Delivery:
        order = self._order
        retag(order)
        url = give_url(order, self._moves)
        if order.observed and order.observed.alias and order.observed.alias.serving:
            with order.journal.work(f"alias:{order.name}", "read", "", order.region):
                self._moves.arrive()
        self.tests.repeat(url)
        if order.observed and not is_proved(order.function, order.observed.latest):
            mark_tested(order, order.observed.latest, is_shared=True)
            if is_of_a_run(order):
                end_creation(order, order.observed.latest.arn)
        return replace(delivery, url=url, base_image_uri=self._base_uri())

    def _go(self, delivery: Delivery) -> Delivery:
        from engine.release.canary import try_out  # a run without changes needs neither
        from engine.release.clean import clean

        order = self._order
        alias, previous = order.observed.alias if order.observed else None, self._moves.home
        past = alias.description if alias and alias.is_settled else ""
        announce_test(order)
        staged = stage(order, record.of_version(order.settings.event, previous, past))
        version = self._version = staged.state
        speed = self.tests.prove(version)
        has_url, took = order.function.url is not None, order.journal.elapsed
        description = record.of_alias(self._before(version), speed, took, has_url=has_url)
        if order.function.has_alias:
            marked = record.under_test(order.journal.run, self._moves.home, description)
            try_out(order, self._moves, version.version, marked)
            self.expose(version.version, description)
        retag(order)
        url = self.reach()
        self.settle(description)
        mark_tested(order, version, is_shared=staged.is_shared)
        history = self.history(version.version)
        arn = version.arn.removesuffix(f":{version.version}")
        if order.observed is None or is_of_a_run(order):
            end_creation(order, arn)
        if order.function.has_alias and (staged.is_shared or self._moves.met):
            follow(order, version)
        clean(order)
        return replace(
            delivery,
            outcome="deployed",
            arn=arn,
            version=version.version,
            previous=previous,
            url=url,
            image_uri=version.code_location,
            base_image_uri=self._base_uri(),
            code_sha256=version.code_sha256,
            code_size=version.code_size,
            layer_arns=version.layers,
            code_size_before=delivery.code_size,
            image_size=order.artifacts.image_sizes.get(order.name, 0),
            layer_sizes=self._layer_sizes(),
            speed=speed,
            speed_before=delivery.speed,
            history=history,
        )

    def _before(self, version: FunctionState) -> str:
        """The version that users had before one; of one that they have already, as it was told."""
        observed, home = self._order.observed, self._moves.home
        if version.version != home:
            return home
        told = [observed.alias.description if observed and observed.alias else ""]
        earlier = map(record.previous_of, [*told, version.description])
        return next((number for number in earlier if number not in ("", home)), "")

    def _seen(self, error: DeployError) -> DeployError:
        """An error, or what has led to it: another run deleted the version, or the function."""
        version, name = self._version, self._order.name
        if version is None or isinstance(error, Overtaken):
            return error
        with contextlib.suppress(DeployError):
            if self._functions.read(name, version.version) is None:
                says = f"somebody else deleted version {version.version} of {name}, or all of it"
                return Overtaken(f"{says}, while this run was deploying")
        return error

    # ------------------------------------------------------------ the ways of every release

    def expose(self, version: str, description: str) -> None:
        """Move all traffic to a version; until ``settle`` the alias marks it as under test."""
        order = self._order
        if self._is_not_over():
            description = record.under_test(order.journal.run, self._moves.home, description)
        with order.working("alias") as detail:
            self._moves.to(version, description)
            if self._moves.home not in ("", version):
                self._moves.arrive()
            detail(f"{order.function.alias} -> version {version}")

    def _is_not_over(self) -> bool:
        """Whether anything can fail once the version is live."""
        order = self._order
        return order.wanted("tags") or self._moves.gives_url or self.tests.any_of_users()

    def reach(self) -> str:
        """Test the addresses at which the function is live; its URL, if it has one."""
        url = give_url(self._order, self._moves)
        self.tests.reach(url)
        return url

    def settle(self, description: str) -> None:
        """Mark the alias's version as tested: the last test has passed."""
        self._moves.confirm(description)

    def history(self, version: str) -> tuple[Past, ...]:
        """The versions that users had before one; nothing if they cannot be listed."""
        order = self._order
        if order.observed is None or not order.function.has_alias:
            return ()
        with contextlib.suppress(DeployError):  # users have the version: nothing may undo that
            return record.history(order.world.versions(order.region).every(order.name), version)
        return ()

    # ------------------------------------------------------------ what came of it

    def _layer_sizes(self) -> dict[str, int]:
        source = self._order.function.source
        names = source.layers if isinstance(source, ZipSource) else ()
        return {name: self._order.artifacts.layers[name].size for name in names}

    def _base_uri(self) -> str:
        source = self._order.function.source
        base = source.base if isinstance(source, ImageSource) else None
        return self._order.artifacts.bases.get(base, "") if base else ""

    def _back(self, delivery: Delivery, error: DeployError) -> Delivery:
        order = self._order
        error.hide(order.journal.hidden)
        came = Undone()
        if order.undo:
            cause = error.message.splitlines()[0]
            work = order.journal.work(f"undo:{order.name}", "undo", cause, order.region)
            came = order.undo.told(work)
        version, serves = served(order, self._moves, came)
        return replace(
            because(delivery, error),
            outcome="undone" if came.undone else "failed",
            is_overtaken=isinstance(error, Overtaken),
            version=delivery.version if serves == "unknown" else version,
            serves=serves,
            undone=came.undone,
            spared=came.spared,
            left=came.left,
        )
