"""Answers of AWS, held against its own model before anything is read out of them.

A proxy, another endpoint or a fault of AWS's can answer anything, with status 200 too. botocore
takes what it gets: members can be missing or of another type, and of HTML nothing is left.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_fast_deploy.errors import NotUnderstood

# Python's types of the model's (botocore: parsers)
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
    """A structure in an answer; to ask for a member that is missing raises ``NotUnderstood``."""

    __slots__ = ("_what",)

    def __init__(self, members: Mapping[str, Any], what: str) -> None:
        super().__init__(members)
        self._what = what

    def __missing__(self, member: str) -> Any:
        raise not_understood(self._what, f"it has no {member}")

    def first(self, member: str) -> Any:
        """The first value of a list, which has to have one."""
        for value in self[member]:
            return value
        raise not_understood(self._what, f"its {member} are none")

    def decoded(self, member: str) -> str:
        """The text of a member that is in base64."""
        try:
            return base64.b64decode(self[member]).decode("utf-8", "replace")
        except ValueError:
            raise not_understood(self._what, f"its {member} is no base64") from None

    def parsed(self, member: str) -> dict[str, Any]:
        """The object of a member that is a JSON document."""
        try:
            found = json.loads(self[member])
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise not_understood(self._what, f"its {member} is no JSON object")
        return found


def not_understood(what: str, why: str) -> NotUnderstood:
    """The error of an answer that is none of AWS's.

    Args:
        what: the operation and its region, and where in the answer it is.
        why: what is odd about it.
    """
    return NotUnderstood(
        f"AWS's answer to {what} was not understood: {why}",
        remedy="Make sure that AWS itself answers: see AWS_ENDPOINT_URL, and proxies of this "
        "machine. Then run again.",
    )


def checked(answer: Any, operation: Any, what: str) -> Any:
    """An answer whose values have the types that the model says.

    Args:
        answer: as botocore has read it.
        operation: botocore's model of the operation.
        what: the operation and its region, for people.

    Raises:
        NotUnderstood: something has another type.
    """
    if operation.output_shape is None:
        return answer
    # What was XML is text and nothing else, and botocore reads some of it as JSON by itself.
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
                if name in members
                else each
                for name, each in value.items()
            },
            what,
        )
    if kind == "list":
        return [_checked(each, shape.member, what, types) for each in value]
    if kind == "map":
        return {key: _checked(each, shape.value, what, types) for key, each in value.items()}
    return value
