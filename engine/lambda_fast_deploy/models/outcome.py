"""What was made, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lambda_fast_deploy.errors import NotRestored
from lambda_fast_deploy.models.observed import Archive, LayerVersion
from lambda_fast_deploy.models.plan import Plan


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What the build phase made or found in one region, by name.

    ``bases`` and ``images`` are image URIs by digest. ``code`` is a function's zip as an API call
    takes it, where it is needed. ``packages`` are the unzipped bytes of each package in the layers
    that this run has built, by layer, and ``image_sizes`` the bytes of each image that it has
    built, as the registry has them. ``in_gzip`` builds a function's image once more for a Lambda
    that refuses other layers, and answers with the URI of that.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, LayerVersion] = field(default_factory=dict)
    archives: Mapping[str, Archive] = field(default_factory=dict)
    code: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    image_sizes: Mapping[str, int] = field(default_factory=dict)
    in_gzip: Mapping[str, Callable[[], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of a version's initialisation, and of a call after it; ``None`` if not measured."""

    cold: float | None = None
    warm: float | None = None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version that users had, and the seconds that its release took; sizes are bytes."""

    version: str
    seconds: float | None
    speed: Speed
    code_size: int


# What users have of a function whose release has failed: what they had before, something else,
# nothing at all, or nobody could ask.
Serves = Literal["same", "other", "nothing", "unknown"]


@dataclass(frozen=True, slots=True)
class FunctionOutcome:
    """How one function in one region came out; ``…_before`` is of the version before.

    Sizes are bytes: of the code as it was uploaded, of the image if it was built, and of layers
    unzipped, by their names.
    ``serves`` is what users have after a failure, ``spared`` what its undo has left alone since it
    is somebody else's by now, and ``left`` what it could not put back.
    ``history`` are the versions before, the oldest first. Of a whole stack, ``function`` is its
    name, ``version`` the id of its kept state, and ``outputs`` are what it tells; ``drifted`` are
    the logical ids of functions whose code is not what the stack says. ``is_overtaken``: what it
    stood on was taken back by the run that had made it, so that it is worth another look.
    """

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
    speed: Speed = Speed()
    speed_before: Speed = Speed()
    code_size_before: int = 0
    image_size: int = 0
    layer_sizes: Mapping[str, int] = field(default_factory=dict)
    history: tuple[PastVersion, ...] = ()
    error: str = ""
    remedy: str = ""
    serves: Serves = "same"
    undone: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    is_stack: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)
    drifted: tuple[str, ...] = ()
    is_overtaken: bool = False

    def without(self, hidden: Callable[[str], str]) -> FunctionOutcome:
        """The same, with secrets taken out of what others said."""
        return replace(
            self,
            error=hidden(self.error),
            remedy=hidden(self.remedy),
            undone=tuple(map(hidden, self.undone)),
            spared=tuple(map(hidden, self.spared)),
            left=tuple(map(hidden, self.left)),
            outputs={name: hidden(value) for name, value in self.outputs.items()},
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: the plan, how each function in each region came out, and base images.

    ``bases`` are URIs by digest. ``packages`` are unzipped bytes by layer and package, of the
    layers that this run has built.
    """

    plan: Plan
    deliveries: tuple[FunctionOutcome, ...]
    bases: tuple[str, ...] = ()
    packages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def without(self, hidden: Callable[[str], str]) -> Outcome:
        """The same, with secrets taken out of what others said."""
        return replace(self, deliveries=tuple(each.without(hidden) for each in self.deliveries))

    def then(self, later: Outcome) -> Outcome:
        """The same with what came of some functions that were deployed once more."""
        again = {(each.region, each.function): each for each in later.deliveries}
        deliveries = (
            again.get((each.region, each.function), each) if each.is_overtaken else each
            for each in self.deliveries
        )
        replaced = {(step.region, step.id) for step in later.plan.steps}
        kept = (s for s in self.plan.steps if (s.region, s.id) not in replaced)
        return Outcome(
            Plan((*kept, *later.plan.steps)),
            tuple(deliveries),
            tuple(dict.fromkeys((*self.bases, *later.bases))),
            {**self.packages, **later.packages},
        )

    @property
    def exit_code(self) -> int:
        """0 done; 1 something failed and was undone; 4 something could not be put back."""
        if any(delivery.left for delivery in self.deliveries):
            return NotRestored.exit_code
        return int(any(delivery.outcome in ("undone", "failed") for delivery in self.deliveries))
