"""What is asked for in one region: a stack, and what is at hand for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from engine.adapters.aws.bucket import Bucket
from engine.adapters.aws.stack_shapes import StackState
from engine.adapters.aws.stacks import BODY_LIMIT, Stacks
from engine.adapters.parallel import attempts, workers
from engine.adapters.world import World
from engine.build.upload import PREFIX, bucket_of, make_sure_of
from engine.delivery import because
from engine.errors import BuildFailed, Invalid, NotReady, Problem
from engine.journal import Journal
from engine.model import Delivery, Function, Outcome, Plan, Settings, Stack, Step
from engine.settings.document import nearest
from engine.settings.samconfig import MANAGED
from engine.stack.apply import check_state
from engine.stack.dockerfiles import images_of
from engine.stack.keep import SECRET, Drifted, Keep, Kept
from engine.stack.parts import Part, parts_of
from engine.stack.resources import Resources
from engine.stack.template import read_template

OUTPUT = "SourceBucket"  # of the SAM CLI's own stack


@dataclass(frozen=True, slots=True)
class Order:
    """A stack in one region. ``parts`` and ``images`` are what is built of its template."""

    region: str
    settings: Settings
    stack: Stack
    resources: Resources
    parts: tuple[Part, ...]
    images: tuple[Function, ...]
    bucket: Bucket
    world: World
    journal: Journal

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.name

    @property
    def stacks(self) -> Stacks:
        """The stacks of the region."""
        return self.world.stacks(self.region)

    @property
    def keep(self) -> Keep:
        """What is kept of the stack."""
        return Keep(self.bucket, self.name)

    def invalid(self, says: str) -> Invalid:
        """An error about the stack as a whole."""
        return Invalid([Problem(says, self.stack.place)])

    def shown(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """What a stack tells, without secrets that it was given."""
        return {name: self.journal.hidden(value) for name, value in outputs.items()}

    def make_sure_of_bucket(self) -> None:
        """See to it that there is a bucket for what the stack is made of; a plan creates none.

        Raises:
            NotReady: there is none, and nobody has asked to create it.
        """
        store = self.settings.artifacts
        assert store is not None
        if self.settings.plan_only and store.create:
            return
        try:
            make_sure_of(self.bucket, store, f"what stack {self.name} is made of", self.region)
        except BuildFailed as error:  # nothing is built yet
            raise NotReady(error.message, remedy=error.remedy) from None

    def as_argument(self, text: str) -> dict[str, str]:
        """A template as a call takes it: itself, or where it is if it is too large for that."""
        if len(text.encode()) <= BODY_LIMIT:
            return {"TemplateBody": text}
        key = f"{PREFIX}{hashlib.sha256(text.encode()).hexdigest()}.template"
        self.bucket.put(key, text.encode())
        return {"TemplateURL": self.bucket.address(key)}


@dataclass(frozen=True, slots=True)
class There:
    """What a stack is: as CloudFormation tells it, and as it would be kept if it exists.

    ``drift`` are the functions that were updated past it, by their logical ids.
    """

    state: StackState | None
    kept: Kept | None
    drift: Mapping[str, Drifted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an order; ``packages`` as of an ``Outcome``."""

    steps: tuple[Step, ...]
    delivery: Delivery
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def orders(settings: Settings, world: World, journal: Journal) -> Callable[[str], Order]:
    """What is asked for, by region.

    Raises:
        Invalid: the template, or what is asked of it, cannot be.
    """
    stack = settings.stack
    assert stack is not None
    with journal.work("template", "read", f"{stack.template.name} and what it names"):
        resources, parts, images = of_template(stack)
        _check_tests(stack, resources)

    def order(region: str) -> Order:
        bucket = _bucket(settings, region, world)
        whole = (settings, stack, resources, parts, images, bucket, world, journal)
        return Order(region, *whole)

    return order


def of_template(stack: Stack) -> tuple[Resources, tuple[Part, ...], tuple[Function, ...]]:
    """The resources of a stack's template, and what is built of them: zips, and images.

    Raises:
        Invalid: with everything that cannot be read or built.
    """
    resources = Resources(read_template(stack.template), stack.parameters)
    return resources, parts_of(resources), images_of(resources, stack.name)


def everywhere(
    settings: Settings, world: World, journal: Journal, way: Callable[[Order], Came]
) -> Outcome:
    """Carry out an order in every region.

    Raises:
        Invalid: the template, or what is asked of it, cannot be.
        DeployError: what it came to in the first region, if no region is left.
    """
    assert settings.stack
    name, order = settings.stack.name, orders(settings, world, journal)
    done, failed = attempts(lambda region: way(order(region)), settings.regions)
    if not done:
        raise next(iter(failed.values()))
    lost = [
        because(Delivery(region, name, "failed", is_stack=True), error)
        for region, error in failed.items()
    ]
    came = list(done.values())
    return Outcome(
        Plan(tuple(step for each in came for step in each.steps)),
        (*(each.delivery for each in came), *lost),
        packages={name: sizes for each in came for name, sizes in each.packages.items()},
    )


def _bucket(settings: Settings, region: str, world: World) -> Bucket:
    """The bucket for what is built.

    Raises:
        NotReady: it is that of the SAM CLI, and there is none.
    """
    assert settings.artifacts is not None
    if settings.artifacts.bucket != MANAGED:
        return bucket_of(settings.artifacts, region, world)
    state = world.stacks(region).read(MANAGED)
    if state is None or OUTPUT not in state.outputs:
        raise NotReady(
            f"resolve_s3 asks for the bucket of stack {MANAGED}, which is not there in {region}",
            remedy="Name a bucket: artifacts: {bucket: NAME, create: true} in lambda-deploy.yml, "
            "or s3_bucket in samconfig.toml.",
        )
    return world.bucket(region, state.outputs[OUTPUT], settings.artifacts.owner)


def _check_tests(stack: Stack, resources: Resources) -> None:
    known, file = resources.functions, stack.template.name
    problems = [
        Problem(f"{file} has no function {name!r}{nearest(name, known)}", stack.at("tests", name))
        for name in stack.gates
        if name not in known
    ]
    if problems:
        raise Invalid(problems)


def look(order: Order) -> There:
    """What the stack is now.

    Raises:
        NotReady: it takes no change.
    """
    with workers(3) as pool:
        template = pool.submit(order.stacks.template, order.name)
        drift = pool.submit(order.keep.drift)
        state, text = order.stacks.read(order.name), template.result()
    check_state(state, order.stacks)
    if state is None or not state.exists:
        return There(state, None)
    kept = kept_of(state, text)
    if own := order.keep.get(kept.id):
        kept = replace(
            kept,
            previous=own.previous,
            digests=own.digests,
            back=own.back,
            going=own.going,
            etag=own.etag,
        )
    return There(state, kept, drift.result())


def kept_of(state: StackState, template: str) -> Kept:
    """What a stack is, as it would be kept."""
    shown = {name: value for name, value in state.parameters.items() if value != SECRET}
    return Kept(template, shown, state.capabilities, state.tags)


def is_at(order: Order, kept: Kept | None) -> bool:
    """Whether a stack is at rest and what is kept, or is not there if that is nothing."""
    state = order.stacks.read(order.name)
    if state is None or not state.exists:
        return kept is None
    if kept is None or state.is_busy:
        return False
    return kept_of(state, order.stacks.template(order.name)).looks_like(kept)
