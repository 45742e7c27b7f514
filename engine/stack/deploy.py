"""A stack on its way to what the working tree says, or back to what it was before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from traceback import format_exc
from typing import Any

from engine.adapters.aws.stacks import BODY_LIMIT, Change, ChangeSet, Proposal, StackState
from engine.adapters.parallel import attempts, together, workers
from engine.adapters.world import World
from engine.build.upload import PREFIX, bucket_of, make_sure_of
from engine.delivery import because
from engine.errors import DeployError, DeployFailed, Invalid, Problem
from engine.journal import Journal
from engine.model import Action, Delivery, Outcome, Plan, Settings, Stack, Step
from engine.stack.apply import Application, Applied, check_state
from engine.stack.artifacts import Artifact, Artifacts
from engine.stack.changes import check_data, first_steps, steps_of
from engine.stack.images import StackImages
from engine.stack.keep import SECRET, Keep, Kept
from engine.stack.package import package, text_of
from engine.stack.parameters import Parameters, parameters_of
from engine.stack.proof import Proof, test_steps
from engine.stack.resources import Part, Resources
from engine.stack.template import Template, plain, read_template


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of a stack in one region."""

    steps: tuple[Step, ...]
    delivery: Delivery
    packages: Mapping[str, Mapping[str, int]]


