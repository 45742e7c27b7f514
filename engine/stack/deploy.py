"""A stack on its way to what the working tree says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.adapters.aws.bucket import checksum_of
from engine.adapters.aws.stack_shapes import Proposal
from engine.adapters.world import World
from engine.build.upload import has_bytes
from engine.journal import Journal
from engine.model import Action, Outcome, Settings, Step
from engine.release.credentials import check_stack
from engine.settings.document import nearest
from engine.stack.artifacts import Artifact, Artifacts
from engine.stack.images import StackImages
from engine.stack.keep import Kept
from engine.stack.move import Move
from engine.stack.observe import observe
from engine.stack.order import Came, Order, There, everywhere
from engine.stack.package import package, text_of
from engine.stack.parameters import Parameters, parameters_of
from engine.stack.preview import preview
from engine.stack.proof import warn_of_untested
from engine.stack.resources import has_stacks
from engine.stack.template import plain


def deploy_stack(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Deploy the stack of the settings in every region, or only plan it when they say so.

    Raises:
        Invalid: the template cannot be built, or data would be lost that nobody has given up.
        NotReady: the stack takes no change now.
        DeployFailed: something could not be built; the stack was not touched.
    """
    return everywhere(settings, world, journal, lambda order: _Release(order).deploy())


class _Release:
    """One stack in one region."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._images = StackImages(order)
        self._artifacts = Artifacts(order)
        self._there = There(None, None)
        self._packages: Mapping[str, Mapping[str, int]] = {}

    def deploy(self) -> Came:
        """Build what is missing, and let CloudFormation apply the packaged template."""
        return replace(self._deployed(), packages=self._packages)

    def _deployed(self) -> Came:
        order, plan_only = self._order, self._order.settings.plan_only
        self._there, found = observe(order, self._artifacts, self._images)
        has = self._texts(found)
        built = tuple(self._part_step(each, has) for each in found)
        steps = (*built, *self._images.steps)
        parameters = parameters_of(order.resources.template, order.stack, self._there.state)
        if not plan_only:
            self._images.check()
        if self._there.kept is None or any(step.action is Action.BUILD for step in built):
            order.make_sure_of_bucket()
        if not plan_only:
            found, self._packages = self._artifacts.make_all(found, built)
        uris = self._images.expected() if plan_only else self._images.build()
        packaged = package(order.stack, order.resources, found, order.bucket, uris)
        body = packaged.body
        wanted, move = self._wanted(body, parameters), Move(order, self._there)
        if self._is_so(body, wanted, parameters):
            return move.stay(steps)
        self._warn(body)
        if order.settings.only_reads or (plan_only and self._there.kept is None):
            nested = packaged.nested
            return preview(order, self._there, wanted, parameters.hidden, nested, steps)
        if not plan_only:
            check_stack(order.world.aws, order.journal)
            self._artifacts.make_sure(found, built)
        self._upload(packaged.nested)
        proposal = Proposal(
            wanted.template,
            order.as_argument(wanted.template),
            parameters.all,
            wanted.capabilities,
            wanted.tags,
            has_stacks(body),
            order.stack.role,
        )
        return move.to(wanted, proposal, steps)

    def _texts(self, found: tuple[Artifact, ...]) -> str:
        """What the stack has been given: its template, and those inside that are the same now."""
        order, texts = self._order, self._there.kept.template if self._there.kept else ""
        if not texts or not order.resources.nested:
            return texts
        uris = self._images.expected()
        nested = package(order.stack, order.resources, found, order.bucket, uris).nested
        for key, text in reversed(list(nested.items())):  # the outer ones come after the inner ones
            texts += text if key in texts else ""
        return texts

    def _part_step(self, artifact: Artifact, before: str) -> Step:
        part = artifact.part
        if artifact.key and artifact.key in before:
            action, reason = Action.REUSE, "the stack has it"
        elif artifact.key:
            action, reason = Action.BUILD, "its files changed" if before else "it is new"
        else:
            action, reason = Action.BUILD, "its requirements or files are new"
        return Step(part.id, self._order.region, action, reason, artifact.fingerprint)

    def _upload(self, nested: Mapping[str, str]) -> None:
        """Put the templates inside the template where CloudFormation finds them."""
        bucket = self._order.bucket
        for key, text in nested.items():
            content = text.encode()
            if not has_bytes(bucket, key, checksum_of(content), self._order.journal):
                bucket.upload(key, content)

    def _wanted(self, body: dict[str, Any], parameters: Parameters) -> Kept:
        state, before = self._there.state, self._there.kept
        tags = {**(state.tags if state and before else {}), **self._order.stack.tags}
        return Kept(
            template=text_of(body),
            parameters=parameters.shown,
            capabilities=self._order.stack.capabilities,
            tags=tags,
            previous=before.proved if before else "",
        )

    def _warn(self, body: Mapping[str, Any]) -> None:
        """Note what may be a mistake in what changes."""
        order, before, now = self._order, self._there.kept, body["Resources"]
        was = plain(before.template)["Resources"] if before else {}
        warn_of_untested(order, [f for f in order.resources.functions if was.get(f) != now[f]])
        for name in order.stack.may_replace:
            if name not in (known := {**was, **now}):  # no error: what it gave up is gone by then
                place = order.stack.at("may-replace", name)
                says = f"may-replace: there is no resource {name!r}{nearest(name, known)}"
                order.journal.note(f"{place}: {says}")

    def _is_so(self, body: Mapping[str, Any], wanted: Kept, parameters: Parameters) -> bool:
        """Whether the stack is like that already, as far as can be told without a change set."""
        before = self._there.kept
        return (
            before is not None
            and parameters.are_known
            and before.tags == wanted.tags
            and before.parameters == wanted.parameters
            and plain(before.template) == body
        )
