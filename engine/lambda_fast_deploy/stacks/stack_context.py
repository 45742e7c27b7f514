"""The context of a stack in one region, and its current state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.cloudformation import BODY_LIMIT, Stacks
from lambda_fast_deploy.adapters.aws.stack_shapes import StackState
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, workers
from lambda_fast_deploy.config.samconfig import MANAGED
from lambda_fast_deploy.errors import Invalid, NotReady, Problem
from lambda_fast_deploy.models import (
    FunctionOutcome,
    ImageRequest,
    Outcome,
    Plan,
    Settings,
    Stack,
    Step,
)
from lambda_fast_deploy.packaging.upload import bucket_of, ensure_exists, exists
from lambda_fast_deploy.release.function_release import with_error
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.stacks import parameters
from lambda_fast_deploy.stacks.apply import check_state
from lambda_fast_deploy.stacks.code_builds import LocalArtifact
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.snapshots import SECRET, DriftedFunction, Snapshot, Snapshots
from lambda_fast_deploy.stacks.template import read_template
from lambda_fast_deploy.state import bucket_keys

OUTPUT = "SourceBucket"  # of the managed stack of the SAM CLI


@dataclass(frozen=True, slots=True)
class StackContext:
    """A stack in one region. ``parts`` and ``images`` are the artifacts of its template."""

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
    def snapshots(self) -> Snapshots:
        """The snapshots of the stack in the bucket."""
        return Snapshots(self.bucket, self.name)

    def invalid(self, problem: str) -> Invalid:
        """An error of the stack as a whole."""
        return Invalid([Problem(problem, self.stack.place)])

    def shown(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """The outputs of a stack, with secrets masked."""
        return {name: self.run_log.secrets.hide(value) for name, value in outputs.items()}

    def make_sure_of_bucket(self) -> None:
        """Check that the bucket for artifacts exists, or create it; a plan does not create it.

        Raises:
            NotReady: it does not exist, and the configuration does not let the run create it.
        """
        store = self.settings.artifacts
        assert store is not None
        check = exists if self.settings.plan_only else ensure_exists
        check(self.bucket, store, f"artifacts of stack {self.name}", self.region)

    def as_argument(self, text: str) -> dict[str, str]:
        """A template as the parameter of a call: its text, or its address if it is too large."""
        if len(text.encode()) <= BODY_LIMIT:
            return {"TemplateBody": text}
        key = bucket_keys.template_key(text)
        self.bucket.put(key, text.encode())
        return {"TemplateURL": self.bucket.address(key)}


@dataclass(frozen=True, slots=True)
class CurrentStack:
    """The current state of a stack: CloudFormation's, and its snapshot if the stack exists.

    ``drift`` are the functions that have drifted from it, by their logical ids.
    """

    state: StackState | None
    snapshot: Snapshot | None
    drift: Mapping[str, DriftedFunction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackResult:
    """The result for a stack in one region; ``packages`` as in ``Outcome``."""

    steps: tuple[Step, ...]
    delivery: FunctionOutcome
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def stack_contexts(
    settings: Settings, clients: Clients, run_log: RunLog
) -> Callable[[str], StackContext]:
    """A function that returns the context of the stack in a region.

    Raises:
        Invalid: the template or its configuration is not valid.
    """
    stack = settings.stack
    assert stack is not None
    with run_log.work("template", "read", f"{stack.template.name} and its files"):
        resources, parts, images = of_template(stack)
        _check_tests(stack, resources)
        notes = [note for each in resources.every for note in each.template.notes]
        for note in (*notes, *parameters.notes_of(resources.template, stack)):
            run_log.note(note)

    def context(region: str) -> StackContext:
        bucket = _bucket(settings, region, clients)
        values = (settings, stack, resources, parts, images, bucket, clients, run_log)
        return StackContext(region, *values)

    return context


def of_template(
    stack: Stack,
) -> tuple[Resources, tuple[LocalArtifact, ...], tuple[ImageRequest, ...]]:
    """The resources of a stack's template, and their artifacts: zips and images.

    Raises:
        Invalid: with every problem of the template.
    """
    resources = Resources(read_template(stack.template), stack.parameters)
    return resources, parts_of(resources), images_of(resources, stack)


def everywhere(
    settings: Settings,
    clients: Clients,
    run_log: RunLog,
    command: Callable[[StackContext], StackResult],
) -> Outcome:
    """Run a command in every region.

    Raises:
        Invalid: the template or its configuration is not valid.
        DeployError: the error of the first region, if all regions failed.
    """
    assert settings.stack
    name, context = settings.stack.name, stack_contexts(settings, clients, run_log)
    results, errors = attempts(lambda region: command(context(region)), settings.regions)
    if not results:
        raise next(iter(errors.values()))
    failures = [
        with_error(FunctionOutcome(region, name, "failed", is_stack=True), error)
        for region, error in errors.items()
    ]
    return Outcome(
        Plan(tuple(step for each in results.values() for step in each.steps)),
        (*(each.delivery for each in results.values()), *failures),
        packages={
            name: sizes for each in results.values() for name, sizes in each.packages.items()
        },
    )


def _bucket(settings: Settings, region: str, clients: Clients) -> Bucket:
    """The bucket for artifacts.

    Raises:
        NotReady: it is the managed one of the SAM CLI, which does not exist.
    """
    assert settings.artifacts is not None
    if settings.artifacts.bucket != MANAGED:
        return bucket_of(settings.artifacts, region, clients)
    state = clients.stacks(region).read(MANAGED)
    if state is None or OUTPUT not in state.outputs:
        raise NotReady(
            f"resolve_s3 needs the bucket of stack {MANAGED}, which does not exist in {region}",
            remedy="Name a bucket: artifacts: {bucket: NAME, create: true} in lambda-deploy.yml, "
            "or s3_bucket in samconfig.toml.",
        )
    return clients.bucket(region, state.outputs[OUTPUT], settings.artifacts.owner)


def _check_tests(stack: Stack, resources: Resources) -> None:
    functions, file = resources.functions, stack.template.name
    problems = [
        Problem(
            f"{file} has no function {name!r}{nearest(name, functions)}", stack.at("tests", name)
        )
        for name in stack.tests
        if name not in functions
    ]
    if problems:
        raise Invalid(problems)


def read_current(context: StackContext) -> CurrentStack:
    """The current state of the stack.

    Raises:
        NotReady: it accepts no update now.
    """
    with workers(3) as pool:
        template = pool.submit(context.stacks.template, context.name)
        drift = pool.submit(context.snapshots.drift)
        state, text = context.stacks.read(context.name), template.result()
    check_state(state, context.stacks)
    if state is None or not state.exists:
        return CurrentStack(state, None)
    snapshot = snapshot_of(state, text)
    if own := context.snapshots.get(snapshot.id):
        snapshot = replace(
            snapshot,
            previous=own.previous,
            digests=own.digests,
            back=own.back,
            going=own.going,
            etag=own.etag,
        )
    return CurrentStack(state, snapshot, drift.result())


def snapshot_of(state: StackState, template: str) -> Snapshot:
    """The snapshot of a stack."""
    shown = {name: value for name, value in state.parameters.items() if value != SECRET}
    return Snapshot(template, shown, state.capabilities, state.tags)


def is_at(context: StackContext, snapshot: Snapshot | None) -> bool:
    """Whether a stack is at rest and as in a snapshot; without one, whether it does not exist."""
    state = context.stacks.read(context.name)
    if state is None or not state.exists:
        return snapshot is None
    if snapshot is None or state.is_busy:
        return False
    return snapshot_of(state, context.stacks.template(context.name)).looks_like(snapshot)
