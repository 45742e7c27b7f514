"""The run, from settings to deliveries; it reads like the way of the data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
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
    Artifacts,
    Delivery,
    Function,
    HttpGate,
    ImageSource,
    ObservedFunction,
    ObservedRegion,
    Outcome,
    Plan,
    Settings,
)
from engine.plan.observe import observe
from engine.plan.plan import make_plan
from engine.release.alias import expose, give_url
from engine.release.stage import stage
from engine.release.undo import Undo
from engine.verify.address import Address, UrlAddress, VersionAddress
from engine.verify.gate import run_gate


def deploy(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Deploy what the settings ask for, or only plan it when they say so.

    Raises:
        Invalid, NotReady: nothing was touched.
        DeployFailed: something could not be built; no function was touched.
    """
    with journal.work("fingerprint", "read", "what the working tree holds"):
        prints = fingerprints(settings)
    with journal.work("observe", "read", "what AWS has now"):
        observed = observe(settings, prints, world)
    plan = make_plan(settings, prints, observed)
    if settings.plan_only:
        return Outcome(plan, _unreleased(settings, observed))
    artifacts = build(settings, plan, prints, observed, world, journal)
    deliveries = together(
        lambda target: _Release(
            settings, plan, *target, artifacts[target[0]], observed[target[0]], world, journal
        ).deliver(),
        settings.targets,
    )
    return Outcome(plan, tuple(deliveries))


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
        url=observed.url,
        image_uri=state.code_location if state.package == "Image" else "",
        code_sha256=state.code_sha256,
        code_size=state.code_size,
        layer_arns=state.layers,
    )


class _Release:
    """One function in one region: staged, tested, exposed, tested again; undone if it fails."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        region: str,
        function: Function,
        artifacts: Artifacts,
        observed: ObservedRegion,
        world: World,
        journal: Journal,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._region = region
        self._function = function
        self._artifacts = artifacts
        self._observed = observed.functions.get(function.name)
        self._world = world
        self._journal = journal
        self._functions = world.functions(region)
        self._undo = Undo()

    def deliver(self) -> Delivery:
        """Release the function; an error is part of the delivery, not raised."""
        delivery = _found(
            Delivery(
                self._region,
                self._function.name,
                "unchanged",
                alias=self._function.alias,
                base_image_uri=self._base_uri(),
            ),
            self._observed,
        )
        try:
            if self._alias_step() is Action.SKIP:
                return self._stay(delivery)
            return self._go(delivery)
        except DeployError as error:
            return self._back(delivery, error)
        except KeyboardInterrupt:
            return self._back(delivery, DeployError("the run was cancelled"))
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, DeployError(f"unexpected {error!r}", detail=format_exc()))

    def _base_uri(self) -> str:
        source = self._function.source
        if isinstance(source, ImageSource) and source.base:
            return self._artifacts.bases.get(source.base, "")
        return ""

    def _alias_step(self) -> Action:
        return self._plan.step(self._region, f"alias:{self._function.name}").action

    def _stay(self, delivery: Delivery) -> Delivery:
        url = self._url()
        self._verify(UrlAddress(url) if url else self._version(self._function.alias), "unchanged")
        return replace(delivery, url=url)

    def _go(self, delivery: Delivery) -> Delivery:
        version = stage(
            self._function,
            self._region,
            self._plan,
            self._artifacts,
            self._observed,
            self._functions,
            self._journal,
            self._undo,
            self._label(),
        )
        self._verify(self._version(version.version), "before users meet it")
        previous = self._observed.alias.version if self._observed and self._observed.alias else ""
        expose(
            self._function,
            self._region,
            self._plan,
            version,
            self._observed,
            self._functions,
            self._journal,
            self._undo,
        )
        url = self._url()
        if url and self._function.url == "public":
            self._verify(UrlAddress(url), "where users meet it", only=HttpGate)
        is_image = isinstance(self._function.source, ImageSource)
        return replace(
            delivery,
            outcome="deployed",
            arn=version.arn.removesuffix(f":{version.version}"),
            version=version.version,
            previous=previous,
            url=url,
            image_uri=self._artifacts.images[self._function.name] if is_image else "",
            code_sha256=version.code_sha256,
            code_size=version.code_size,
            layer_arns=version.layers,
        )

    def _label(self) -> str:
        commit = self._settings.event.commit[:12]
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return f"{f'commit {commit} ' if commit else ''}deployed {made}"

    def _url(self) -> str:
        if not self._function.url:
            return ""
        return give_url(
            self._function, self._region, self._plan, self._functions, self._journal, self._undo
        )

    def _version(self, qualifier: str) -> Address:
        return VersionAddress(self._functions, self._function.name, qualifier)

    def _verify(self, address: Address, when: str, only: type[Any] = object) -> None:
        for gate in self._function.gates:
            step = self._plan.step(self._region, f"test:{self._function.name}:{gate.name}")
            if step.action is not Action.TEST or not isinstance(gate, only):
                continue
            with self._journal.work(step.id, step.action, when, self._region) as detail:
                detail(run_gate(gate, address, lambda n: self._world.bucket(self._region, n)))

    def _back(self, delivery: Delivery, error: DeployError) -> Delivery:
        with self._journal.work(
            f"undo:{self._function.name}", "undo", error.message.splitlines()[0], self._region
        ) as detail:
            undone, left = self._undo.undo()
            detail("; ".join(undone) or "nothing had been changed")
        return replace(
            delivery,
            outcome="undone" if undone else "failed",
            error="\n".join(filter(None, (error.message, error.detail))),
            remedy=error.remedy,
            undone=undone,
            left=left,
        )
