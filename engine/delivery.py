"""The delivery of one function to its users, or back to where it was."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from traceback import format_exc
from typing import Any

from engine.adapters.world import World
from engine.errors import DeployError
from engine.model import (
    Action,
    Delivery,
    Event,
    HttpGate,
    ImageSource,
    ObservedFunction,
)
from engine.release.alias import expose, give_url
from engine.release.order import Order
from engine.release.stage import stage
from engine.verify.address import Address, UrlAddress, VersionAddress
from engine.verify.gate import run_gate


def because(delivery: Delivery, error: DeployError) -> Delivery:
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
        version=state.version if observed.live else "",
        url=observed.url.address if observed.url else "",
        image_uri=state.code_location if state.package == "Image" else "",
        code_sha256=state.code_sha256,
        code_size=state.code_size,
        layer_arns=state.layers,
    )


class Release:
    """One function in one region: staged, tested, exposed, tested again; undone if it fails."""

    def __init__(self, order: Order, event: Event, world: World) -> None:
        self._order = order
        self._event = event
        self._world = world

    def deliver(self) -> Delivery:
        """Release the function; an error is part of the delivery, not raised."""
        order = self._order
        delivery = found(
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
            because(delivery, error),
            outcome="undone" if undone else "failed",
            undone=undone,
            left=left,
        )
