"""The observed state: of the working tree, and of AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.models.configuration import ObservedAttributes
from lambda_fast_deploy.models.function_url import FunctionUrl
from lambda_fast_deploy.models.image_layers import Replacement
from lambda_fast_deploy.state import marks


@dataclass(frozen=True, slots=True)
class Archive:
    """A deterministic zip. ``sha256`` is base64, as Lambda's ``CodeSha256``."""

    content: bytes = field(repr=False)
    sha256: str
    unzipped: int

    @property
    def size(self) -> int:
        """Bytes of the zip."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of all artifacts in the settings.

    ``archives`` are the zips of functions whose code is in the working tree, and ``builds`` the
    fingerprints of the sources of the others, by function. ``recipes`` are the fingerprints of each
    image's files in the working tree, by the id of its step: ``base:NAME`` and ``image:NAME``.
    ``digests`` are the known digests of the images in FROM and COPY --from; ``""`` if a registry
    does not answer. ``foreign`` are the ONBUILD instructions of these images, by the id of the
    step.
    """

    bases: Mapping[str, str]
    layers: Mapping[str, str]
    images: Mapping[str, str]
    archives: Mapping[str, Archive]
    recipes: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    builds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A published layer version. ``size`` is its unzipped size, 0 if unknown.

    ``fingerprint`` identifies the requirements that it was built from. ``contents`` identify the
    content of each part of the layer, and ``content`` that of this part. A layer that is named by
    its ARN has none of these. ``shared_with`` are those of ``Layer.share`` with whom this project
    has shared it, if that was read.
    """

    arn: str
    size: int = 0
    fingerprint: str = ""
    content: str = ""
    contents: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The version's number."""
        return Arn.parse(self.arn).qualifier


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState(ObservedAttributes):
    """One version of a function in AWS (API: ``GetFunction``).

    ``code_key`` is the ARN of the customer managed KMS key of the zip, if any.
    ``environment_error`` is the reason why AWS could not decrypt the environment, which is empty
    then. ``reason`` and ``reason_code`` are those of its state, or of a failed update.
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
    environment_error: str = ""

    @property
    def why(self) -> str:
        """The reason with its code, as far as Lambda returns them."""
        code = f"({self.reason_code})" if self.reason_code else ""
        return " ".join(filter(None, (self.reason, code)))

    @property
    def shown(self) -> tuple[str, ...]:
        """The public texts of it, which reports and messages show."""
        image = self.code_location if self.package == "Image" else ""
        network = (*self.network.subnets, *self.network.security_groups)
        return (self.arn, self.role, self.runtime, self.handler, image, *self.layers, *network)


@dataclass(frozen=True, slots=True)
class AliasState:
    """An alias in AWS (API: ``GetAlias``); ``weights`` are those of additional versions."""

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
        """Whether a run has pointed it at its version and not finished its tests yet."""
        return self.description.startswith(marks.UNDER_TEST)

    @property
    def is_going(self) -> bool:
        """Whether a run is rolling it back."""
        return self.description.startswith((marks.DELETING, marks.PUTTING_BACK))

    @property
    def is_settled(self) -> bool:
        """Whether one version gets all traffic, and no run is testing it or rolling it back."""
        return not (self.shares or self.is_under_test or self.is_going)

    @property
    def serving(self) -> str:
        """The version that still gets all traffic, if that is not ``version`` yet.

        AWS sets such a weight itself on an alias with provisioned concurrency, until its version is
        provisioned (terraform-provider-aws, pull request 48116).
        """
        return next((version for version, part in self.weights.items() if part >= 1), "")

    @property
    def shares(self) -> Mapping[str, float]:
        """The shares of the traffic for additional versions, as fractions of 1."""
        return {version: share for version, share in self.weights.items() if share < 1}


@dataclass(frozen=True, slots=True)
class ObservedFunction:
    """A function before the run: its ``$LATEST``, its alias and the live version.

    ``foreign`` are layers of either that were attached outside this tool; they stay. ``settings``
    are the values that separate API calls read, by their keys.
    """

    latest: FunctionState
    alias: AliasState | None
    live: FunctionState | None
    url: FunctionUrl | None = None
    foreign: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedRegion:
    """The resources of the settings that exist in one region.

    ``bases`` and ``images`` map names to image digests. ``prebuilt`` are the URIs, by digest, of
    images that exist already, by the names of their functions. ``layers`` are the versions that can
    be reused, and those that functions name by an ARN; ``published`` are all versions of the
    layers, by name, the newest first. ``replacements`` make missing images of existing ones, by
    name, and ``obstacles`` are the reasons why other missing images must be built.
    """

    region: str
    bases: Mapping[str, str]
    layers: Mapping[str, LayerVersion]
    images: Mapping[str, str]
    functions: Mapping[str, ObservedFunction]
    published: Mapping[str, tuple[LayerVersion, ...]] = field(default_factory=dict)
    prebuilt: Mapping[str, str] = field(default_factory=dict)
    replacements: Mapping[str, Replacement] = field(default_factory=dict)
    obstacles: Mapping[str, str] = field(default_factory=dict)
