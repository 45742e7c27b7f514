"""What the user asked for: the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models.enums import Access, Architecture, Bytecode, Compression, Profile
from lambda_fast_deploy.models.event import Event
from lambda_fast_deploy.models.function_tests import Canary, FunctionTest

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class Base:
    """A base image: the slow part of a container, shared by functions and rarely rebuilt.

    ``follow_upstream`` rebuilds it when an image that it starts from, or copies from, moves.
    ``secrets`` are names
    of environment variables by the id that the Dockerfile mounts.
    """

    name: str
    dockerfile: Path
    context: Path
    repository: str
    tag: str
    architecture: Architecture
    build_args: Mapping[str, str]
    follow_upstream: bool
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PruningRules:
    """What is left out of layers.

    ``profile`` is a set of rules by name; ``remove`` and ``keep`` are patterns of paths, which go
    before it. ``services`` are the AWS services that botocore keeps, all if none is named.
    """

    profile: Profile
    remove: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """Dependencies that are resolved together and published as one layer, or as several.

    ``requirements`` is a file or a list. ``parts`` maps the name of each published layer to the
    distributions that it holds, with what they need; the one without any holds the rest.
    ``sources`` are the distributions that may be built from source. ``extras`` and ``groups`` are
    those of its project that are wanted besides what that always needs.
    """

    name: str
    requirements: Path | tuple[str, ...]
    runtime: str
    architecture: Architecture
    pruning: PruningRules
    bytecode: Bytecode
    budget: int | None = None
    split: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """Distributions by the name of the layer to publish, in order."""
        return {f"{self.name}-{part}": held for part, held in self.split.items()} or {self.name: ()}

    @property
    def is_node(self) -> bool:
        """Whether it is for Node.js, and not for Python."""
        return self.runtime.startswith("nodejs")

    @property
    def source(self) -> str:
        """The requirements, for people."""
        source = self.requirements
        return source.name if isinstance(source, Path) else "its requirements"


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A function packaged as a container image; ``follow_upstream``, ``secrets`` as of a base."""

    dockerfile: Path
    context: Path
    repository: str
    base: str | None
    build_args: Mapping[str, str]
    compression: Compression
    follow_upstream: bool
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZipSource:
    """A function packaged as a zip of its own code; ``layers`` are those that are published.

    ``keeps_layers`` leaves the function with those that it has, whatever they are.
    """

    code: Path
    handler: str
    runtime: str
    layers: tuple[str, ...]
    keeps_layers: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """The subnets and security groups of a VPC (API: ``VpcConfig``); none takes it out of one.

    ``ipv6`` is whether it may speak IPv6 where the subnets do. Nobody can ask for it here, and a
    function keeps what it has.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """The part of a function's configuration that the user gave; ``None`` is left alone.

    ``memory`` and ``storage`` (of /tmp) are in MB and ``timeout`` in seconds, as the Lambda API has
    them. ``logging`` has the keys of the API's ``LoggingConfig``; those that it lacks are left.
    """

    memory: int | None = None
    timeout: int | None = None
    storage: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    network: Network | None = None
    tracing: str | None = None
    logging: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the user wants it.

    ``keep`` is how many versions stay when a newer one is released; all, if it is ``None``.
    ``place`` is where it was written.
    """

    name: str
    source: ImageSource | ZipSource
    architecture: Architecture
    role: str | None
    alias: str
    configuration: Configuration
    url: Access | None
    tests: tuple[FunctionTest, ...]
    canary: Canary | None = None
    keep: int | None = None
    place: Place = field(default_factory=lambda: Place("functions"))

    @property
    def has_alias(self) -> bool:
        """Whether users call an alias, and not whatever was uploaded last."""
        return self.alias != LATEST

    @property
    def proves_latest(self) -> bool:
        """Whether a tag says what of ``$LATEST`` has passed the tests: there is no alias to."""
        return not self.has_alias and bool(self.tests)

    @property
    def unconfigured(self) -> Function:
        """The function with the configuration that it has, whatever that is."""
        return replace(self, configuration=Configuration())

    @property
    def needs_environment(self) -> bool:
        """Whether the function cannot be deployed without a look at its environment."""
        return bool(self.configuration.environment)

    @property
    def needs_tags(self) -> bool:
        """Whether the function cannot be deployed without a look at its tags."""
        return self.proves_latest or bool(self.configuration.tags)


