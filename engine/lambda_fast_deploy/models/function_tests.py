"""How a new version proves itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models.enums import Access, EventKind


@dataclass(frozen=True, slots=True)
class Condition:
    """When a test runs: every kind that is named must fit, by one of its patterns."""

    flag: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TestOptions:
    """What every test has. ``when`` is fulfilled by any condition; ``within`` is in seconds."""

    name: str
    when: tuple[Condition, ...] = ()
    within: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTest(_TestOptions):
    """An HTTP request is answered. ``target`` is a path of the function, or a whole address.

    ``faster_than`` is in seconds; ``auth`` says whether the request must be signed. ``event`` is
    what a function gets of it, if that is not as its stack says.
    """

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 200
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than: float | None = None
    auth: Access = "public"
    event: EventKind | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether it asks an address of its own, which no new version has yet."""
        return not self.target.startswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeTest(_TestOptions):
    """The function answers an invocation; ``faster_than`` is in seconds."""

    payload: object
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Test(_TestOptions):
    """What is written through the function's API is in the bucket, and the other way round.

    ``owner`` is the account that the bucket belongs to, if it is not that of the run's credentials;
    ``event`` is as that of ``HttpGate``.
    """

    bucket: str
    path: str
    prefix: str
    place: Place
    owner: str = ""
    event: EventKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTest(_TestOptions):
    """A command of the user's own ends with status 0."""

    command: tuple[str, ...]


FunctionTest = HttpTest | InvokeTest | S3Test | CommandTest


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
