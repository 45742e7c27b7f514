"""The names of repositories in ECR (API: ``CreateRepository``)."""

from __future__ import annotations

import re

from lambda_fast_deploy.config.keys import REPOSITORY
from lambda_fast_deploy.config.validation import ValidatedDocument

_ADDRESS = re.compile(
    r"(?:https?://)?(?:\d{12}\.dkr\.ecr|[^/]+\.amazonaws\.com|public\.ecr\.aws)\b"
)
_LENGTHS = range(2, 257)  # characters


def read_repository(checked: ValidatedDocument, given: str | None, default: str, *path: str) -> str:
    """The name of a repository: the one that is given, or else the default.

    Args:
        checked: takes what is wrong with it.
        given: what was written.
        default: what it is named without that.
        path: where it is, or would be, written.
    """
    name = default if given is None else given
    if _ADDRESS.match(name):
        checked.problem(
            f"{name!r} is the address of a registry; give the name of the repository alone. Images "
            "go to the account and region of the function, and Lambda takes none of another region",
            *path,
            "repository",
        )
    elif not re.fullmatch(REPOSITORY.pattern, name) or len(name) not in _LENGTHS:
        says = f"no repository of ECR can have the name {name!r}"
        more = "" if given is not None else "; give repository:"
        checked.problem(says + more, *path, "repository")
    return name
