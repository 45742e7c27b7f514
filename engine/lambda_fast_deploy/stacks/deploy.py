"""A stack on its way to what the working tree says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters.aws.bucket import checksum_of
from lambda_fast_deploy.adapters.aws.stack_shapes import Proposal
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import Action, Outcome, Settings, Step
from lambda_fast_deploy.packaging.upload import has_bytes
from lambda_fast_deploy.release.credentials import check_stack
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.observe import observe
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.parameters import Parameters, parameters_of
from lambda_fast_deploy.stacks.preview import preview
from lambda_fast_deploy.stacks.resources import has_stacks
from lambda_fast_deploy.stacks.snapshots import Snapshot
from lambda_fast_deploy.stacks.stack_context import (
    CurrentStack,
    StackContext,
    StackResult,
    everywhere,
)
from lambda_fast_deploy.stacks.stack_images import StackImages
from lambda_fast_deploy.stacks.stack_tests import warn_of_untested
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.stacks.update import StackUpdate


def deploy_stack(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Deploy the stack of the settings in every region, or only plan it when they say so.

    Raises:
        Invalid: the template cannot be built, or data would be lost that nobody has given up.
        NotReady: the stack takes no change now.
        DeployFailed: something could not be built; the stack was not touched.
    """
    return everywhere(settings, clients, run_log, lambda context: _StackRelease(context).deploy())


class _StackRelease:
    """One stack in one region."""

    def __init__(self, context: StackContext) -> None:
        self._context = context
        self._images = StackImages(context)
        self._artifacts = StackArtifacts(context)
        self._there = CurrentStack(None, None)
        self._packages: Mapping[str, Mapping[str, int]] = {}

    def deploy(self) -> StackResult:
        """Build what is missing, and let CloudFormation apply the packaged template."""
        return replace(self._deployed(), packages=self._packages)

    def _deployed(self) -> StackResult:
        context, plan_only = self._context, self._context.settings.plan_only
        self._there, found = observe(context, self._artifacts, self._images)
        has = self._texts(found)
        built = tuple(self._part_step(each, has) for each in found)
        steps = (*built, *self._images.steps)
        parameters = parameters_of(context.resources.template, context.stack, self._there.state)
        if not plan_only:
            self._images.check()
        if self._there.kept is None or any(step.action is Action.BUILD for step in built):
            context.make_sure_of_bucket()
        if not plan_only:
            found, self._packages = self._artifacts.make_all(found, built)
        uris = self._images.expected() if plan_only else self._images.build()
        packaged = package(context.stack, context.resources, found, context.bucket, uris)
        body = packaged.body
        wanted, move = self._wanted(body, parameters), StackUpdate(context, self._there)
        if self._is_so(body, wanted, parameters):
            return move.stay(steps)
        self._warn(body)
        if context.settings.only_reads or (plan_only and self._there.kept is None):
            nested = packaged.nested
            return preview(context, self._there, wanted, parameters.hidden, nested, steps)
        if not plan_only:
            check_stack(context.clients.aws, context.run_log)
            self._artifacts.make_sure(found, built)
        self._upload(packaged.nested)
        proposal = Proposal(
            wanted.template,
            context.as_argument(wanted.template),
            parameters.all,
            wanted.capabilities,
            wanted.tags,
            has_stacks(body),
            context.stack.role,
        )
        return move.to(wanted, proposal, steps)

    def _texts(self, found: tuple[Artifact, ...]) -> str:
        """What the stack has been given: its template, and those inside that are the same now."""
        context, texts = self._context, self._there.kept.template if self._there.kept else ""
        if not texts or not context.resources.nested:
            return texts
        uris = self._images.expected()
        nested = package(context.stack, context.resources, found, context.bucket, uris).nested
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
        return Step(part.id, self._context.region, action, reason, artifact.fingerprint)

    def _upload(self, nested: Mapping[str, str]) -> None:
        """Put the templates inside the template where CloudFormation finds them."""
        bucket = self._context.bucket
        for key, text in nested.items():
            content = text.encode()
            if not has_bytes(bucket, key, checksum_of(content), self._context.run_log):
                bucket.upload(key, content)

    def _wanted(self, body: dict[str, Any], parameters: Parameters) -> Snapshot:
        state, before = self._there.state, self._there.kept
        tags = {**(state.tags if state and before else {}), **self._context.stack.tags}
        return Snapshot(
            template=text_of(body),
            parameters=parameters.shown,
            capabilities=self._context.stack.capabilities,
            tags=tags,
            previous=before.proved if before else "",
        )

    def _warn(self, body: Mapping[str, Any]) -> None:
        """Note what may be a mistake in what changes."""
        context, before, now = self._context, self._there.kept, body["Resources"]
        was = plain(before.template)["Resources"] if before else {}
        warn_of_untested(context, [f for f in context.resources.functions if was.get(f) != now[f]])
        for name in context.stack.may_replace:
            if name not in (known := {**was, **now}):  # no error: what it gave up is gone by then
                place = context.stack.at("may-replace", name)
                says = f"may-replace: there is no resource {name!r}{nearest(name, known)}"
                context.run_log.note(f"{place}: {says}")

    def _is_so(self, body: Mapping[str, Any], wanted: Snapshot, parameters: Parameters) -> bool:
        """Whether the stack is like that already, as far as can be told without a change set."""
        before = self._there.kept
        return (
            before is not None
            and parameters.are_known
            and before.tags == wanted.tags
            and before.parameters == wanted.parameters
            and plain(before.template) == body
        )
