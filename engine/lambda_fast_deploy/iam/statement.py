"""A statement of IAM's policy language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """What may be done with which resources; none of them, and there is no statement."""

    sid: str
    actions: tuple[str, ...]
    resources: Sequence[str]
    condition: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As IAM's policy language has it."""
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(dict.fromkeys(self.resources)),
            **({"Condition": self.condition} if self.condition else {}),
        }
