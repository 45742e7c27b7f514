"""One time limit for an operation, in all its waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lambda_fast_deploy.adapters.heartbeat import beating
from lambda_fast_deploy.errors import FunctionTestFailed

T = TypeVar("T")


class OutOfTime(FunctionTestFailed):
    """There was no answer within the time limit."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a time limit: ``end`` is a time of ``time.monotonic``, after ``seconds``."""

    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline in so many seconds."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until the deadline; 0 once it has passed."""
        return max(0.0, self.end - time.monotonic())

    def bound(self, work: Callable[[], T], check: Callable[[], None] = lambda: None) -> T:
        """The result of an operation within the time limit.

        Name resolution, a TLS handshake or a slow answer have no usable limits themselves. So the
        operation runs in a thread, which is abandoned after the deadline.

        Args:
            work: the operation.
            check: called regularly in the meantime; may raise to give up.

        Raises:
            OutOfTime: there was no result in time.
        """

        def beat() -> None:
            check()
            if not self.left:
                raise OutOfTime(f"there was no answer within {self.seconds:g} s")

        return next(beating((do() for do in (work,)), beat))
