"""Code-only: what changed of a stack's functions is given to them directly, for development.

That takes a second where CloudFormation takes a minute. The stack does not know of it, which is
told, and kept until its next deployment.
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
from lambda_fast_deploy.stacks.artifacts import Artifact, StackArtifacts
from lambda_fast_deploy.stacks.code_update import StackCodeUpdate
from lambda_fast_deploy.stacks.drift import code_of
from lambda_fast_deploy.stacks.observe import observe
from lambda_fast_deploy.stacks.package import package
from lambda_fast_deploy.stacks.resources import FUNCTIONS
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
from lambda_fast_deploy.stacks.template import plain

_CODE = ("CodeUri", "Code", "ImageUri")


def update_code(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Update the functions whose code changed, and nothing else of the stack, in every region.

    Raises:
        Invalid: the stack does not exist, or its template cannot be built.
        NotReady: the stack takes no change now.
        DeployFailed: something could not be built; nothing was touched.
    """
    return everywhere(settings, clients, run_log, lambda context: _CodeOnlyUpdate(context).update())


@dataclass(frozen=True, slots=True)
class _PlannedCode:
    """What is to be done: the zips of functions, whose steps come first, and what ``changed``.

    The functions that have other code than the working tree are by their logical ids.
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
        self._sha256s: Mapping[str, str] = {}  # of zips that are made, by logical id

    def update(self) -> StackResult:
        """Build and update what changed; test it, and go back if that fails."""
        context = self._context
        there, every = observe(context, self._artifacts, self._images)
        if there.state is None or there.kept is None:
            raise context.invalid(
                f"stack {context.name} does not exist in {context.region}, and code-only updates "
                "functions that are there; deploy it once without"
            )
        self._tell_of_others(there.kept.template, every)
        work = self._work(every)
        warn_of_untested(context, work.changed)
        delivery = FunctionOutcome(
            context.region,
            context.name,
            "planned",
            arn=there.state.id,
            version=there.kept.id,
            is_stack=True,
            outputs=context.shown(there.state.outputs),
            drifted=tuple(there.drift),
        )
        if not context.settings.plan_only:
            self._images.check()
        if any(step.action is Action.BUILD for step in work.steps[: len(work.zips)]):
            context.make_sure_of_bucket()
        if context.settings.plan_only:
            return StackResult(work.steps, delivery)
        code, packages = self._built(work)
        return StackResult(work.steps, self._released(there, work, code, delivery), packages)

    def _released(
        self,
        there: CurrentStack,
        work: _PlannedCode,
        code: Mapping[str, dict[str, str]],
        delivery: FunctionOutcome,
    ) -> FunctionOutcome:
        context, drift = self._context, self._drift(there, work.changed, code)
        assert there.state
        try:
            if work.changed:
                self._update_all(there, drift, work, code)
            StackTests(context).run(there.state, work.steps)
        except DeployError as error:
            return self._back(delivery, error)
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, unexpected(error))
        if drift:
            context.run_log.note(
                f"Drift: the code of {', '.join(drift)} is not what stack {context.name} says. A "
                "deployment without code-only brings both in line."
            )
        return replace(
            delivery,
            outcome="deployed" if work.changed else "unchanged",
            drifted=tuple(drift),
        )

    # ------------------------------------------------------------ what is to be done

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
            Step(f"function:{logical}", context.region, Action.UPDATE, "past the stack")
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
        """The functions that are built here and that the stack has, by their logical ids."""
        built = zips | {each.name for each in self._context.images}
        names = {
            each.logical: each.physical
            for each in self._context.stacks.resources(self._context.name)
            if each.logical in built
        }
        states = together(self._functions.read, names.values())
        return {name: state for name, state in zip(names, states, strict=True) if state}

    def _differs(self, logical: str, state: FunctionState, zips: tuple[Artifact, ...]) -> bool:
        """Whether a function has other code than the working tree."""
        for artifact in zips:
            if artifact.part.logical == logical:
                return artifact.sha256 != state.code_sha256
        return self._images.digests.get(logical) != state.image_digest

    def _step(
        self,
        artifact: Artifact,
        there: Mapping[str, FunctionState],
        changed: Mapping[str, FunctionState],
    ) -> Step:
        if artifact.part.logical in changed:
            action, why = Action.BUILD, "the function has other code"
        elif artifact.part.logical in there:
            action, why = Action.REUSE, "the function has it"
        else:
            action, why = Action.SKIP, "the stack has no such function yet"
        return Step(artifact.part.id, self._context.region, action, why, artifact.fingerprint)

    def _tell_of_others(self, template: str, artifacts: tuple[Artifact, ...]) -> None:
        """Say what differs besides the code of functions, which only the stack can bring."""
        context, uris = self._context, self._images.expected()
        body = package(context.stack, context.resources, artifacts, context.bucket, uris).body
        was, now = _without_code(plain(template)), _without_code(body)
        if others := [name for name in {**now, **was} if was.get(name) != now.get(name)]:
            names = ", ".join(others)
            context.run_log.note(f"Code-only leaves alone what differs besides code: {names}.")

    def _built(
        self, work: _PlannedCode
    ) -> tuple[dict[str, dict[str, str]], Mapping[str, Mapping[str, int]]]:
        """The code of every function, as an API call takes it."""
        context, steps = self._context, work.steps[: len(work.zips)]
        made, packages = self._artifacts.make_all(work.zips, steps)
        bucket = context.bucket.name
        code = {each.part.logical: {"S3Bucket": bucket, "S3Key": each.key} for each in made}
        self._sha256s = {each.part.logical: each.sha256 for each in made}
        images = {logical: {"ImageUri": uri} for logical, uri in self._images.build().items()}
        return {**code, **images}, packages

    def _drift(
        self,
        there: CurrentStack,
        changed: Mapping[str, FunctionState],
        code: Mapping[str, dict[str, str]],
    ) -> dict[str, DriftedFunction]:
        """The functions that the stack does not know the code of, once all are updated."""
        assert there.kept
        resources = plain(there.kept.template)["Resources"]
        drift = dict(there.drift)
        for logical, state in changed.items():
            name, alias = Arn.parse(state.arn).name, alias_of(self._context, logical)
            if alias != LATEST and logical not in drift:
                leads = self._versions.alias(name, alias)
                drift[logical] = DriftedFunction(name, alias, leads.version if leads else "")
            elif alias == LATEST and code[logical] == code_of(resources[logical]):
                drift.pop(logical, None)  # it comes back to what the stack says
            elif logical not in drift:
                drift[logical] = DriftedFunction(name)
        return dict(sorted(drift.items()))

    # ------------------------------------------------------------ the change

    def _update_all(
        self,
        there: CurrentStack,
        drift: Mapping[str, DriftedFunction],
        work: _PlannedCode,
        code: Mapping[str, dict[str, str]],
    ) -> None:
        keep = self._context.keep
        self._undo.record("what is noted of its drift", lambda: keep.put_drift(there.drift))
        keep.put_drift(drift)
        steps = {step.subject: step for step in work.steps if step.kind == "function"}
        update = StackCodeUpdate(self._context, self._undo, self._sha256s).update
        together(lambda each: update(steps[each], work.changed[each], code[each]), steps)

    def _back(self, delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
        context = self._context
        error.hide(context.run_log.secrets.hide)
        cause = error.message.splitlines()[0]
        came = self._undo.undo_in_log(
            context.run_log.work(f"undo:{context.name}", "undo", cause, context.region)
        )
        return replace(
            with_error(delivery, error),
            outcome="undone" if came.undone else "failed",
            undone=came.undone,
            spared=came.spared,
            left=came.left,
        )


def _without_code(body: Mapping[str, Any]) -> dict[str, Any]:
    """The resources of a packaged template without the code of its functions."""
    found: dict[str, Any] = {}
    for logical, each in body["Resources"].items():
        found[logical] = each
        if each["Type"] in FUNCTIONS and code_of(each):
            properties = each.get("Properties") or {}
            kept = {key: value for key, value in properties.items() if key not in _CODE}
            found[logical] = {**each, "Properties": kept}
    return found
