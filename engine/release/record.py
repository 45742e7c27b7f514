"""What the descriptions of versions and aliases tell of their past; AWS keeps it, nobody else.

A version names the one that users had before it, for ever: that is the way that ``rollback`` goes,
whatever was tried and thrown away in between. An alias says how fast its version starts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from engine.model import Event, Speed

_AFTER = re.compile(r"after version (\d+)")
_COLD = re.compile(r"cold start (\d+) ms")
_WARM = re.compile(r"warm (\d+) ms")


def of_version(event: Event, previous: str) -> str:
    """The description of a new version; unlike that of any other run.

    Args:
        event: what it is made of, and by whom.
        previous: the version that users have now, if any.
    """
    parts = [
        f"commit {event.commit[:12]}" if event.commit else "",
        f"by {event.actor[:60]}" if event.actor else "",
        f"deployed {_now()}",
        f"after version {previous}" if previous else "",
    ]
    return " ".join(filter(None, parts))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def previous_of(description: str) -> str:
    """The version that users had before this one; nothing if it does not say."""
    match = _AFTER.search(description)
    return match.group(1) if match else ""


def of_alias(previous: str, speed: Speed, back_from: str = "") -> str:
    """The description of an alias; unlike that of any other run.

    Args:
        previous: the version that users had before, if any.
        speed: of the version that it leads to.
        back_from: the version that was given up, if one was.
    """
    parts = [
        f"after version {previous}" if previous else "no version before",
        f"back from version {back_from}" if back_from else "",
        f"cold start {speed.cold * 1000:.0f} ms" if speed.cold is not None else "",
        f"warm {speed.warm * 1000:.0f} ms" if speed.warm is not None else "",
        f"since {_now()}",
    ]
    return ", ".join(filter(None, parts))


def speed_of(description: str) -> Speed:
    """How fast an alias's version was when it was released."""
    cold, warm = _COLD.search(description), _WARM.search(description)
    return Speed(
        cold=int(cold.group(1)) / 1000 if cold else None,
        warm=int(warm.group(1)) / 1000 if warm else None,
    )
