"""The JSON Schema of report.json, derived from the types of its values."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lambda_fast_deploy.models import AttributeChange, FunctionOutcome
from lambda_fast_deploy.report.documents import SCHEMA
from lambda_fast_deploy.run_log import LogEntry

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_STEP = {
    **dict.fromkeys(("id", "region", "action", "reason", "fingerprint"), str),
    "changes": tuple[AttributeChange, ...],
}


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of report.json."""
    problem = _record({"message": str, "file": str, "line": int})
    error = _record({"message": str, "detail": str, "remedy": str, "exit_code": int})
    error["properties"]["problems"] = {"type": "array", "items": problem}
    plan = _record({"changed": bool})
    plan["properties"]["steps"] = {"type": "array", "items": _record(_STEP)}
    plan["required"] = ["steps", "changed"]
    properties = {
        "schema": {"const": SCHEMA},
        "exit_code": {"enum": [0, 1, 2, 3, 4]},
        "seconds": {"type": "number", "description": "since the run began"},
        "plan": {"anyOf": [plan, {"type": "null"}]},
        "functions": {"type": "array", "items": _of(FunctionOutcome)},
        "work": {"type": "array", "items": _of(LogEntry)},
        "notes": {"type": "array", "items": {"type": "string"}},
        "error": {"anyOf": [error, {"type": "null"}]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _record(types_of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _of(kind) for name, kind in types_of.items()},
        "required": list(types_of),
        "additionalProperties": False,
    }


def _of(kind: Any) -> dict[str, Any]:
    """The schema of a type."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return _record({field.name: hints[field.name] for field in fields(kind)})
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(each) for each in inner]}
    if origin is tuple:
        return {"type": "array", "items": _of(inner[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(inner[1])}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(word) for word in kind]}
    return {"type": _PLAIN[kind]}
