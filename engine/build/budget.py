"""Sizes against Lambda's limits and the user's budgets, before anything is uploaded."""

from __future__ import annotations

from engine.errors import BuildFailed

GB = 10**9
MB = 10**6
DIRECT_LIMIT = 50 * MB  # Lambda quotas: deployment package, zipped, uploaded directly
UNZIPPED_LIMIT = 262_144_000  # Lambda quotas: deployment package, unzipped, with layers


def shown(size: int) -> str:
    """A size for people."""
    if size >= GB:
        return f"{size / GB:.1f} GB"
    return f"{size / MB:.1f} MB" if size >= MB else f"{size / 1000:.1f} kB"


def check_size(what: str, size: int, limit: int | None, of: str, remedy: str = "") -> None:
    """Compare a size with a limit, both in bytes; ``of`` says of what state the size is.

    Raises:
        BuildFailed: it is over the limit.
    """
    if limit is not None and size > limit:
        raise BuildFailed(
            f"{what} is {shown(size)} {of}; the limit is {shown(limit)}",
            remedy=remedy
            or "Remove what it does not need, or raise the budget if it is one of yours.",
        )
