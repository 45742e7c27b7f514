"""The usage and limits of Lambda in an account (API: Lambda)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """The usage and limits of Lambda in a region of an account (API: ``GetAccountSettings``).

    ``code`` is in bytes, of all versions and layers. ``concurrency`` is in concurrent calls, of
    which ``unreserved`` are for functions without reserved concurrency.
    """

    code: int
    code_limit: int
    concurrency: int
    unreserved: int

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Account:
        """The account in an answer of AWS."""
        limit = answer["AccountLimit"]
        return cls(
            code=int(answer["AccountUsage"]["TotalCodeSize"]),
            code_limit=int(limit["TotalCodeSize"]),
            concurrency=int(limit["ConcurrentExecutions"]),
            unreserved=int(limit["UnreservedConcurrentExecutions"]),
        )
