"""A statement of an IAM policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lambda_fast_deploy.iam.feature import Feature


@dataclass(frozen=True, slots=True)
class Statement:
    """The allowed actions on resources; a statement without resources is omitted."""

    sid: str
    actions: tuple[str, ...]
    resources: Sequence[str]
    condition: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *features: Feature,
        resources: Sequence[str],
        condition: dict[str, Any] | None = None,
    ) -> Statement:
        """The statement of features that share its name."""
        actions = tuple(action for feature in features for action in feature.actions)
        return cls(features[0].sid, actions, resources, condition or {})

    def document(self) -> dict[str, Any]:
        """The statement in IAM's policy language."""
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(dict.fromkeys(self.resources)),
            **({"Condition": self.condition} if self.condition else {}),
        }


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Statements with the same sid as one, with the resources of all."""
    by_sid: dict[str, Statement] = {}
    for statement in statements:
        if former := by_sid.get(statement.sid):
            statement = replace(former, resources=[*former.resources, *statement.resources])
        by_sid[statement.sid] = statement
    return list(by_sid.values())
