"""The run, from settings to deliveries; it reads like the way of the data."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from traceback import format_exc
from typing import Any

from engine.adapters.parallel import together
from engine.adapters.world import World
from engine.build.build import build
from engine.content.fingerprint import fingerprints
from engine.errors import DeployError
from engine.journal import Journal
from engine.model import (
    Action,
    Delivery,
    Event,
    HttpGate,
    ImageSource,
    ObservedFunction,
    ObservedRegion,
    Outcome,
    Plan,
    Settings,
)
from engine.plan.bases import base_fingerprints
from engine.plan.observe import observe
from engine.plan.plan import make_plan
from engine.release.alias import expose, give_url
from engine.release.order import Order
from engine.release.stage import stage
from engine.verify.address import Address, UrlAddress, VersionAddress
from engine.verify.gate import run_gate


def deploy(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Deploy what the settings ask for, or only plan it when they say so.

    Raises:
        Invalid, NotReady: nothing was touched.
        DeployFailed: something could not be built, in any region; no function was touched.
    """
    with journal.work("fingerprint", "read", "what the working tree holds"):
        prints = fingerprints(settings, base_fingerprints(settings, world, journal))
    with journal.work("observe", "read", "what AWS has now"):
        observed, failed = observe(settings, prints, world)
    settings, lost = _reached(settings, failed)
    plan = make_plan(settings, prints, observed)
    if settings.plan_only:
        return Outcome(plan, (*_unreleased(settings, observed), *lost))
    _warn_of_untested(settings, plan, journal)
    artifacts, failed = build(settings, plan, prints, observed, world, journal)
    settings, unbuilt = _reached(settings, failed)
    orders = [
        Order(
            region=region,
            function=function,
            plan=plan,
            artifacts=artifacts[region],
            observed=observed[region].functions.get(function.name),
            functions=world.functions(region),
            urls=world.urls(region),
            journal=journal,
        )
        for region, function in settings.targets
    ]
    deliveries = together(lambda o: _Release(o, settings.event, world).deliver(), orders)
    bases = [uri for region in settings.regions for uri in artifacts[region].bases.values() if uri]
    return Outcome(plan, (*deliveries, *lost, *unbuilt), tuple(bases))


def _reached(
    settings: Settings, failed: Mapping[str, DeployError]
) -> tuple[Settings, tuple[Delivery, ...]]:
    """The settings without the regions that failed, and how their functions came out.

    Raises:
        DeployError: no region is left.
    """
    regions = tuple(region for region in settings.regions if region not in failed)
    if not regions:
        raise next(iter(failed.values()))
    lost = (
        _because(Delivery(region, function.name, "failed", alias=function.alias), failed[region])
        for region, function in settings.targets
        if region in failed
    )
    return replace(settings, regions=regions), tuple(lost)


def _because(delivery: Delivery, error: DeployError) -> Delivery:
    says = "\n".join(filter(None, (error.message, error.detail)))
    return replace(delivery, error=says, remedy=error.remedy)


def _warn_of_untested(settings: Settings, plan: Plan, journal: Journal) -> None:
    for region, function in settings.targets:
        moves = plan.step(region, f"alias:{function.name}").action.changes
        if moves and not function.gates:
            journal.note(f"{function.name} names no test, so users meet its new version untested.")


def _unreleased(settings: Settings, observed: Mapping[str, ObservedRegion]) -> tuple[Delivery, ...]:
    return tuple(
        _found(
            Delivery(region, function.name, "planned", alias=function.alias),
            observed[region].functions.get(function.name),
        )
        for region, function in settings.targets
    )


def _found(delivery: Delivery, observed: ObservedFunction | None) -> Delivery:
    """A delivery with what AWS already serves."""
    if observed is None:
        return delivery
    state = observed.live or observed.latest
    return replace(
        delivery,
        arn=observed.latest.arn,
        version=state.version if observed.live else "",
        url=observed.url.address if observed.url else "",
        image_uri=state.code_location if state.package == "Image" else "",
        code_sha256=state.code_sha256,
        code_size=state.code_size,
        layer_arns=state.layers,
    )


class _Release:
    """One function in one region: staged, tested, exposed, tested again; undone if it fails."""

    def __init__(self, order: Order, event: Event, world: World) -> None:
        self._order = order
        self._event = event
        self._world = world

    def deliver(self) -> Delivery:
        """Release the function; an error is part of the delivery, not raised."""
        order = self._order
        delivery = _found(
            Delivery(order.region, order.name, "unchanged", alias=order.function.alias),
            order.observed,
        )
        try:
            return self._go(delivery) if order.wanted("alias") else self._stay(delivery)
        except DeployError as error:
            return self._back(delivery, error)
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, DeployError(f"unexpected {error!r}", detail=format_exc()))

    def _stay(self, delivery: Delivery) -> Delivery:
        url = give_url(self._order)
        qualifier = self._order.function.alias
        self._verify(self._public(url) or self._version(qualifier), "unchanged")
        return replace(delivery, url=url, base_image_uri=self._base_uri())

    def _go(self, delivery: Delivery) -> Delivery:
        order = self._order
        version = stage(order, self._label())
        self._verify(self._version(version.version), "before users meet it")
        previous = order.observed.alias.version if order.observed and order.observed.alias else ""
        expose(order, version)
        url = give_url(order)
        if address := self._public(url):
            self._verify(address, "where users meet it", only=HttpGate)
        return replace(
            delivery,
            outcome="deployed",
            arn=version.arn.removesuffix(f":{version.version}"),
            version=version.version,
            previous=previous,
            url=url,
            image_uri=version.code_location,
            base_image_uri=self._base_uri(),
            code_sha256=version.code_sha256,
            code_size=version.code_size,
            layer_arns=version.layers,
        )

    def _base_uri(self) -> str:
        source = self._order.function.source
        base = source.base if isinstance(source, ImageSource) else None
        return self._order.artifacts.bases.get(base, "") if base else ""

    def _label(self) -> str:
        commit = f"commit {self._event.commit[:12]} " if self._event.commit else ""
        return f"{commit}deployed {datetime.now(UTC).isoformat(timespec='milliseconds')}"

    def _public(self, url: str) -> Address | None:
        return UrlAddress(url) if url and self._order.function.url == "public" else None

    def _version(self, qualifier: str) -> Address:
        return VersionAddress(self._order.functions, self._order.name, qualifier)

    def _verify(self, address: Address, when: str, only: type[Any] = object) -> None:
        order = self._order
        for gate in order.function.gates:
            step = order.step(f"test:{gate.name}")
            if step.action is Action.TEST and isinstance(gate, only):
                with order.journal.work(step.id, step.action, when, order.region) as detail:
                    bucket = partial(self._world.bucket, order.region)
                    detail(run_gate(gate, address, bucket, partial(self._not_yet, step.id)))

    def _not_yet(self, step: str, reason: str) -> None:
        self._order.journal.check()
        self._order.journal.progress(step, f"not yet: {reason}", self._order.region)

    def _back(self, delivery: Delivery, error: DeployError) -> Delivery:
        order = self._order
        cause = error.message.splitlines()[0]
        with order.journal.work(f"undo:{order.name}", "undo", cause, order.region) as detail:
            undone, left = order.undo.undo()
            detail("; ".join(undone) or "nothing had been changed")
        with contextlib.suppress(DeployError):  # say what is so, not what was
            now = order.functions.alias(order.name, order.function.alias)
            delivery = replace(delivery, version=now.version if now else "")
        return replace(
            _because(delivery, error),
            outcome="undone" if undone else "failed",
            undone=undone,
            left=left,
        )
