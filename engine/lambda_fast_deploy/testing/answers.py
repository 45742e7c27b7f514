"""Compares an answer with what a test expects, and shows answers in messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import FunctionTestFailed

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.http import HttpResponse

SHOWN = 200  # characters of a failing answer


def excerpt(body: object, hidden: Callable[[str], str]) -> str:
    """The beginning of an answer, with its length if there is more; ``hidden`` masks secrets."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body)
    text = hidden(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def redirect(answer: HttpResponse) -> str:
    """The address that an answer redirects to, for the end of a message; empty if none."""
    if not answer.location:
        return ""
    from lambda_fast_deploy.adapters.http import shown

    return f", redirects to {shown(answer.location)[:SHOWN]}"


def expect_json(expected: Mapping[str, object], body: object, hidden: Callable[[str], str]) -> None:
    """Compare values of a JSON answer by their keys.

    Raises:
        FunctionTestFailed: it is not JSON, or a value differs.
    """
    if not expected:
        return
    try:
        document = json.loads(body) if isinstance(body, (bytes, str)) else body
    except ValueError:
        raise FunctionTestFailed(f"expected JSON, got {excerpt(body, hidden)}") from None
    for key, value in expected.items():
        actual = _at(document, key)
        if actual != value:
            raise FunctionTestFailed(
                f"expected {key} to be {json.dumps(value)}, got {json.dumps(actual)} "
                f"in {excerpt(body, hidden)}"
            )


def _at(document: Any, key: str) -> Any:
    """The value of a key; without such a key, of a path such as ``a.b.0``."""
    if isinstance(document, dict) and key in document:
        return document[key]
    for part in key.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def expect_speed(seconds: float, limit: float | None) -> None:
    """Compare the response time in seconds with its limit, if there is one.

    Raises:
        FunctionTestFailed: it took longer.
    """
    if limit is not None and seconds > limit:
        raise FunctionTestFailed(
            f"answered after {units.milliseconds(seconds)}; "
            f"expected within {units.milliseconds(limit)}"
        )
