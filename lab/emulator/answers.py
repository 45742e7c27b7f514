"""The emulator's answers: (status, headers, body) triples."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response

Answer = tuple[int, dict[str, Any], Any]


def failure(code: str, message: str, status: int = 400, **members: Any) -> Answer:
    """Return an AWS error of the JSON protocols, with the members that it has besides."""
    answer: Answer = error_response_json(code, message, status, members)
    return answer


def success(document: dict[str, Any], status: int = 200) -> Answer:
    """Return a JSON document, without the lab's own notes in it (keys that start with _)."""
    answer: Answer = json_response(_public(document), status)
    return answer


def document(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    parsed: dict[str, Any] = json.loads(answer[2])
    return parsed


def _public(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _public(v) for k, v in value.items() if not k.startswith("_")}
    if isinstance(value, list):
        return [_public(item) for item in value]
    return value
