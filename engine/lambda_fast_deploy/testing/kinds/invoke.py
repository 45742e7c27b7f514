"""Tests the answer to an invocation with an event."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import (
    AnyValue,
    TextShape,
)
from lambda_fast_deploy.testing.answers import excerpt, expect_json, expect_speed
from lambda_fast_deploy.testing.kinds.kind import FASTER_THAN, JSON, Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.deadline import Deadline
    from lambda_fast_deploy.testing.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeTest(KindOfTest):
    """An invocation of the function; ``faster_than`` is in seconds.

    ``error`` is a part of the type and message of an error that the handler must raise.
    """

    key: ClassVar = "invoke"
    keys: ClassVar = {
        "invoke": Key(AnyValue(), "event to invoke the function with"),
        "error": Key(
            TextShape(expected="a text"),
            "text in the error (type: message) that the handler must answer with",
            otherwise="it must not fail, nor answer with a statusCode other than 2xx, unless json "
            "expects that statusCode",
        ),
        "json": JSON,
        "faster-than": FASTER_THAN,
    }

    payload: object
    error: str = ""
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than: float | None = None

    @classmethod
    def read(cls, entry: Entry) -> InvokeTest:
        value = entry.value
        if "error" in value and "json" in value:
            entry.problem("json does not apply to an error; write its text in error", "json")
        return cls(
            payload=value["invoke"],
            error=value.get("error", ""),
            json=value.get("json", {}),
            faster_than=value.get("faster-than"),
            **entry.options,
        )

    @property
    def is_repeatable(self) -> bool:
        return True

    def run(self, target: Target, deadline: Deadline) -> str:
        from lambda_fast_deploy.testing.endpoints import FunctionError, unstreamed

        start = clock.monotonic()
        try:
            answer = deadline.bound(lambda: target.address.invoke(self.payload), target.check)
        except FunctionError as failure:
            if not (self.error and failure.has_started):
                raise
            if self.error not in failure.message:
                says = f"expected an error with {self.error!r}, got {failure.message}"
                raise FunctionError(says, detail=failure.detail) from None
            expect_speed(clock.monotonic() - start, self.faster_than)
            return f"invoked, failed as expected: {target.hidden(failure.message)}"
        seconds, answer = clock.monotonic() - start, unstreamed(answer)
        if self.error:
            raise FunctionTestFailed(
                f"expected an error with {self.error!r}, got {excerpt(answer, target.hidden)}"
            )
        if "statusCode" not in self.json:
            _expect_success(answer, target)
        expect_json(self.json, answer, target.hidden)
        expect_speed(seconds, self.faster_than)
        return f"invoked, {len(json.dumps(answer))} bytes answered in {units.milliseconds(seconds)}"


def _expect_success(answer: Any, target: Target) -> None:
    """Check that an answer in the form of an HTTP response has a status of success."""
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    if status is not None and not re.fullmatch(r"2\d\d", str(status)):
        raise FunctionTestFailed(
            f"answered statusCode {excerpt(status, target.hidden)}: "
            f"{excerpt(answer, target.hidden)}",
            remedy=f"If that is right, expect it: json: {{statusCode: {status}}}.",
        )
