"""The frozen values that the phases hand on. Sizes are bytes and times seconds throughout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from engine.errors import NotRestored, Place


class Architecture(StrEnum):
    """Instruction sets of Lambda (API: ``Architectures``)."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def platform(self) -> str:
        """Docker's name of it."""
        return "linux/amd64" if self is Architecture.X86_64 else "linux/arm64"


Compression = Literal["auto", "zstd", "gzip"]  # of an image's layers
Access = Literal["public", "iam"]  # who may call a function URL: everybody, or signed callers


# ---------------------------------------------------------------- settings


@dataclass(frozen=True, slots=True)
class Base:
    """A base image: the slow part of a container, shared by functions and rarely rebuilt.

    ``follow_upstream`` rebuilds it when an image that it starts from moves.
    """

    name: str
    dockerfile: Path
    context: Path
    repository: str
    tag: str
    architecture: Architecture
    build_args: Mapping[str, str]
    follow_upstream: bool = True


@dataclass(frozen=True, slots=True)
class Layer:
    """A dependency layer, made from a requirements file for one runtime."""

    name: str
    requirements: Path
    runtime: str
    architecture: Architecture
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A function packaged as a container image."""

    dockerfile: Path
    context: Path
    repository: str
    base: str | None
    build_args: Mapping[str, str]
    compression: Compression = "auto"


@dataclass(frozen=True, slots=True)
class ZipSource:
    """A function packaged as a zip of its own code, with its dependencies in layers."""

    code: Path
    handler: str
    runtime: str
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The part of a function's configuration that the user gave; ``None`` is left alone.

    ``memory`` is in MB and ``timeout`` in seconds, as the Lambda API has them.
    """

    memory: int | None = None
    timeout: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True)
class HttpGate:
    """The function answers an HTTP request."""

    name: str
    path: str
    status: int = 200
    json: Mapping[str, object] = field(default_factory=dict)
    within: float = 30.0


@dataclass(frozen=True, slots=True)
class InvokeGate:
    """The function answers an invocation."""

    name: str
    payload: object
    json: Mapping[str, object] = field(default_factory=dict)
    within: float = 30.0


@dataclass(frozen=True, slots=True)
class S3Gate:
    """What is written through the function's API is in the bucket, and the other way round."""

    name: str
    bucket: str
    path: str
    prefix: str
    place: Place
    within: float = 30.0


Gate = HttpGate | InvokeGate | S3Gate


@dataclass(frozen=True, slots=True)
class Function:
    """One function as the user wants it."""

    name: str
    source: ImageSource | ZipSource
    architecture: Architecture
    role: str | None
    alias: str
    configuration: Configuration
    url: Access | None
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Budgets:
    """Largest unzipped sizes, in bytes; ``None`` leaves only Lambda's own limits."""

    code: int | None = None
    layer: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What started the run. ``commit_message`` is untrusted text."""

    name: str = "local"
    commit: str = ""
    commit_message: str = ""
    flags: frozenset[str] = frozenset()

    def asks_for(self, flag: str) -> bool:
        """Whether the commit message carries ``[flag]``."""
        return flag in self.flags


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run was asked to do: validated, complete, unchangeable.

    ``plan_only`` says why the run must not deploy, if so. ``builder`` names a buildx builder; the
    current one is used otherwise.
    """

    root: Path
    regions: tuple[str, ...]
    bases: Mapping[str, Base]
    layers: Mapping[str, Layer]
    functions: tuple[Function, ...]
    budgets: Budgets
    event: Event
    plan_only: str = ""
    builder: str = ""

    @property
    def targets(self) -> tuple[tuple[str, Function], ...]:
        """Every function in every region."""
        return tuple((region, function) for region in self.regions for function in self.functions)


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image to build. ``what`` names it for people; ``references`` are its names with tags.

    With ``auto`` compression the builder does as it likes.
    """

    what: str
    references: tuple[str, ...]
    context: Path
    dockerfile: Path
    build_args: Mapping[str, str]
    platform: str
    no_cache: bool = False
    compression: Compression = "auto"


# ---------------------------------------------------------------- what is there


@dataclass(frozen=True, slots=True)
class Archive:
    """A deterministic zip. ``sha256`` is base64, as Lambda's ``CodeSha256``."""

    content: bytes = field(repr=False)
    sha256: str
    unzipped: int

    @property
    def size(self) -> int:
        """Bytes of the zip itself."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The content addresses of everything the settings name."""

    bases: Mapping[str, str]
    layers: Mapping[str, str]
    images: Mapping[str, str]
    archives: Mapping[str, Archive]


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A published layer version. ``size`` is the zip's, 0 when not known."""

    arn: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class FunctionState:
    """One version of a function as AWS has it (API: ``GetFunction``)."""

    arn: str
    version: str
    package: Literal["Zip", "Image"]
    code_sha256: str
    image_digest: str
    code_location: str
    code_size: int
    revision: str
    runtime: str
    handler: str
    role: str
    architecture: str
    description: str
    layers: tuple[str, ...]
    memory: int
    timeout: int
    environment: Mapping[str, str]
    state: str
    update_status: str


