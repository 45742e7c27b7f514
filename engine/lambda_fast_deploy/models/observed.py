"""What is there: in the working tree, and in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.models.configuration import ObservedAttributes
from lambda_fast_deploy.models.enums import Access
from lambda_fast_deploy.state import marks


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
    """The content addresses of everything the settings name.

    ``recipes`` are those of what the working tree holds of each image, by its step: ``base:NAME``
    and ``image:NAME``. ``digests`` are those of the images that these start from, or copy from, as
    far as they are known, and ``""`` where a registry gives no answer. ``foreign`` is what ONBUILD
    of these lets a build do, by its step.
    """

    bases: Mapping[str, str]
    layers: Mapping[str, str]
    images: Mapping[str, str]
    archives: Mapping[str, Archive]
    recipes: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A published layer version. ``size`` is what it takes unzipped, 0 when not known.

    ``fingerprint`` stands for the requirements that it was made of, and ``contents`` for what each
    part of those came to hold, of which ``content`` is its own.
    """

    arn: str
    size: int = 0
    fingerprint: str = ""
    content: str = ""
    contents: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The version's number."""
        return Arn.parse(self.arn).qualifier


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState(ObservedAttributes):
    """One version of a function as AWS has it (API: ``GetFunction``).

    ``code_key`` and ``environment_key`` are the ARNs of the KMS keys that the zip and the
    environment are encrypted with, if they are a customer's. ``environment_error`` is why AWS does
    not tell the environment, which is empty then. ``reason`` and ``reason_code`` are those of its
    state, or of an update that has failed.
    ``overrides`` are what goes before an image's own ENTRYPOINT, CMD and WORKDIR, by the names of
    the API's ``ImageConfig``. ``dead_letters`` is the ARN of what takes events that failed.
    """

    arn: str
    version: str
    package: Literal["Zip", "Image"]
    code_sha256: str
    image_digest: str
    code_location: str
    code_size: int
    revision: str
    architecture: str
    tags: Mapping[str, str]
    modified: str
    state: str
    update_status: str
    reason: str = ""
    reason_code: str = ""
    code_key: str = ""
    environment_key: str = ""
    environment_error: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    dead_letters: str = ""

    @property
    def why(self) -> str:
        """The reason with its code, as far as Lambda has given one."""
        code = f"({self.reason_code})" if self.reason_code else ""
        return " ".join(filter(None, (self.reason, code)))

    @property
    def shown(self) -> tuple[str, ...]:
        """What reports and messages tell of it."""
        image = self.code_location if self.package == "Image" else ""
        network = (*self.network.subnets, *self.network.security_groups)
        return (self.arn, self.role, self.runtime, self.handler, image, *self.layers, *network)


@dataclass(frozen=True, slots=True)
class AliasState:
    """An alias as AWS has it (API: ``GetAlias``); ``weights`` are of further versions."""

    arn: str
    version: str
    description: str
    revision: str
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The alias's name."""
        return Arn.parse(self.arn).qualifier

    @property
    def is_under_test(self) -> bool:
        """Whether a run has led it there whose last test has not passed yet."""
        return self.description.startswith(marks.UNDER_TEST)

    @property
    def is_going(self) -> bool:
        """Whether a run is undoing it."""
        return self.description.startswith((marks.DELETING, marks.PUTTING_BACK))

    @property
    def is_settled(self) -> bool:
        """Whether all its users have one version, which no run is testing or undoing."""
        return not (self.shares or self.is_under_test or self.is_going)

    @property
    def serving(self) -> str:
        """The version that still serves all calls, if that is not ``version`` yet.

        AWS gives such a weight itself, to an alias with provisioned concurrency, until its version
        has that (terraform-provider-aws, pull request 48116).
        """
        return next((version for version, part in self.weights.items() if part >= 1), "")

    @property
    def shares(self) -> Mapping[str, float]:
        """The parts of the calls that somebody has led to further versions."""
        return {version: part for version, part in self.weights.items() if part < 1}


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function URL as AWS has it (API: ``GetFunctionUrlConfig``).

    ``is_open``: everybody may call it, if its access is public.
    """

    address: str
    access: Access
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class ObservedFunction:
    """A function before the run: its ``$LATEST`` and what the alias serves.

    ``foreign`` are the layers of either that others attached; they stay. ``settings`` are the
    values of those that take a call of their own to read, by their keys.
    """

    latest: FunctionState
    alias: AliasState | None
    live: FunctionState | None
    url: FunctionUrl | None = None
    foreign: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedRegion:
    """What one region holds of the things that the settings name; absent things are left out.

    ``bases`` and ``images`` map names to image digests. ``layers`` are the versions that can be
    reused; ``published`` are all of ours, by name and the newest first.
    """

    region: str
    bases: Mapping[str, str]
    layers: Mapping[str, LayerVersion]
    images: Mapping[str, str]
    functions: Mapping[str, ObservedFunction]
    published: Mapping[str, tuple[LayerVersion, ...]] = field(default_factory=dict)
