"""Compares sizes with Lambda's limits and the user's budgets, before any upload."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import BuildFailed


def check_size(what: str, size: int, limit: int | None, of: str, remedy: str = "") -> None:
    """Compare a size with a limit, both in bytes. ``of`` is the state of the files: zipped or not.

    Raises:
        BuildFailed: the size is over the limit.
    """
    if limit is not None and size > limit:
        raise BuildFailed(
            f"{what} is {units.size(size)} {of}; the limit is {units.size(limit)}",
            remedy=remedy
            or "Remove what it does not need, or raise your budget if that is the limit.",
        )