@dataclass(frozen=True, slots=True)
class AliasState:
    """An alias as AWS has it (API: ``GetAlias``)."""

    arn: str
    version: str
    description: str
    revision: str


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function URL as AWS has it (API: ``GetFunctionUrlConfig``)."""

    address: str
    access: Access


@dataclass(frozen=True, slots=True)
class ObservedFunction:
    """A function before the run: its ``$LATEST`` and what the alias serves."""

    latest: FunctionState
    alias: AliasState | None
    live: FunctionState | None
    url: FunctionUrl | None = None


@dataclass(frozen=True, slots=True)
class ObservedRegion:
    """What one region holds of the things that the settings name; absent things are left out.

    ``bases`` and ``images`` map names to image digests.
    """

    region: str
    bases: Mapping[str, str]
    layers: Mapping[str, LayerVersion]
    images: Mapping[str, str]
    functions: Mapping[str, ObservedFunction]


# ---------------------------------------------------------------- the plan


class Action(StrEnum):
    """What a step does. Only the mutating ones change AWS."""

    REUSE = "reuse"
    BUILD = "build"
    CREATE = "create"
    UPDATE = "update"
    PUBLISH = "publish"
    MOVE = "move"
    TEST = "test"
    SKIP = "skip"

    @property
    def changes(self) -> bool:
        """Whether the step builds something or changes AWS."""
        return self not in (Action.REUSE, Action.SKIP, Action.TEST)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the plan. ``id`` is ``kind:name``, unique within a region."""

    id: str
    region: str
    action: Action
    reason: str
    fingerprint: str = ""

    @property
    def kind(self) -> str:
        """What the step is about: base, image, layer, code, configuration, …"""
        return self.id.partition(":")[0]

    @property
    def subject(self) -> str:
        """The base, layer or function."""
        return self.id.split(":")[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, each with its reason."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        """Whether anything would be built or changed."""
        return any(step.action.changes for step in self.steps)

    def step(self, region: str, step_id: str) -> Step:
        """The step of that id in that region; ``KeyError`` when the plan has none."""
        for step in self.steps:
            if step.region == region and step.id == step_id:
                return step
        raise KeyError(f"{step_id} in {region}")

    def of(self, region: str, subject: str) -> tuple[Step, ...]:
        """The steps about one function, layer or base in a region."""
        return tuple(s for s in self.steps if s.region == region and s.subject == subject)


# ---------------------------------------------------------------- results


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What the build phase made or found in one region, by name.

    ``bases`` and ``images`` are image URIs by digest. ``in_gzip`` builds a function's image once
    more for a Lambda that refuses other layers, and answers with the URI of that.
    """

    bases: Mapping[str, str]
    images: Mapping[str, str]
    layers: Mapping[str, LayerVersion]
    archives: Mapping[str, Archive]
    in_gzip: Mapping[str, Callable[[], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one function in one region came out."""

    region: str
    function: str
    outcome: Literal["deployed", "unchanged", "planned", "undone", "failed"]
    arn: str = ""
    version: str = ""
    previous: str = ""
    alias: str = ""
    url: str = ""
    image_uri: str = ""
    base_image_uri: str = ""
    code_sha256: str = ""
    code_size: int = 0
    layer_arns: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""
    undone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: the plan, and how each function in each region came out."""

    plan: Plan
    deliveries: tuple[Delivery, ...]

    @property
    def exit_code(self) -> int:
        """0 done; 1 something failed and was undone; 4 something could not be put back."""
        if any(delivery.left for delivery in self.deliveries):
            return NotRestored.exit_code
        return int(any(delivery.outcome in ("undone", "failed") for delivery in self.deliveries))
