"""The clock of this machine: pauses, durations, and the time of day."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def sleep(seconds: float) -> None:
    """Pause."""
    time.sleep(seconds)


def monotonic() -> float:
    """Seconds since some moment; setting the clock does not change it."""
    return time.monotonic()


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
