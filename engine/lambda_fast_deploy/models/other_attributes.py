"""Attributes that have no row: parameters of the API by its own names (key ``also``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.attribute_change import AttributeChange

# Members of FunctionConfiguration that UpdateFunctionConfiguration does not have
_DESCRIPTIVE = frozenset(
    """
    FunctionName FunctionArn MasterArn Version RevisionId LastModified PackageType Architectures
    CodeSize CodeSha256 ConfigSha256 SigningProfileVersionArn SigningJobArn State StateReason
    StateReasonCode LastUpdateStatus LastUpdateStatusReason LastUpdateStatusReasonCode
    ImageConfigResponse RuntimeVersionConfig
    """.split()
)
ONLY_AT_CREATION = frozenset({"TenancyConfig"})  # parameters of CreateFunction alone


class OtherAttribute(Attribute):
    """A member without a row, in the format of the API; AWS may add to what is sent."""

    def current(self, state: Any) -> Any:
        return state.others.get(self.member)

    def is_same(self, one: Any, other: Any) -> bool:
        return _includes(other, one)

    def change(self, before: Any, after: Any) -> AttributeChange:
        return AttributeChange(self.key, _shown(before), _shown(after))

    def restore(self, sent: Any, current: Any, previous: Any) -> Any:
        """An absent value is restored by an empty one, as the API takes it."""
        if previous == current or not _includes(current, sent):
            return None
        return type(sent)() if previous is None else previous


def other_attribute(member: str) -> OtherAttribute:
    """The attribute of a member without a row."""
    return OtherAttribute(f"also.{member}", member, None)


def others_of(answer: Mapping[str, Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in a ``FunctionConfiguration`` of the API that have no row."""
    return {
        member: value
        for member, value in answer.items()
        if member not in rows and member not in _DESCRIPTIVE and value not in (None, {}, [], "")
    }


def _includes(whole: Any, part: Any) -> bool:
    """Whether a value has everything of another one, at any depth."""
    if isinstance(part, Mapping):
        return isinstance(whole or {}, Mapping) and all(
            _includes((whole or {}).get(key), value) for key, value in part.items()
        )
    if isinstance(part, list):
        items = whole or []
        return len(items) == len(part) and all(map(_includes, items, part))
    return bool(whole == part)


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