def deploy_stack(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Deploy the stack of the settings in every region, or only plan it when they say so.

    Raises:
        Invalid: the template cannot be built, or data would be lost that nobody has given up.
        NotReady: the stack takes no change now.
        DeployFailed: something could not be built; the stack was not touched.
    """
    return _everywhere(settings, world, journal, _Release.deploy)


def roll_back_stack(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Lead the stack back to what it was before its last deployment.

    Raises:
        Invalid: nothing is known of what it was.
    """
    return _everywhere(settings, world, journal, _Release.roll_back)


def _everywhere(
    settings: Settings, world: World, journal: Journal, way: Callable[[_Release], _Came]
) -> Outcome:
    stack = settings.stack
    assert stack is not None
    with journal.work("template", "read", f"{stack.template.name} and what it names"):
        template = read_template(stack.template)
        resources = Resources(template, stack.parameters)
        parts, images = resources.parts(), resources.images(stack.name)
        _check_tests(stack, resources)
    done, failed = attempts(
        lambda region: way(
            _Release(
                settings,
                stack,
                template,
                resources,
                parts,
                StackImages(settings, images, region, world, journal),
                region,
                world,
                journal,
            )
        ),
        settings.regions,
    )
    if not done:
        raise next(iter(failed.values()))
    lost = [
        because(Delivery(region, stack.name, "failed", is_stack=True), error)
        for region, error in failed.items()
    ]
    came = list(done.values())
    return Outcome(
        Plan(tuple(step for each in came for step in each.steps)),
        (*(each.delivery for each in came), *lost),
        packages={name: sizes for each in came for name, sizes in each.packages.items()},
    )


def _check_tests(stack: Stack, resources: Resources) -> None:
    problems = [
        Problem(f"{stack.template.name} has no function {logical!r}", stack.place)
        for logical in stack.gates
        if logical not in resources.functions
    ]
    if problems:
        raise Invalid(problems)


class _Release:
    """One stack in one region."""

    def __init__(
        self,
        settings: Settings,
        stack: Stack,
        template: Template,
        resources: Resources,
        parts: tuple[Part, ...],
        images: StackImages,
        region: str,
        world: World,
        journal: Journal,
    ) -> None:
        assert settings.artifacts is not None
        self._settings = settings
        self._stack = stack
        self._name = stack.name
        self._template = template
        self._resources = resources
        self._parts = parts
        self._images = images
        self._region = region
        self._journal = journal
        self._store = settings.artifacts
        self._stacks = world.stacks(region)
        self._world = world
        self._bucket = bucket_of(self._store, region, world)
        self._keep = Keep(self._bucket, stack.name)
        self._artifacts = Artifacts(self._bucket, settings.budgets, journal, region)
        self._application = Application(self._stacks, stack.name, region, journal)
        self._proof = Proof(settings, stack, resources, region, world, journal)
        self._state: StackState | None = None
        self._before: Kept | None = None
        self._packages: dict[str, Mapping[str, int]] = {}

    # ------------------------------------------------------------ the two ways

    def deploy(self) -> _Came:
        """Build what is missing, and let CloudFormation apply the packaged template."""
        found = self._observe()
        built = tuple(self._part_step(each) for each in found)
        steps = (*built, *self._images.steps)
        parameters = parameters_of(self._template, self._stack, self._state)
        if not self._settings.plan_only:
            if any(step.action is Action.BUILD for step in built):
                what = f"what stack {self._name} is made of"
                make_sure_of(self._bucket, self._store, what, self._region)
            found = self._built(found, built)
        uris = self._images.expected() if self._settings.plan_only else self._images.build()
        body = package(self._template, self._stack, self._resources, found, self._bucket.name, uris)
        wanted = self._wanted(body, parameters)
        if self._is_so(body, wanted, parameters):
            return self._unchanged(steps)
        if self._settings.plan_only and self._before is None:
            return self._planned((*steps, *first_steps(body, self._region)))
        proposal = Proposal(
            self._as_argument(wanted.template),
            parameters.all,
            wanted.capabilities,
            wanted.tags,
        )
        return self._move(wanted, proposal, steps)

    def roll_back(self) -> _Came:
        """Go back to what the stack was before."""
        self._observe_stack()
        before = self._before
        if before is None:
            raise self._no_way(f"stack {self._name} does not exist in {self._region}")
        own = self._keep.get(before.id)
        target = self._keep.get(own.previous) if own and own.previous else None
        if target is None:
            raise self._no_way(f"nothing is kept of what stack {self._name} was before")
        if lost := self._keep.lost(target):
            raise self._no_way(
                f"{', '.join(lost)} is not in bucket {self._bucket.name} any more, and with it the "
                f"way back of stack {self._name}"
            )
        return self._move(target, self._back_to(target), ())

    def _no_way(self, says: str) -> Invalid:
        return Invalid([Problem(says, self._stack.place)])

    # ------------------------------------------------------------ what is there

    def _observe(self) -> tuple[Artifact, ...]:
        with self._journal.work("observe", "read", "what AWS has now", self._region):
            looks: list[Callable[[], Any]] = [self._observe_stack, self._images.find]
            looks += [partial(self._artifacts.find, part) for part in self._parts]
            return tuple(together(lambda look: look(), looks)[2:])

    def _observe_stack(self) -> None:
        with workers(2) as pool:
            template = pool.submit(self._stacks.template, self._name)
            state, text = self._stacks.read(self._name), template.result()
        check_state(state, self._stacks)
        self._state = state
        if state and state.exists:
            self._before = _kept(state, text)

    def _part_step(self, artifact: Artifact) -> Step:
        part, before = artifact.part, self._before.template if self._before else ""
        if artifact.key and artifact.key in before:
            action, reason = Action.REUSE, "the stack has it"
        elif artifact.key:
            action, reason = Action.BUILD, "its files changed" if before else "it is new"
        else:
            action, reason = Action.BUILD, "its requirements or files are new"
        return Step(part.id, self._region, action, reason, artifact.fingerprint)

    def _built(self, found: tuple[Artifact, ...], steps: tuple[Step, ...]) -> tuple[Artifact, ...]:
        def ready(pair: tuple[Artifact, Step]) -> Artifact:
            artifact, step = pair
            if step.action is Action.REUSE:
                return artifact
            made, packages = self._artifacts.make(artifact, step.reason)
            if packages:
                self._packages[artifact.part.logical] = packages
            return made

        return tuple(together(ready, zip(found, steps, strict=True), most=4))

    # ------------------------------------------------------------ what it shall be

    def _wanted(self, body: dict[str, Any], parameters: Parameters) -> Kept:
        state = self._state
        tags = {**(state.tags if state and state.exists else {}), **self._stack.tags}
        return Kept(
            template=text_of(body),
            parameters=parameters.shown,
            capabilities=self._stack.capabilities,
            tags=tags,
            previous=self._before.id if self._before else "",
        )

    def _is_so(self, body: Mapping[str, Any], wanted: Kept, parameters: Parameters) -> bool:
        """Whether the stack is like that already, as far as can be told without a change set."""
        before = self._before
        return (
            before is not None
            and parameters.are_known
            and before.tags == wanted.tags
            and before.parameters == wanted.parameters
            and plain(before.template) == body
        )

    def _as_argument(self, text: str) -> dict[str, str]:
        """A template as a call takes it: itself, or where it is if it is too large for that."""
        if len(text.encode()) <= BODY_LIMIT:
            return {"TemplateBody": text}
        key = f"{PREFIX}stacks/{self._name}/template.json"
        self._bucket.put(key, text.encode())
        return {"TemplateURL": self._bucket.address(key)}

    def _back_to(self, kept: Kept) -> Proposal:
        has = self._state.parameters if self._state else {}
        asked = plain(kept.template).get("Parameters") or {}
        hidden = {key: None for key, value in has.items() if value == SECRET and key in asked}
        return Proposal(
            self._as_argument(kept.template),
            {**kept.parameters, **hidden},
            kept.capabilities or self._stack.capabilities,
            kept.tags,
        )

    # ------------------------------------------------------------ the change

    def _move(self, wanted: Kept, proposal: Proposal, steps: tuple[Step, ...]) -> _Came:
        step_id = f"stack:{self._name}"
        is_new = self._before is None
        with self._journal.work(step_id, "compare", "a change set", self._region) as detail:
            change_set = self._stacks.propose(self._name, proposal, is_new=is_new)
            detail(_counted(change_set.changes, "would change"))
        if not change_set.changes:
            return self._unchanged(steps)
        action = Action.CREATE if is_new else Action.UPDATE
        why = _counted(change_set.changes, "to change")
        every = (
            *steps,
            Step(step_id, self._region, action, why, wanted.id),
            *steps_of(change_set.changes, self._region),
            *test_steps(self._stack, self._settings, self._region, changed=True),
        )
        try:
            check_data(change_set.changes, self._stack, self._template)
            if self._settings.plan_only:
                self._discard(change_set, is_new=is_new)
                return self._planned(every)
            self._remember(wanted)
        except DeployError:
            self._discard(change_set, is_new=is_new)
            raise
        return self._carried_out(change_set, wanted, every, is_new=is_new)

    def _discard(self, change_set: ChangeSet, *, is_new: bool) -> None:
        self._stacks.discard(change_set)
        if is_new:  # the change set has made a stack that is nothing but a name
            self._stacks.delete(change_set.stack)

    def _remember(self, wanted: Kept) -> None:
        """Keep what the stack is and what it becomes, before anything changes."""
        before = self._before
        if before and self._keep.get(before.id) is None:
            self._keep.put(before)
        if before is None or wanted.id != before.id:
            self._keep.put(wanted)

    def _carried_out(
        self, change_set: ChangeSet, wanted: Kept, steps: tuple[Step, ...], *, is_new: bool
    ) -> _Came:
        delivery = Delivery(self._region, self._name, "failed", arn=change_set.stack, is_stack=True)
        step = next(each for each in steps if each.kind == "stack")
        try:
            with self._journal.work(step.id, step.action, step.reason, step.region) as detail:
                applied = self._application.carry_out(change_set, is_new=is_new)
                if not applied.is_done:
                    raise applied.error(self._name)
                detail("every resource is as it should be")
        except DeployError as error:
            return self._came(steps, self._by_itself(delivery, error))
        assert applied.state is not None
        self._state = applied.state
        try:
            self._journal.check()
            self._proof.prove(applied.state, changed=True)
        except DeployError as error:
            return self._came(steps, self._back(delivery, error, is_new=is_new))
        except Exception as error:  # a fault of ours must not leave users half-way either
            fault = DeployError(f"unexpected {error!r}", detail=format_exc())
            return self._came(steps, self._back(delivery, fault, is_new=is_new))
        delivery = replace(
            delivery,
            outcome="deployed",
            version=wanted.id,
            previous=self._before.id if self._before else "",
            outputs=applied.state.outputs,
        )
        return self._came(steps, delivery)

    def _by_itself(self, delivery: Delivery, error: DeployError) -> Delivery:
        """A stack that CloudFormation has put back, or could not."""
        error.hide(self._journal.hidden)
        delivery, name = because(delivery, error), f"stack {self._name}"
        try:
            return self._as_it_is(delivery, name)
        except DeployError as failure:
            return replace(
                delivery, left=(f"{name}: what it is now is not known, {failure.message}",)
            )

    def _as_it_is(self, delivery: Delivery, name: str) -> Delivery:
        state = self._stacks.read(delivery.arn)
        if state and not state.exists:
            self._stacks.delete(state.id)  # it is nothing but a name
        if self._before is None and not (state and state.exists):
            return replace(delivery, outcome="undone", undone=(f"{name} is deleted",))
        if state and not state.is_busy and self._is_as_before(state):
            return replace(delivery, outcome="undone", undone=(f"{name} is as it was",))
        status = state.status if state else "gone"
        return replace(delivery, left=(f"{name}: it is {status}",))

    def _is_as_before(self, state: StackState) -> bool:
        text = self._stacks.template(state.name)
        return bool(self._before and self._before.id == _kept(state, text).id)

    def _back(self, delivery: Delivery, error: DeployError, *, is_new: bool) -> Delivery:
        """A stack that CloudFormation has put through, and that did not pass its tests."""
        error.hide(self._journal.hidden)
        delivery, name = because(delivery, error), f"stack {self._name}"
        cause = error.message.splitlines()[0]
        try:
            with self._journal.work(f"undo:{self._name}", "undo", cause, self._region) as detail:
                applied = self._return(delivery.arn, is_new=is_new)
                gone = is_new and applied.state is None
                if not (gone or applied.is_done):
                    raise applied.error(self._name)
                said = f"{name} is deleted" if is_new else f"{name} is as it was"
                detail(said)
        except DeployError as failure:
            return replace(delivery, left=(f"{name}: {failure.message}",))
        return replace(delivery, outcome="undone", undone=(said,))

    def _return(self, stack_id: str, *, is_new: bool) -> Applied:
        if is_new or self._before is None:
            return self._application.delete(stack_id)
        change_set = self._stacks.propose(self._name, self._back_to(self._before), is_new=False)
        if not change_set.changes:
            raise DeployFailed("CloudFormation sees nothing to put back")
        return self._application.put_back(change_set)

    # ------------------------------------------------------------ what came of it

    def _unchanged(self, steps: tuple[Step, ...]) -> _Came:
        state = self._state
        assert state is not None
        why = "it is as the template says"
        every = (
            *steps,
            Step(f"stack:{self._name}", self._region, Action.SKIP, why),
            *test_steps(self._stack, self._settings, self._region, changed=False),
        )
        if self._settings.plan_only:
            return self._planned(every)
        delivery = Delivery(
            self._region,
            self._name,
            "unchanged",
            arn=state.id,
            version=self._before.id if self._before else "",
            is_stack=True,
            outputs=state.outputs,
        )
        try:
            self._proof.prove(state, changed=False)
        except DeployError as error:
            delivery = replace(because(delivery, error), outcome="failed")
        return self._came(every, delivery)

    def _planned(self, steps: tuple[Step, ...]) -> _Came:
        arn = self._state.id if self._state and self._before else ""
        return self._came(
            steps, Delivery(self._region, self._name, "planned", arn=arn, is_stack=True)
        )

    def _came(self, steps: tuple[Step, ...], delivery: Delivery) -> _Came:
        return _Came(steps, delivery, self._packages)


def _kept(state: StackState, template: str) -> Kept:
    """What a stack is, as it would be kept."""
    shown = {name: value for name, value in state.parameters.items() if value != SECRET}
    return Kept(template, shown, state.capabilities, state.tags)


def _counted(changes: Sequence[Change], verb: str) -> str:
    return f"{len(changes)} resource{'s' if len(changes) != 1 else ''} {verb}"
