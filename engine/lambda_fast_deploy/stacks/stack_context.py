"""What is asked for in one region: a stack, and what is at hand for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.cloudformation import BODY_LIMIT, Stacks
from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, workers
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.errors import BuildFailed, Invalid, NotReady, Problem
from lambda_fast_deploy.models import (
    FunctionOutcome,
    ImageRequest,
    Outcome,
    Plan,
    Settings,
    Stack,
    Step,
)
from lambda_fast_deploy.packaging.upload import bucket_of, make_sure_of
from lambda_fast_deploy.release.function_release import with_error
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks.apply import check_state
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.local_artifacts import LocalArtifact, parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.snapshots import SECRET, DriftedFunction, Snapshot, Snapshots
from lambda_fast_deploy.stacks.template import read_template
from lambda_fast_deploy.state import bucket_keys

OUTPUT = "SourceBucket"  # of the SAM CLI's own stack


@dataclass(frozen=True, slots=True)
class StackContext:
    """A stack in one region. ``parts`` and ``images`` are what is built of its template."""

    region: str
    settings: Settings
    stack: Stack
    resources: Resources
    parts: tuple[LocalArtifact, ...]
    images: tuple[ImageRequest, ...]
    bucket: Bucket
    clients: Clients
    run_log: RunLog

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.name

    @property
    def stacks(self) -> Stacks:
        """The stacks of the region."""
        return self.clients.stacks(self.region)

    @property
    def keep(self) -> Snapshots:
        """What is kept of the stack."""
        return Snapshots(self.bucket, self.name)

    def invalid(self, says: str) -> Invalid:
        """An error about the stack as a whole."""
        return Invalid([Problem(says, self.stack.place)])

    def shown(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """What a stack tells, without secrets that it was given."""
        return {name: self.run_log.secrets.hide(value) for name, value in outputs.items()}

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
        key = bucket_keys.template_key(text)
        self.bucket.put(key, text.encode())
        return {"TemplateURL": self.bucket.address(key)}


@dataclass(frozen=True, slots=True)
class CurrentStack:
    """What a stack is: as CloudFormation tells it, and as it would be kept if it exists.

    ``drift`` are the functions that were updated past it, by their logical ids.
    """

    state: StackState | None
    kept: Snapshot | None
    drift: Mapping[str, DriftedFunction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackResult:
    """What came of an order; ``packages`` as of an ``Outcome``."""

    steps: tuple[Step, ...]
    delivery: FunctionOutcome
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def orders(settings: Settings, clients: Clients, run_log: RunLog) -> Callable[[str], StackContext]:
    """What is asked for, by region.

    Raises:
        Invalid: the template, or what is asked of it, cannot be.
    """
    stack = settings.stack
    assert stack is not None
    with run_log.work("template", "read", f"{stack.template.name} and what it names"):
        resources, parts, images = of_template(stack)
        _check_tests(stack, resources)

    def context(region: str) -> StackContext:
        bucket = _bucket(settings, region, clients)
        whole = (settings, stack, resources, parts, images, bucket, clients, run_log)
        return StackContext(region, *whole)

    return context


def of_template(
    stack: Stack,
) -> tuple[Resources, tuple[LocalArtifact, ...], tuple[ImageRequest, ...]]:
    """The resources of a stack's template, and what is built of them: zips, and images.

    Raises:
        Invalid: with everything that cannot be read or built.
    """
    resources = Resources(read_template(stack.template), stack.parameters)
    return resources, parts_of(resources), images_of(resources, stack.name)


def everywhere(
    settings: Settings,
    clients: Clients,
    run_log: RunLog,
    way: Callable[[StackContext], StackResult],
) -> Outcome:
    """Carry out an order in every region.

    Raises:
        Invalid: the template, or what is asked of it, cannot be.
        DeployError: what it came to in the first region, if no region is left.
    """
    assert settings.stack
    name, context = settings.stack.name, orders(settings, clients, run_log)
    done, failed = attempts(lambda region: way(context(region)), settings.regions)
    if not done:
        raise next(iter(failed.values()))
    lost = [
        with_error(FunctionOutcome(region, name, "failed", is_stack=True), error)
        for region, error in failed.items()
    ]
    came = list(done.values())
    return Outcome(
        Plan(tuple(step for each in came for step in each.steps)),
        (*(each.delivery for each in came), *lost),
        packages={name: sizes for each in came for name, sizes in each.packages.items()},
    )


def _bucket(settings: Settings, region: str, clients: Clients) -> Bucket:
    """The bucket for what is built.

    Raises:
        NotReady: it is that of the SAM CLI, and there is none.
    """
    assert settings.artifacts is not None
    if settings.artifacts.bucket != MANAGED:
        return bucket_of(settings.artifacts, region, clients)
    state = clients.stacks(region).read(MANAGED)
    if state is None or OUTPUT not in state.outputs:
        raise NotReady(
            f"resolve_s3 asks for the bucket of stack {MANAGED}, which is not there in {region}",
            remedy="Name a bucket: artifacts: {bucket: NAME, create: true} in lambda-deploy.yml, "
            "or s3_bucket in samconfig.toml.",
        )
    return clients.bucket(region, state.outputs[OUTPUT], settings.artifacts.owner)


def _check_tests(stack: Stack, resources: Resources) -> None:
    known, file = resources.functions, stack.template.name
    problems = [
        Problem(f"{file} has no function {name!r}{nearest(name, known)}", stack.at("tests", name))
        for name in stack.tests
        if name not in known
    ]
    if problems:
        raise Invalid(problems)


def look(context: StackContext) -> CurrentStack:
    """What the stack is now.

    Raises:
        NotReady: it takes no change.
    """
    with workers(3) as pool:
        template = pool.submit(context.stacks.template, context.name)
        drift = pool.submit(context.keep.drift)
        state, text = context.stacks.read(context.name), template.result()
    check_state(state, context.stacks)
    if state is None or not state.exists:
        return CurrentStack(state, None)
    kept = kept_of(state, text)
    if own := context.keep.get(kept.id):
        kept = replace(
            kept,
            previous=own.previous,
            digests=own.digests,
            back=own.back,
            going=own.going,
            etag=own.etag,
        )
    return CurrentStack(state, kept, drift.result())


def kept_of(state: StackState, template: str) -> Snapshot:
    """What a stack is, as it would be kept."""
    shown = {name: value for name, value in state.parameters.items() if value != SECRET}
    return Snapshot(template, shown, state.capabilities, state.tags)


def is_at(context: StackContext, kept: Snapshot | None) -> bool:
    """Whether a stack is at rest and what is kept, or is not there if that is nothing."""
    state = context.stacks.read(context.name)
    if state is None or not state.exists:
        return kept is None
    if kept is None or state.is_busy:
        return False
    return kept_of(state, context.stacks.template(context.name)).looks_like(kept)
