"""Answers of AWS, checked against AWS's own model before they are used.

A proxy, another endpoint or a fault of AWS can answer anything, even with status 200. botocore
does not check that: members can be missing or of another type, and HTML becomes an empty answer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_fast_deploy.errors import NotUnderstood

# Python types by the types of the model (botocore: parsers)
_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime,
}


class Response(dict[str, Any]):
    """A structure in an answer; reading a missing member raises ``NotUnderstood``."""

    __slots__ = ("_what",)

    def __init__(self, members: Mapping[str, Any], what: str) -> None:
        super().__init__(members)
        self._what = what

    def __missing__(self, member: str) -> Any:
        raise not_understood(self._what, f"it has no {member}")

    def first(self, member: str) -> Any:
        """The first value of a list, which must not be empty."""
        for value in self[member]:
            return value
        raise not_understood(self._what, f"its {member} is empty")

    def decoded(self, member: str) -> str:
        """The text of a base64 member."""
        try:
            return base64.b64decode(self[member]).decode("utf-8", "replace")
        except ValueError:
            raise not_understood(self._what, f"its {member} is not base64") from None

    def parsed(self, member: str) -> dict[str, Any]:
        """The object in a member that is a JSON document."""
        try:
            document = json.loads(self[member])
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise not_understood(self._what, f"its {member} is not a JSON object")
        return document


def not_understood(what: str, why: str) -> NotUnderstood:
    """The error of an answer that is not from AWS.

    Args:
        what: the operation and its region, and the place in the answer.
        why: what is wrong with it.
    """
    return NotUnderstood(
        f"AWS's answer to {what} was not understood: {why}",
        remedy="Make sure that AWS itself answers: see AWS_ENDPOINT_URL, and proxies of this "
        "machine. Then run again.",
    )


def checked(answer: Any, operation: Any, what: str) -> Any:
    """An answer with the members of the model alone, whose values have its types.

    What botocore adds, ``ResponseMetadata``, is not a member.

    Args:
        answer: as botocore has parsed it.
        operation: botocore's model of the operation.
        what: the operation and its region, for people.

    Raises:
        NotUnderstood: a value has another type.
    """
    if operation.output_shape is None:
        return answer
    # XML answers contain only text; botocore parses some of it as JSON.
    types = (
        _TYPES
        if "json" in operation.service_model.resolved_protocol
        else {**_TYPES, "string": object}
    )
    return _checked(answer, operation.output_shape, what, types)


def _checked(value: Any, shape: Any, what: str, types: Mapping[str, Any]) -> Any:
    kind = shape.type_name
    if not isinstance(value, types.get(kind, object)):
        raise not_understood(what, f"it is of type {type(value).__name__}, not {kind}")
    if kind == "structure" and not shape.is_document_type:
        members = shape.members
        return Response(
            {
                name: _checked(each, members[name], f"{what}, {name}", types)
                for name, each in value.items()
                if name in members
            },
            what,
        )
    if kind == "list":
        return [_checked(each, shape.member, what, types) for each in value]
    if kind == "map":
        return {key: _checked(each, shape.value, what, types) for key, each in value.items()}
    return value
