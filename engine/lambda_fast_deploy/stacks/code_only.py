"""Code-only: updates the code of a stack's functions directly, for development.

This takes a second where CloudFormation takes a minute. The functions drift from the stack; the
run reports that, and stores it until the next deploy of the stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import (
    DeployError,
    unexpected,
)
from lambda_fast_deploy.models import (
    LATEST,
    Action,
    FunctionOutcome,
    FunctionState,
    Outcome,
    Settings,
    Step,
)
from lambda_fast_deploy.release.function_release import with_error
from lambda_fast_deploy.release.undo import Undo
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.stacks.artifact_properties import FUNCTIONS
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.code_update import StackCodeUpdate
from lambda_fast_deploy.stacks.drift import code_of
from lambda_fast_deploy.stacks.observe import observe
from lambda_fast_deploy.stacks.package import package
from lambda_fast_deploy.stacks.snapshots import DriftedFunction
from lambda_fast_deploy.stacks.stack_context import (
    CurrentStack,
    StackContext,
    StackResult,
    everywhere,
)
from lambda_fast_deploy.stacks.stack_images import StackImages
from lambda_fast_deploy.stacks.stack_tests import (
    StackTests,
    alias_of,
    test_steps,
    warn_of_untested,
)
from lambda_fast_deploy.stacks.template import is_function, plain

_CODE = ("CodeUri", "Code", "ImageUri")


def update_code(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Update only the functions of the stack whose code changed, in every region.

    Raises:
        Invalid: the stack does not exist, or its template cannot be built.
        NotReady: the stack accepts no update now.
        DeployFailed: a build failed; nothing was changed.
    """
    return everywhere(settings, clients, run_log, lambda context: _CodeOnlyUpdate(context).update())


@dataclass(frozen=True, slots=True)
class _PlannedCode:
    """The plan: the zips of functions, whose steps come first, and the ``changed`` functions.

    ``changed`` are the functions whose code differs from the working tree, by their logical ids.
    """

    zips: tuple[Artifact, ...]
    changed: Mapping[str, FunctionState]
    steps: tuple[Step, ...]


