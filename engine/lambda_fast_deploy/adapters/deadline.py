"""One time limit for a piece of work, whatever it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lambda_fast_deploy.adapters.heartbeat import beating
from lambda_fast_deploy.errors import FunctionTestFailed

T = TypeVar("T")


class OutOfTime(FunctionTestFailed):
    """There was no answer when the time was over."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When work must have ended: ``end`` as ``time.monotonic`` tells it, after ``seconds``."""

    seconds: float
    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline that is so many seconds away."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has passed."""
        return max(0.0, self.end - time.monotonic())

    def bound(self, work: Callable[[], T], check: Callable[[], None] = lambda: None) -> T:
        """What a piece of work answers in time.

        Looking up a name, a handshake or an answer that drips heed no limit of their own. So the
        work is done by a thread, which is left to itself when nobody waits for it any more.

        Args:
            work: what to do.
            check: called now and then meanwhile; may raise to give up.

        Raises:
            OutOfTime: there was no answer.
        """

        def beat() -> None:
            check()
            if not self.left:
                raise OutOfTime(f"there was no answer within {self.seconds:g} s")

        return next(beating((do() for do in (work,)), beat))
