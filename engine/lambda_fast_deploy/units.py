"""Sizes and times for people: bytes with decimal prefixes as AWS counts them, and seconds."""

from __future__ import annotations

from collections.abc import Mapping

KB = 10**3
MB = 10**6
GB = 10**9
MIB = 2**20
GIB = 2**30
SIZES: Mapping[str, float] = {
    "B": 1,
    "kB": KB,
    "KB": KB,
    "MB": MB,
    "GB": GB,
}  # the units in a configuration


def size(count: float) -> str:
    """Bytes in the largest fitting unit, at least kB."""
    if count >= GB:
        return f"{count / GB:.1f} GB"
    return f"{count / MB:.1f} MB" if count >= MB else f"{count / KB:.1f} kB"


def megabytes(count: float) -> str:
    """Bytes as whole megabytes."""
    return f"{count / MB:.0f} MB"


def gibibytes(count: float) -> str:
    """Bytes as gibibytes, the unit of Lambda's limit for images."""
    return f"{count / GIB:.1f} GiB"


def pushed(done: int, total: int) -> str:
    """The progress of a push, both in bytes."""
    return f"pushed {done / MB:.0f} of {megabytes(total)}"


def in_ms(seconds: float) -> float:
    """Seconds as a number of milliseconds."""
    return seconds * 1000


def from_ms(count: float) -> float:
    """A number of milliseconds as seconds."""
    return count / 1000


def milliseconds(seconds: float | None) -> str:
    """Seconds as whole milliseconds; an empty text for ``None``."""
    if seconds is None:
        return ""
    return f"{in_ms(seconds):.0f} ms" if seconds >= 0.001 else "<1 ms"


def seconds(count: float, decimals: int = 0, width: int = 0) -> str:
    """Seconds, rounded; the number has at least ``width`` characters, for columns."""
    return f"{count:{width or ''}.{decimals}f} s"


def in_minutes(seconds: float) -> float:
    """Seconds as a number of minutes."""
    return seconds / 60


def minutes(seconds: float, decimals: int = 0) -> str:
    """Seconds as minutes, rounded."""
    return f"{in_minutes(seconds):.{decimals}f} minutes"