@dataclass(frozen=True, slots=True)
class Budgets:
    """Largest unzipped sizes, in bytes; ``None`` leaves only Lambda's own limits.

    ``cold_start`` is the longest initialisation, in seconds.
    """

    code: int | None = None
    layer: int | None = None
    total: int | None = None
    cold_start: float | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket for zips that are too large for an API call; ``{region}`` in it is filled in.

    ``owner`` is the account that it belongs to, if it is not that of the run's credentials.
    """

    bucket: str
    create: bool = False
    owner: str = ""

    def name_in(self, region: str) -> str:
        """The name of the bucket for zips of a region."""
        return self.bucket.replace("{region}", region)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms for every function of a stack; ``None`` for none.

    ``errors`` and ``throttles`` are calls in five minutes, and ``duration`` a part of the
    function's timeout; whatever is above that goes off. ``notify`` is the ARN of an SNS topic.
    """

    errors: int | None = None
    throttles: int | None = None
    duration: float | None = None
    notify: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """Functions that live in a SAM or CloudFormation template, which CloudFormation applies.

    ``gates`` are the tests of functions, by logical id. ``may_replace`` are the logical ids of
    resources with data that may be replaced or removed. ``log_retention`` is in days. ``role`` is
    the ARN of the role that CloudFormation takes on, if it shall not act for whoever deploys.
    ``places`` are those of names in ``parameters``, ``tests`` and ``may-replace``.
    """

    template: Path
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, tuple[FunctionTest, ...]] = field(default_factory=dict)
    may_replace: tuple[str, ...] = ()
    alarms: Alarms = Alarms()
    log_retention: int | None = None
    role: str = ""
    place: Place = field(default_factory=lambda: Place("stack"))
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)

    def at(self, section: str, name: str) -> Place:
        """Where a name is written, or that of the stack."""
        return self.places.get((section, name), self.place)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run was asked to do: validated, complete, unchangeable.

    ``plan_only`` says why the run must not deploy, if so. ``secrets`` are texts that nobody may
    see, and ``shown`` those that all can read in the configuration or in the event. ``builder``
    names a buildx builder; the current one is used otherwise. ``code_only`` updates a stack's
    functions directly, past CloudFormation. With ``change_set`` a plan lets CloudFormation compare.
    ``credentials_end`` is when, if the run was told.
    """

    root: Path
    regions: tuple[str, ...]
    bases: Mapping[str, Base]
    layers: Mapping[str, Layer]
    functions: tuple[Function, ...]
    budgets: Budgets
    event: Event
    plan_only: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    shown: tuple[str, ...] = field(default=(), repr=False)
    builder: str = ""
    artifacts: Store | None = None
    stack: Stack | None = None
    code_only: bool = False
    change_set: bool = False
    credentials_end: datetime | None = None

    @property
    def only_reads(self) -> bool:
        """Whether the run changes nothing in AWS, not even for a moment."""
        return bool(self.plan_only) and not self.change_set

    @property
    def targets(self) -> tuple[tuple[str, Function], ...]:
        """Every function in every region."""
        return tuple((region, function) for region in self.regions for function in self.functions)

    @property
    def has_images(self) -> bool:
        """Whether a Dockerfile makes anything of it."""
        return bool(self.bases) or any(isinstance(f.source, ImageSource) for f in self.functions)

    @property
    def tests(self) -> tuple[FunctionTest, ...]:
        """Every test that something names, of functions and of the stack."""
        of_stack = self.stack.tests.values() if self.stack else ()
        every = [*(function.tests for function in self.functions), *of_stack]
        return tuple({test.name: test for tests in every for test in tests}.values())


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to build. ``what`` names it for people; ``references`` are its names with tags.

    ``text`` is its Dockerfile, with digests in place of tags where they are known; with ``pulls``
    some are not, and no copy on the machine will do. ``kinds`` is what each path of its context is
    that it can copy, in order. ``upstreams`` are the images that it starts from, or copies from.
    With ``auto`` compression the builder does as it likes. ``secrets`` are names of environment
    variables by their id.
    """

    what: str
    references: tuple[str, ...]
    context: Path
    dockerfile: Path
    build_args: Mapping[str, str]
    platform: str
    text: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    upstreams: tuple[str, ...] = ()
    pulls: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    compression: Compression = "auto"
