"""The artifacts of a run, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lambda_fast_deploy.errors import NotRestored
from lambda_fast_deploy.models.observed import Archive, LayerVersion
from lambda_fast_deploy.models.plan import Plan


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The artifacts that the build phase built or reused in one region, by name.

    ``bases`` and ``images`` are image URIs with a digest. ``code`` has the parameters of an API
    call for a function's zip, if it is needed. ``packages`` are the unzipped bytes of each package
    in the layers that this run has built, by layer. ``image_sizes`` are the bytes in the registry
    of each image that it has built. ``in_gzip`` builds a function's image again with gzip layers,
    if Lambda refuses others, and returns its URI. ``stems`` are the tags of the images' stems.
    ``builds`` are the fingerprints of the sources of functions whose code is built, whether or not
    this run has built it.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, LayerVersion] = field(default_factory=dict)
    archives: Mapping[str, Archive] = field(default_factory=dict)
    code: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    image_sizes: Mapping[str, int] = field(default_factory=dict)
    in_gzip: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    builds: Mapping[str, str] = field(default_factory=dict)
    stems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of a version's initialisation, and of a call after it; ``None`` if not measured."""

    cold: float | None = None
    warm: float | None = None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version that was live, and the seconds of its deploy; sizes are bytes."""

    version: str
    seconds: float | None
    speed: Speed
    code_size: int


# What is live after a failed deploy of a function: the same as before, something else, nothing, or
# unknown.
Serves = Literal["same", "other", "nothing", "unknown"]


@dataclass(frozen=True, slots=True)
class FunctionOutcome:
    """The outcome of one function in one region; ``…_before`` is of the previous version.

    Sizes are bytes: of the uploaded code, of the image if it was built, and of layers unzipped, by
    their names.
    ``settings`` are the keys outside of versions that this run has changed although the version is
    unchanged, such as ``alarms``. ``serves`` is what is live after a failure. ``rolled_back`` are
    the changes that the run has rolled back, ``spared`` those that it did not roll back because
    they were changed outside this run, and ``left`` those that it could not roll back.
    ``history`` are the previous versions, the oldest first. Of a stack, ``function`` is its name,
    ``version`` the id of its snapshot, and ``outputs`` are its outputs; ``drifted`` are the logical
    ids of functions whose code differs from the stack. ``is_overtaken``: another run rolled back
    what the deploy relied on, so that a second attempt is useful.
    """

    region: str
    function: str
    outcome: Literal["deployed", "unchanged", "planned", "rolled-back", "failed"]
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
    speed: Speed = Speed()
    speed_before: Speed = Speed()
    code_size_before: int = 0
    image_size: int = 0
    layer_sizes: Mapping[str, int] = field(default_factory=dict)
    history: tuple[PastVersion, ...] = ()
    settings: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""
    serves: Serves = "same"
    rolled_back: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    is_stack: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)
    drifted: tuple[str, ...] = ()
    is_overtaken: bool = False

    def without(self, hidden: Callable[[str], str]) -> FunctionOutcome:
        """The outcome with secrets masked by ``hidden``."""
        return replace(
            self,
            error=hidden(self.error),
            remedy=hidden(self.remedy),
            rolled_back=tuple(map(hidden, self.rolled_back)),
            spared=tuple(map(hidden, self.spared)),
            left=tuple(map(hidden, self.left)),
            outputs={name: hidden(value) for name, value in self.outputs.items()},
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run: the plan, the outcome of each function in each region, and base images.

    ``bases`` are URIs with a digest. ``packages`` are unzipped bytes by layer and package, of the
    layers that this run has built.
    """

    plan: Plan
    deliveries: tuple[FunctionOutcome, ...]
    bases: tuple[str, ...] = ()
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def without(self, hidden: Callable[[str], str]) -> Outcome:
        """The outcome with secrets masked by ``hidden``."""
        return replace(self, deliveries=tuple(each.without(hidden) for each in self.deliveries))

    def then(self, later: Outcome) -> Outcome:
        """The outcome, with that of a second attempt for the functions that needed one."""
        second = {(each.region, each.function): each for each in later.deliveries}
        deliveries = (
            second.get((each.region, each.function), each) if each.is_overtaken else each
            for each in self.deliveries
        )
        later_steps = {(step.region, step.id) for step in later.plan.steps}
        earlier = (s for s in self.plan.steps if (s.region, s.id) not in later_steps)
        return Outcome(
            Plan((*earlier, *later.plan.steps)),
            tuple(deliveries),
            tuple(dict.fromkeys((*self.bases, *later.bases))),
            {**self.packages, **later.packages},
        )

    @property
    def exit_code(self) -> int:
        """0: done; 1: failed and rolled back; 4: failed, and the rollback is incomplete."""
        if any(delivery.left for delivery in self.deliveries):
            return NotRestored.exit_code
        return int(any(each.outcome in ("rolled-back", "failed") for each in self.deliveries))
