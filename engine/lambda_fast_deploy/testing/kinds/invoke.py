"""Tests the answer to an invocation with an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import (
    AnyValue,
)
from lambda_fast_deploy.testing.answers import expect_json, expect_speed
from lambda_fast_deploy.testing.kinds.kind import FASTER_THAN, JSON, Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.deadline import Deadline
    from lambda_fast_deploy.testing.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeTest(KindOfTest):
    """An invocation of the function; ``faster_than`` is in seconds."""

    key: ClassVar = "invoke"
    keys: ClassVar = {
        "invoke": Key(AnyValue(), "event to invoke the function with"),
        "json": JSON,
        "faster-than": FASTER_THAN,
    }

    payload: object
    json: Mapping[str, object] = field(default_factory=dict)
    faster_than: float | None = None

    @classmethod
    def read(cls, entry: Entry) -> InvokeTest:
        value = entry.value
        return cls(
            payload=value["invoke"],
            json=value.get("json", {}),
            faster_than=value.get("faster-than"),
            **entry.options,
        )

    @property
    def is_repeatable(self) -> bool:
        return True

    def run(self, target: Target, deadline: Deadline) -> str:
        start = clock.monotonic()
        answer = deadline.bound(lambda: target.address.invoke(self.payload), target.check)
        seconds = clock.monotonic() - start
        expect_json(self.json, answer, target.hidden)
        expect_speed(seconds, self.faster_than)
        return f"invoked, {len(json.dumps(answer))} bytes answered in {units.milliseconds(seconds)}"
