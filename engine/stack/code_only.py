"""Code-only: what changed of a stack's functions is given to them directly, for development.

That takes a second where CloudFormation takes a minute. The stack does not know of it, which is
told, and kept until its next deployment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.adapters.aws.states import under_way
from engine.adapters.parallel import together
from engine.adapters.world import World
from engine.build.upload import Uploads
from engine.delivery import because
from engine.errors import Conflict, DeployError, DeployFailed, Exchanged, unexpected
from engine.journal import Journal
from engine.model import (
    LATEST,
    Action,
    Delivery,
    FunctionState,
    Outcome,
    Settings,
    Step,
)
from engine.release.before import write_code
from engine.release.undo import Back, Undo
from engine.stack.artifacts import Artifact, Artifacts
from engine.stack.drift import PUBLISHED, code_of
from engine.stack.images import StackImages
from engine.stack.keep import Drifted
from engine.stack.observe import observe
from engine.stack.order import Came, Order, There, everywhere
from engine.stack.package import package
from engine.stack.proof import Proof, alias_of, test_steps, warn_of_untested
from engine.stack.resources import FUNCTIONS
from engine.stack.template import plain

_CODE = ("CodeUri", "Code", "ImageUri")


def update_code(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Update the functions whose code changed, and nothing else of the stack, in every region.

    Raises:
        Invalid: the stack does not exist, or its template cannot be built.
        NotReady: the stack takes no change now.
        DeployFailed: something could not be built; nothing was touched.
    """
    return everywhere(settings, world, journal, lambda order: _CodeOnly(order).update())


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done: the zips of functions, whose steps come first, and what ``changed``.

    The functions that have other code than the working tree are by their logical ids.
    """

    zips: tuple[Artifact, ...]
    changed: Mapping[str, FunctionState]
    steps: tuple[Step, ...]


class _CodeOnly:
    """The functions of one stack in one region."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._images = StackImages(order)
        self._artifacts = Artifacts(order)
        self._functions = order.world.functions(order.region)
        self._versions = order.world.versions(order.region)
        self._undo = Undo()
        self._sha256s: Mapping[str, str] = {}  # of zips that are made, by logical id

    def update(self) -> Came:
        """Build and update what changed; test it, and go back if that fails."""
        order = self._order
        there, every = observe(order, self._artifacts, self._images)
        if there.state is None or there.kept is None:
            raise order.invalid(
                f"stack {order.name} does not exist in {order.region}, and code-only updates "
                "functions that are there; deploy it once without"
            )
        self._tell_of_others(there.kept.template, every)
        work = self._work(every)
        warn_of_untested(order, work.changed)
        delivery = Delivery(
            order.region,
            order.name,
            "planned",
            arn=there.state.id,
            version=there.kept.id,
            is_stack=True,
            outputs=order.shown(there.state.outputs),
            drifted=tuple(there.drift),
        )
        if not order.settings.plan_only:
            self._images.check()
        if any(step.action is Action.BUILD for step in work.steps[: len(work.zips)]):
            order.make_sure_of_bucket()
        if order.settings.plan_only:
            return Came(work.steps, delivery)
        code, packages = self._built(work)
        return Came(work.steps, self._released(there, work, code, delivery), packages)

    def _released(
        self, there: There, work: _Work, code: Mapping[str, dict[str, str]], delivery: Delivery
    ) -> Delivery:
        order, drift = self._order, self._drift(there, work.changed, code)
        assert there.state
        try:
            if work.changed:
                self._update_all(there, drift, work, code)
            Proof(order).prove(there.state, work.steps)
        except DeployError as error:
            return self._back(delivery, error)
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, unexpected(error))
        if drift:
            order.journal.note(
                f"Drift: the code of {', '.join(drift)} is not what stack {order.name} says. A "
                "deployment without code-only brings both in line."
            )
        return replace(
            delivery,
            outcome="deployed" if work.changed else "unchanged",
            drifted=tuple(drift),
        )

    # ------------------------------------------------------------ what is to be done

    def _work(self, every: tuple[Artifact, ...]) -> _Work:
        order = self._order
        zips = tuple(each for each in every if each.part.logical in order.resources.functions)
        states = self._states({each.part.logical for each in zips})
        changed = {
            logical: state
            for logical, state in states.items()
            if self._differs(logical, state, zips)
        }
        own = tuple(self._step(each, states, changed) for each in zips)
        updates = tuple(
            Step(f"function:{logical}", order.region, Action.UPDATE, "past the stack")
            for logical in changed
        )
        steps = (
            *own,
            *self._images.steps,
            *updates,
            *test_steps(order, changed, "its code changes"),
        )
        return _Work(zips, changed, steps)

    def _states(self, zips: set[str]) -> dict[str, FunctionState]:
        """The functions that are built here and that the stack has, by their logical ids."""
        built = zips | {each.name for each in self._order.images}
        names = {
            each.logical: each.physical
            for each in self._order.stacks.resources(self._order.name)
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
        return Step(artifact.part.id, self._order.region, action, why, artifact.fingerprint)

    def _tell_of_others(self, template: str, artifacts: tuple[Artifact, ...]) -> None:
        """Say what differs besides the code of functions, which only the stack can bring."""
        order, uris = self._order, self._images.expected()
        body = package(order.stack, order.resources, artifacts, order.bucket, uris).body
        was, now = _without_code(plain(template)), _without_code(body)
        if others := [name for name in {**now, **was} if was.get(name) != now.get(name)]:
            names = ", ".join(others)
            order.journal.note(f"Code-only leaves alone what differs besides code: {names}.")

    def _built(
        self, work: _Work
    ) -> tuple[dict[str, dict[str, str]], Mapping[str, Mapping[str, int]]]:
        """The code of every function, as an API call takes it."""
        order, steps = self._order, work.steps[: len(work.zips)]
        made, packages = self._artifacts.make_all(work.zips, steps)
        bucket = order.bucket.name
        code = {each.part.logical: {"S3Bucket": bucket, "S3Key": each.key} for each in made}
        self._sha256s = {each.part.logical: each.sha256 for each in made}
        images = {logical: {"ImageUri": uri} for logical, uri in self._images.build().items()}
        return {**code, **images}, packages

    def _drift(
        self,
        there: There,
        changed: Mapping[str, FunctionState],
        code: Mapping[str, dict[str, str]],
    ) -> dict[str, Drifted]:
        """The functions that the stack does not know the code of, once all are updated."""
        assert there.kept
        resources = plain(there.kept.template)["Resources"]
        drift = dict(there.drift)
        for logical, state in changed.items():
            name, alias = state.arn.rpartition(":")[2], alias_of(self._order, logical)
            if alias != LATEST and logical not in drift:
                leads = self._versions.alias(name, alias)
                drift[logical] = Drifted(name, alias, leads.version if leads else "")
            elif alias == LATEST and code[logical] == code_of(resources[logical]):
                drift.pop(logical, None)  # it comes back to what the stack says
            elif logical not in drift:
                drift[logical] = Drifted(name)
        return dict(sorted(drift.items()))

    # ------------------------------------------------------------ the change

    def _update_all(
        self,
        there: There,
        drift: Mapping[str, Drifted],
        work: _Work,
        code: Mapping[str, dict[str, str]],
    ) -> None:
        keep = self._order.keep
        self._undo.record("what is noted of its drift", lambda: keep.put_drift(there.drift))
        keep.put_drift(drift)
        steps = {step.subject: step for step in work.steps if step.kind == "function"}
        together(lambda each: self._update(steps[each], work.changed[each], code[each]), steps)

    def _update(self, step: Step, before: FunctionState, code: Mapping[str, str]) -> None:
        name = before.arn.rpartition(":")[2]
        with self._order.journal.step(step) as detail:
            before = self._settled(name, before)
            sha256 = self._sha256s.get(step.subject, "")
            ours = {sha256}
            self._undo.record(f"code of {step.subject}", lambda: self._restore(name, before, ours))
            try:
                self._functions.update_code(
                    name, code, before.architecture, before.code_key, before.revision, sha256
                )
            except Exchanged as error:
                ours.add(error.sha256)
                raise
            self._order.journal.check()  # a run that is cancelled has not waited for Lambda
            alias = alias_of(self._order, step.subject)
            if alias == LATEST:
                detail("it has the new code")
                return
            detail(f"{alias} leads to version {self._publish(step.subject, name, alias)}")

    def _settled(self, name: str, before: FunctionState) -> FunctionState:
        """The function after a change that was under way when this run looked at it."""
        if not under_way(before):
            return before
        now = self._functions.at_rest(name)
        if now.code_sha256 != before.code_sha256:
            raise Conflict(
                f"{name} was being updated when this run began, and has other code now",
                remedy="Run again to deploy on top of it.",
            )
        return now

    def _restore(self, name: str, before: FunctionState, ours: Collection[str]) -> Back | None:
        """Put the code back if its CodeSha256 still is one of ``ours``; an image's is not known."""
        now = self._functions.read(name)
        is_back = now and now.code_sha256 == before.code_sha256
        if now is None or (is_back and now.update_status != "InProgress"):
            return Back.NEEDLESS
        if "" not in ours and now.code_sha256 not in (*ours, before.code_sha256):
            return Back.THEIRS
        uploads = Uploads(self._order, self._order.bucket)
        write_code(self._functions, uploads, name, before, now.revision)
        return None

    def _publish(self, logical: str, name: str, alias: str) -> str:
        """Let users who call an alias have the code; the version's number."""
        state, now = self._functions.read(name), self._versions.alias(name, alias)
        if state is None or now is None:
            raise DeployFailed(f"{name} or its alias {alias} is gone, which is {logical}")

        def back() -> Back | None:
            there = self._versions.alias(name, alias)
            if there is None or there.version == now.version:
                return Back.NEEDLESS
            if there.version != version:
                return Back.THEIRS
            self._versions.move_alias(name, alias, now.version, now.description, there.revision)
            return None

        version = self._versions.publish(name, state.code_sha256, PUBLISHED).version
        self._functions.settled(name, version, is_new=True)
        self._order.journal.check()
        self._undo.record(f"alias {alias} of {logical}", back, first=True)
        moved = self._versions.move_alias(name, alias, version, now.description, now.revision)
        self._versions.arrived(name, moved)
        self._order.journal.check()
        return version

    def _back(self, delivery: Delivery, error: DeployError) -> Delivery:
        order = self._order
        error.hide(order.journal.hidden)
        cause = error.message.splitlines()[0]
        came = self._undo.told(
            order.journal.work(f"undo:{order.name}", "undo", cause, order.region)
        )
        return replace(
            because(delivery, error),
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