class _CodeOnlyUpdate:
    """The functions of one stack in one region."""

    def __init__(self, context: StackContext) -> None:
        self._context = context
        self._images = StackImages(context)
        self._artifacts = StackArtifacts(context)
        self._functions = context.clients.functions(context.region)
        self._versions = context.clients.versions(context.region)
        self._undo = Undo()
        self._sha256s: Mapping[str, str] = {}  # of built zips, by logical id

    def update(self) -> StackResult:
        """Build and update the changed functions; test them, and roll back if a test fails."""
        context = self._context
        current, every = observe(context, self._artifacts, self._images)
        if current.state is None or current.snapshot is None:
            raise context.invalid(
                f"stack {context.name} does not exist in {context.region}; code-only only updates "
                "existing functions, so deploy it once without code-only"
            )
        self._note_other_changes(current.snapshot.template, every)
        work = self._work(every)
        warn_of_untested(context, work.changed)
        delivery = FunctionOutcome(
            context.region,
            context.name,
            "planned",
            arn=current.state.id,
            version=current.snapshot.id,
            is_stack=True,
            outputs=context.shown(current.state.outputs),
            drifted=tuple(current.drift),
        )
        if not context.settings.plan_only:
            self._images.check()
        if any(step.action is Action.BUILD for step in work.steps[: len(work.zips)]):
            context.make_sure_of_bucket()
        if context.settings.plan_only:
            return StackResult(work.steps, delivery)
        code, packages = self._build(work)
        return StackResult(work.steps, self._release(current, work, code, delivery), packages)

    def _release(
        self,
        current: CurrentStack,
        work: _PlannedCode,
        code: Mapping[str, dict[str, str]],
        delivery: FunctionOutcome,
    ) -> FunctionOutcome:
        context, drift = self._context, self._drift(current, work.changed, code)
        assert current.state
        try:
            if work.changed:
                self._update_all(current, drift, work, code)
            StackTests(context).run(current.state, work.steps)
        except DeployError as error:
            return self._roll_back(delivery, error)
        except Exception as error:  # a bug must not leave an update half done either
            return self._roll_back(delivery, unexpected(error))
        if drift:
            context.run_log.note(
                f"Drift: the code of {', '.join(drift)} differs from stack {context.name}. "
                "Deploy without code-only to resolve the drift."
            )
        return replace(
            delivery,
            outcome="deployed" if work.changed else "unchanged",
            drifted=tuple(drift),
        )

    # ------------------------------------------------------------ the plan

    def _work(self, every: tuple[Artifact, ...]) -> _PlannedCode:
        context = self._context
        zips = tuple(each for each in every if each.part.logical in context.resources.functions)
        states = self._states({each.part.logical for each in zips})
        changed = {
            logical: state
            for logical, state in states.items()
            if self._differs(logical, state, zips)
        }
        own = tuple(self._step(each, states, changed) for each in zips)
        updates = tuple(
            Step(
                f"function:{logical}", context.region, Action.UPDATE, "directly, without the stack"
            )
            for logical in changed
        )
        steps = (
            *own,
            *self._images.steps,
            *updates,
            *test_steps(context, changed, "its code changes"),
        )
        return _PlannedCode(zips, changed, steps)

    def _states(self, zips: set[str]) -> dict[str, FunctionState]:
        """The existing functions of the stack whose code is built here, by their logical ids."""
        built = zips | {each.name for each in self._context.images}
        names = {
            each.logical: each.physical
            for each in self._context.stacks.resources(self._context.name)
            if each.logical in built
        }
        states = together(self._functions.read, names.values())
        return {name: state for name, state in zip(names, states, strict=True) if state}

    def _differs(self, logical: str, state: FunctionState, zips: tuple[Artifact, ...]) -> bool:
        """Whether the code of a function differs from the working tree."""
        for artifact in zips:
            if artifact.part.logical == logical:
                return artifact.sha256 != state.code_sha256
        return self._images.digests.get(logical) != state.image_digest

    def _step(
        self,
        artifact: Artifact,
        existing: Mapping[str, FunctionState],
        changed: Mapping[str, FunctionState],
    ) -> Step:
        if artifact.part.logical in changed:
            action, why = Action.BUILD, "the code of the function differs"
        elif artifact.part.logical in existing:
            action, why = Action.REUSE, "the function already has it"
        else:
            action, why = Action.SKIP, "the stack does not have this function yet"
        return Step(artifact.part.id, self._context.region, action, why, artifact.fingerprint)

    def _note_other_changes(self, template: str, artifacts: tuple[Artifact, ...]) -> None:
        """Note other differences than the code of functions, which need a deploy of the stack."""
        context, uris = self._context, self._images.expected()
        body = package(context.stack, context.resources, artifacts, context.bucket, uris).body
        body_before, body_now = _without_code(plain(template)), _without_code(body)
        if others := [
            name
            for name in {**body_now, **body_before}
            if body_before.get(name) != body_now.get(name)
        ]:
            names = ", ".join(others)
            context.run_log.note(f"code-only ignores changes other than code: {names}.")

    def _build(
        self, work: _PlannedCode
    ) -> tuple[dict[str, dict[str, str]], Mapping[str, Mapping[str, int]]]:
        """The code of every function, as parameters of an API call."""
        context, steps = self._context, work.steps[: len(work.zips)]
        artifacts, packages = self._artifacts.build_all(work.zips, steps)
        bucket = context.bucket.name
        code = {each.part.logical: {"S3Bucket": bucket, "S3Key": each.key} for each in artifacts}
        self._sha256s = {each.part.logical: each.sha256 for each in artifacts}
        images = {logical: {"ImageUri": uri} for logical, uri in self._images.build().items()}
        return {**code, **images}, packages

    def _drift(
        self,
        current: CurrentStack,
        changed: Mapping[str, FunctionState],
        code: Mapping[str, dict[str, str]],
    ) -> dict[str, DriftedFunction]:
        """The functions that have drifted from the stack, once all are updated."""
        assert current.snapshot
        resources = plain(current.snapshot.template)["Resources"]
        drift = dict(current.drift)
        for logical, state in changed.items():
            name, alias = Arn.parse(state.arn).name, alias_of(self._context, logical)
            if alias != LATEST and logical not in drift:
                live = self._versions.alias(name, alias)
                drift[logical] = DriftedFunction(name, alias, live.version if live else "")
            elif alias == LATEST and code[logical] == code_of(resources[logical]):
                drift.pop(logical, None)  # it has the code of the stack again
            elif logical not in drift:
                drift[logical] = DriftedFunction(name)
        return dict(sorted(drift.items()))

    # ------------------------------------------------------------ the change

    def _update_all(
        self,
        current: CurrentStack,
        drift: Mapping[str, DriftedFunction],
        work: _PlannedCode,
        code: Mapping[str, dict[str, str]],
    ) -> None:
        snapshots = self._context.snapshots
        self._undo.record("the record of its drift", lambda: snapshots.put_drift(current.drift))
        snapshots.put_drift(drift)
        steps = {step.subject: step for step in work.steps if step.kind == "function"}
        update = StackCodeUpdate(self._context, self._undo, self._sha256s).update
        together(lambda each: update(steps[each], work.changed[each], code[each]), steps)

    def _roll_back(self, delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
        context = self._context
        error.hide(context.run_log.secrets.hide)
        cause = error.message.splitlines()[0]
        report = self._undo.undo_in_log(
            context.run_log.rollback(context.name, cause, context.region)
        )
        return replace(
            with_error(delivery, error),
            outcome="rolled-back" if report.undone else "failed",
            rolled_back=report.undone,
            spared=report.spared,
            left=report.left,
        )


def _without_code(body: Mapping[str, Any]) -> dict[str, Any]:
    """The resources of a packaged template without the code of its functions."""
    resources: dict[str, Any] = {}
    for logical, each in body["Resources"].items():
        resources[logical] = each
        if not is_function(logical) and each["Type"] in FUNCTIONS and code_of(each):
            properties = each.get("Properties") or {}
            others = {key: value for key, value in properties.items() if key not in _CODE}
            resources[logical] = {**each, "Properties": others}
    return resources
