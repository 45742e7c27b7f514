"""Deploys a stack from the working tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.adapters.aws.bucket import checksum_of
from lambda_fast_deploy.adapters.aws.stack_shapes import Proposal
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import Action, Outcome, Settings, Step
from lambda_fast_deploy.packaging.upload import has_bytes
from lambda_fast_deploy.planning.runtime_check import runtime_note
from lambda_fast_deploy.release.credentials import check_stack
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.observe import observe
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.parameters import Parameters, parameters_of, unheeded_defaults
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
from lambda_fast_deploy.stacks.traffic_shifts import shifts_of
from lambda_fast_deploy.stacks.update import StackUpdate


def deploy_stack(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Deploy the stack of the settings in every region, or plan it if they say so.

    Raises:
        Invalid: the template cannot be built, or data would be lost that may-replace does not name.
        NotReady: the stack accepts no update now.
        DeployFailed: a build failed; the stack was not changed.
    """
    return everywhere(settings, clients, run_log, lambda context: _StackRelease(context).deploy())


class _StackRelease:
    """One stack in one region."""

    def __init__(self, context: StackContext) -> None:
        self._context = context
        self._images = StackImages(context)
        self._artifacts = StackArtifacts(context)
        self._current = CurrentStack(None, None)
        self._packages: Mapping[str, Mapping[str, int]] = {}

    def deploy(self) -> StackResult:
        """Build missing artifacts, and let CloudFormation apply the packaged template."""
        return replace(self._deploy(), packages=self._packages)

    def _deploy(self) -> StackResult:
        context, plan_only = self._context, self._context.settings.plan_only
        self._current, artifacts = observe(context, self._artifacts, self._images)
        text = self._deployed_text(artifacts)
        built = tuple(self._part_step(each, text) for each in artifacts)
        steps = (*built, *self._images.steps)
        parameters = parameters_of(context.resources.template, context.stack, self._current.state)
        if not plan_only:
            self._images.check()
        if self._current.snapshot is None or any(step.action is Action.BUILD for step in built):
            context.make_sure_of_bucket()
        if not plan_only:
            artifacts, self._packages = self._artifacts.build_all(artifacts, built)
        uris = self._images.expected() if plan_only else self._images.build()
        packaged = package(context.stack, context.resources, artifacts, context.bucket, uris)
        body = packaged.body
        desired = self._snapshot(body, parameters)
        update = StackUpdate(context, self._current)
        if self._is_up_to_date(body, desired, parameters):
            return update.without_change(steps)
        self._warn(body, parameters)
        if context.settings.only_reads or (plan_only and self._current.snapshot is None):
            nested = packaged.nested
            return preview(context, self._current, desired, parameters.hidden, nested, steps)
        if not plan_only:
            check_stack(context.clients.aws, context.run_log)
            self._artifacts.check_reused(artifacts, built)
        self._upload(packaged.nested)
        proposal = Proposal(
            desired.template,
            context.as_argument(desired.template),
            parameters.all,
            desired.capabilities,
            desired.tags,
            has_stacks(body),
            context.stack.role,
        )
        return update.to(desired, proposal, steps)

    def _deployed_text(self, artifacts: tuple[Artifact, ...]) -> str:
        """The text of the stack's template, and of its nested templates that are unchanged."""
        context, texts = (
            self._context,
            self._current.snapshot.template if self._current.snapshot else "",
        )
        if not texts or not context.resources.nested:
            return texts
        uris = self._images.expected()
        nested = package(context.stack, context.resources, artifacts, context.bucket, uris).nested
        for key, text in reversed(list(nested.items())):  # outer templates come after inner ones
            texts += text if key in texts else ""
        return texts

    def _part_step(self, artifact: Artifact, before: str) -> Step:
        part = artifact.part
        if artifact.key and artifact.key in before:
            action, reason = Action.REUSE, "the stack already has it"
        elif artifact.key:
            action, reason = Action.BUILD, "its files changed" if before else "it is new"
        else:
            action, reason = Action.BUILD, "its requirements or files are new"
        return Step(part.id, self._context.region, action, reason, artifact.fingerprint)

    def _upload(self, nested: Mapping[str, str]) -> None:
        """Upload the nested templates to the bucket."""
        bucket = self._context.bucket
        for key, text in nested.items():
            content = text.encode()
            if not has_bytes(bucket, key, checksum_of(content), self._context.run_log):
                bucket.upload(key, content)

    def _snapshot(self, body: dict[str, Any], parameters: Parameters) -> Snapshot:
        state, before = self._current.state, self._current.snapshot
        tags = {**(state.tags if state and before else {}), **self._context.stack.tags}
        return Snapshot(
            template=text_of(body),
            parameters=parameters.shown,
            capabilities=self._context.stack.capabilities,
            tags=tags,
            previous=before.tested_id if before else "",
        )

    def _warn(self, body: Mapping[str, Any], parameters: Parameters) -> None:
        """Note possible mistakes in the change."""
        context, before, now = self._context, self._current.snapshot, body["Resources"]
        body_before = plain(before.template) if before else {"Resources": {}}
        resources_before, declared = body_before["Resources"], body_before.get("Parameters") or {}
        template = context.resources.template
        for note in unheeded_defaults(template, declared, context.stack, parameters):
            context.run_log.note(note)
        changed = [f for f in context.resources.functions if resources_before.get(f) != now[f]]
        warn_of_untested(context, changed)
        for alias, shift in shifts_of(context.resources).items():
            if any(alias.startswith(f"{f}Alias") and f in resources_before for f in changed):
                context.run_log.note(f"{shift}; the deploy waits for it, and tests follow.")
        for name in context.resources.functions:
            runtime = context.resources.of_function(name, "Runtime")
            if isinstance(runtime, str):
                is_new = name not in resources_before
                for says in runtime_note(name, runtime, clock.now().date(), is_new=is_new):
                    context.run_log.note(says)
        for name in context.stack.may_replace:
            if name not in (
                names := {**resources_before, **now}
            ):  # not an error: the resource may be replaced by now
                place = context.stack.at("may-replace", name)
                problem = f"may-replace: there is no resource {name!r}{nearest(name, names)}"
                context.run_log.note(f"{place}: {problem}")

    def _is_up_to_date(
        self, body: Mapping[str, Any], desired: Snapshot, parameters: Parameters
    ) -> bool:
        """Whether the stack is up to date, as far as this is certain without a change set."""
        before = self._current.snapshot
        return (
            before is not None
            and parameters.are_known
            and before.tags == desired.tags
            and before.parameters == desired.parameters
            and plain(before.template) == body
        )
