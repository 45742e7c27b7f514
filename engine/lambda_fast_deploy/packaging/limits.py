"""Sizes against Lambda's limits and the user's budgets, before anything is uploaded."""

from __future__ import annotations

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import BuildFailed


def check_size(what: str, size: int, limit: int | None, of: str, remedy: str = "") -> None:
    """Compare a size with a limit, both in bytes; ``of`` says of what state the size is.

    Raises:
        BuildFailed: it is over the limit.
    """
    if limit is not None and size > limit:
        raise BuildFailed(
            f"{what} is {units.size(size)} {of}; the limit is {units.size(limit)}",
            remedy=remedy
            or "Remove what it does not need, or raise the budget if it is one of yours.",
        )
