"""The base class of all kinds of test, and canaries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.iam.feature import Feature

WITHIN = 30.0  # seconds; the default time limit of a test
UNSEEN: Literal["fail"] = "fail"  # the default result of a canary without calls


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a test: each kind with patterns must match one of them."""

    flag: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    path: tuple[str, ...] = ()


class NeededPermission(NamedTuple):
    """A permission that a test needs: the actions of a feature on an ARN, which may have ``*``."""

    feature: Feature
    resource: str


class Remark(NamedTuple):
    """A finding of a test's check of AWS, and advice."""

    says: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTest(ABC):
    """A test of a function, of any kind.

    It runs if one condition of ``when`` holds, or if there is none. It must pass within ``within``
    seconds. Each kind is a file of ``testing/kinds``; the defaults here are those of most kinds.
    """

    is_retried: ClassVar[bool] = True  # until it passes or its time is over
    needs_url: ClassVar[bool] = False  # the address of the function's URL

    name: str
    when: tuple[Condition, ...] = ()
    within: float = WITHIN

    @property
    def runs_before_traffic(self) -> bool:
        """Whether it can test a version that has no traffic yet."""
        return True

    def runs_live(self, *, has_url: bool) -> bool:
        """Whether it runs again once the version is live, of a function with or without a URL."""
        del has_url
        return False

    @property
    def invokes_function(self) -> bool:
        """Whether it calls the function by Lambda's API or its function URL."""
        return True

    @property
    def is_repeatable(self) -> bool:
        """Whether it makes no changes, so that it can run again to measure speed."""
        return False

    def permissions(self, partition: str, region: str, account: str) -> Sequence[NeededPermission]:
        """The permissions that it needs in addition to invoking the function."""
        del partition, region, account
        return ()

    def check(self, region: str, clients: Any) -> Remark | None:
        """Check that AWS has what the test needs; read-only.

        Args:
            region: the region of the function.
            clients: ``adapters.clients.Clients``, which models do not import.

        Raises:
            NotReady: something is missing.
        """
        del region, clients
        return None

    @abstractmethod
    def run(self, target: Any, deadline: Any) -> str:
        """Run it once; its result in a few words.

        Args:
            target: ``testing.target.Target``, which models do not import.
            deadline: ``adapters.deadline.Deadline``, likewise.

        Raises:
            FunctionTestFailed, Unavailable, Unreachable: it failed.
        """


@dataclass(frozen=True, slots=True)
class Canary:
    """A share of the traffic for a new version, for a time, before it gets all traffic.

    ``weight`` and ``max_error_rate`` are fractions of 1, and ``duration`` is in seconds. ``alarms``
    are names of CloudWatch alarms that fail the canary in ALARM state. ``unseen`` is its result if
    CloudWatch shows no calls of the version.
    """

    weight: float
    duration: float
    alarms: tuple[str, ...] = ()
    max_error_rate: float | None = None
    unseen: Literal["pass", "fail"] = UNSEEN
    place: Place = field(default_factory=lambda: Place("canary"))
