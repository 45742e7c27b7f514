"""What every test of a function is, whatever its kind; and canaries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.iam.feature import Feature


@dataclass(frozen=True, slots=True)
class Condition:
    """When a test runs: every kind that is named must fit, by one of its patterns."""

    flag: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    path: tuple[str, ...] = ()


class NeededPermission(NamedTuple):
    """What a test needs of IAM: the actions of a feature on an ARN, which may contain ``*``."""

    feature: Feature
    resource: str


class Remark(NamedTuple):
    """What a look at AWS shows before a test runs, and what would be better."""

    says: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTest(ABC):
    """A test of a function, of whatever kind.

    It runs when any condition of ``when`` fits, and always if there is none. It must pass within
    ``within`` seconds. Each kind is a file of ``testing/kinds``; the defaults here are those of
    most kinds.
    """

    is_retried: ClassVar[bool] = True  # until it passes or its time is over
    needs_url: ClassVar[bool] = False  # the address of the function's URL

    name: str
    when: tuple[Condition, ...] = ()
    within: float = 30.0

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
        """Whether it calls the function through Lambda's own API, or its function URL."""
        return True

    @property
    def is_repeatable(self) -> bool:
        """Whether it can run once more than it takes, to measure, and changes nothing."""
        return False

    def permissions(self, partition: str, region: str, account: str) -> Sequence[NeededPermission]:
        """What the deployer's IAM policy must allow for it, besides to invoke the function."""
        del partition, region, account
        return ()

    def check(self, region: str, clients: Any) -> Remark | None:
        """Look whether AWS has what the test needs; only reads.

        Args:
            region: that of the function.
            clients: ``adapters.clients.Clients``, which models do not import.

        Raises:
            NotReady: something is missing.
        """
        del region, clients
        return None

    @abstractmethod
    def run(self, target: Any, deadline: Any) -> str:
        """Run it once, and say in a few words what it saw.

        Args:
            target: ``testing.target.Target``, which models do not import.
            deadline: ``adapters.deadline.Deadline``, likewise.

        Raises:
            FunctionTestFailed, Unavailable, Unreachable: it did not pass.
        """


@dataclass(frozen=True, slots=True)
class Canary:
    """A part of the users' calls for a while, before all of them.

    ``weight`` and ``max_error_rate`` are parts of 1, and ``duration`` is in seconds. ``alarms`` are
    names of CloudWatch alarms that must not go off, and ``unseen`` is what comes of it when
    CloudWatch shows no call.
    """

    weight: float
    duration: float
    alarms: tuple[str, ...] = ()
    max_error_rate: float | None = None
    unseen: Literal["pass", "fail"] = "fail"
    place: Place = field(default_factory=lambda: Place("canary"))
