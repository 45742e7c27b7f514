"""The settings: what the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models.configuration import Configuration
from lambda_fast_deploy.models.enums import Access, Architecture
from lambda_fast_deploy.models.event import Event
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting
from lambda_fast_deploy.models.function_tests import Canary, FunctionTest
from lambda_fast_deploy.models.function_url import Url
from lambda_fast_deploy.models.metric_alarms import Alarms
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.models.sources import (
    Base,
    ImageSource,
    Layer,
    PrebuiltImage,
    PublishedLayer,
    ZipSource,
)

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the configuration.

    ``keep`` is the number of versions to keep after a deploy; ``None`` keeps all. ``place`` is its
    place in the configuration.
    """

    name: str
    source: ImageSource | PrebuiltImage | ZipSource
    architecture: Architecture
    role: str | None
    alias: str
    configuration: Configuration
    url: Url | None
    tests: tuple[FunctionTest, ...]
    canary: Canary | None = None
    keep: int | None = None
    place: Place = field(default_factory=lambda: Place("functions"))

    @property
    def runtime(self) -> Runtime | None:
        """The Lambda runtime of a zip; ``None`` for an image."""
        return self.source.runtime if isinstance(self.source, ZipSource) else None

    @property
    def handler(self) -> str | None:
        """The handler of a zip; ``None`` for an image."""
        return self.source.handler if isinstance(self.source, ZipSource) else None

    @property
    def is_image(self) -> bool:
        """Whether it is packaged as a container image."""
        return not isinstance(self.source, ZipSource)

    @property
    def overrides(self) -> Mapping[str, Any] | None:
        """The configured overrides of its image; ``None`` without any."""
        return None if isinstance(self.source, ZipSource) else self.source.overrides or None

    @property
    def access(self) -> Access | None:
        """Who may call its function URL; ``None`` if the configuration asks for no URL."""
        return None if self.url is None or self.url.access == "none" else self.url.access

    @property
    def code_key(self) -> str | None:
        """The KMS key of a zip; ``None`` leaves it unchanged."""
        return self.source.key if isinstance(self.source, ZipSource) else None

    @property
    def names_layers(self) -> bool:
        """Whether the configuration lists the function's layers."""
        return isinstance(self.source, ZipSource) and not self.source.keeps_layers

    @property
    def has_alias(self) -> bool:
        """Whether the function is called by an alias, not as ``$LATEST``."""
        return self.alias != LATEST

    @property
    def proves_latest(self) -> bool:
        """Whether a tag marks the tested state of ``$LATEST``, for lack of an alias."""
        return not self.has_alias and bool(self.tests)

    @property
    def unconfigured(self) -> Function:
        """The function without configured attributes, so that its current ones stay."""
        return replace(self, configuration=Configuration())

    @property
    def needs_environment(self) -> bool:
        """Whether a deploy must read the function's environment."""
        return bool(self.configuration.environment)

    @property
    def own_settings(self) -> tuple[FunctionSetting, ...]:
        """The configured settings that a separate API call reads."""
        own = (setting for setting in SETTINGS if not setting.is_of_function)
        return tuple(setting for setting in own if setting.is_given(self))

    @property
    def needs_tags(self) -> bool:
        """Whether a deploy must read the function's tags."""
        return self.proves_latest or self.is_built or bool(self.configuration.tags)

    @property
    def is_built(self) -> bool:
        """Whether its code is a zip whose content only a build shows."""
        return isinstance(self.source, ZipSource) and self.source.is_built


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits of unzipped sizes in bytes; ``None`` for Lambda's limits.

    ``cold_start`` is the limit of the initialisation in seconds.
    """

    code: int | None = None
    layer: int | None = None
    total: int | None = None
    cold_start: float | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket for zips that are too large for an API call; ``{region}`` is a placeholder.

    ``owner`` is the account of the bucket, if it is not that of the credentials.
    """

    bucket: str
    create: bool = False
    owner: str = ""

    def name_in(self, region: str) -> str:
        """The name of the bucket for zips of a region."""
        return self.bucket.replace("{region}", region)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of a SAM or CloudFormation template.

    ``tests`` are those of each function, by its logical id. ``may_replace`` are the logical ids of
    resources with data that a deploy may replace or remove. ``log_retention`` is in days. ``role``
    is the ARN of the role that CloudFormation assumes; without one it uses the permissions of the
    run. ``places`` are the places of names in ``parameters``, ``tests`` and ``may-replace``. The
    template need not have the ``shared_parameters``: their file can be that of several templates.
    ``repositories`` of images are by the logical ids of functions; that of all others has no id.
    """

    template: Path
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    tests: Mapping[str, tuple[FunctionTest, ...]] = field(default_factory=dict)
    may_replace: tuple[str, ...] = ()
    alarms: Alarms = field(default_factory=Alarms)
    log_retention: int | None = None
    role: str = ""
    place: Place = field(default_factory=lambda: Place("stack"))
    places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    shared_parameters: frozenset[str] = frozenset()
    repositories: Mapping[str, str] = field(default_factory=dict)

    def at(self, section: str, name: str) -> Place:
        """The place of a name, or else that of the stack."""
        return self.places.get((section, name), self.place)


@dataclass(frozen=True, slots=True)
class Settings:
    """The validated settings of a run.

    ``plan_only`` is the reason why the run only plans; empty for a deploy. ``secrets`` are the
    texts to mask, and ``shown`` the public texts of the configuration and the event. ``builder`` is
    the name of a buildx builder; empty for the current one. ``code_only`` updates a stack's
    functions directly, without CloudFormation. With ``change_set``, a plan creates a change set.
    ``credentials_end`` is the expiry of the credentials, if the input is set. ``left_out`` are the
    names of the configuration's other functions, if the run is only for some. ``configuration``
    names the repository and the file of the configuration, as far as both are known. ``notes`` are
    for the reader of the report.
    """

    root: Path
    regions: tuple[str, ...]
    bases: Mapping[str, Base]
    layers: Mapping[str, PublishedLayer]
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
    left_out: tuple[str, ...] = ()
    configuration: str = ""
    notes: tuple[str, ...] = ()

    @property
    def only_reads(self) -> bool:
        """Whether the run makes no changes in AWS, not even temporary ones."""
        return bool(self.plan_only) and not self.change_set

    @property
    def targets(self) -> tuple[tuple[str, Function], ...]:
        """Every function in every region."""
        return tuple((region, function) for region in self.regions for function in self.functions)

    @property
    def has_images(self) -> bool:
        """Whether the settings have images to build: base images, or those of functions."""
        return bool(self.bases) or any(isinstance(f.source, ImageSource) for f in self.functions)

    @property
    def dependencies(self) -> tuple[Layer, ...]:
        """All packages to install: those of layers, and those in zips."""
        sources = (function.source for function in self.functions)
        in_zips = (each.packages for each in sources if isinstance(each, ZipSource))
        layers = (each for each in self.layers.values() if isinstance(each, Layer))
        return (*layers, *filter(None, in_zips))

    @property
    def has_layers_alone(self) -> bool:
        """Whether the configuration has no functions: then its layers are for those elsewhere."""
        return not (self.functions or self.left_out or self.stack)

    @property
    def has_prebuilt_images(self) -> bool:
        """Whether a function has an image that exists in ECR."""
        return any(isinstance(function.source, PrebuiltImage) for function in self.functions)

    @property
    def names_layers_by_arn(self) -> bool:
        """Whether a function names a layer by an ARN."""
        sources = (function.source for function in self.functions)
        return any(isinstance(each, ZipSource) and each.layers_by_arn for each in sources)

    @property
    def tests(self) -> tuple[FunctionTest, ...]:
        """Every test of a function, including those of the stack."""
        stack_tests = self.stack.tests.values() if self.stack else ()
        every = [*(function.tests for function in self.functions), *stack_tests]
        return tuple({test.name: test for tests in every for test in tests}.values())
