"""Sizes against Lambda's limits and the user's budgets, before anything is uploaded."""

from __future__ import annotations

from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models.sizes import shown


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
