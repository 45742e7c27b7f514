"""What the user asked for: the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models.configuration import Configuration
from lambda_fast_deploy.models.enums import Access, Architecture
from lambda_fast_deploy.models.event import Event
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting
from lambda_fast_deploy.models.function_tests import Canary, FunctionTest
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.models.sources import Base, ImageSource, Layer, ZipSource

LATEST = "$LATEST"


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
    def runtime(self) -> Runtime | None:
        """The Lambda runtime of a zip; an image has none."""
        return self.source.runtime if isinstance(self.source, ZipSource) else None

    @property
    def handler(self) -> str | None:
        """The handler of a zip; an image has its own."""
        return self.source.handler if isinstance(self.source, ZipSource) else None

    @property
    def names_layers(self) -> bool:
        """Whether the user says which layers the function has."""
        return isinstance(self.source, ZipSource) and not self.source.keeps_layers

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
    def own_settings(self) -> tuple[FunctionSetting, ...]:
        """What the user gave that takes a call of its own to read."""
        own = (setting for setting in SETTINGS if not setting.is_of_function)
        return tuple(setting for setting in own if setting.is_given(self))

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
