"""What Lambda has of an account (API: Lambda)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """What Lambda has of an account in a region, and may have (API: ``GetAccountSettings``).

    ``code`` is in bytes, of all versions and layers; ``concurrency`` is in calls at a time, of
    which ``unreserved`` are for functions that have none of their own.
    """

    code: int
    code_limit: int
    concurrency: int
    unreserved: int

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> Account:
        """The account as AWS answers."""
        limit = answer["AccountLimit"]
        return cls(
            code=int(answer["AccountUsage"]["TotalCodeSize"]),
            code_limit=int(limit["TotalCodeSize"]),
            concurrency=int(limit["ConcurrentExecutions"]),
            unreserved=int(limit["UnreservedConcurrentExecutions"]),
        )
