"""Tests that the code of a function loads, even if its handler refuses the event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import AnyValue
from lambda_fast_deploy.testing.kinds.kind import Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.deadline import Deadline
    from lambda_fast_deploy.testing.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadsTest(KindOfTest):
    """An invocation that passes if the handler was reached, even if it refuses the event."""

    key: ClassVar = "loads"
    keys: ClassVar = {
        "loads": Key(
            RecordShape(
                {
                    "event": Key(
                        AnyValue(), "event that the handler refuses or ignores", otherwise="{}"
                    )
                }
            ),
            "check that the code loads; the handler runs, and its errors are accepted",
        ),
    }

    event: object = field(default_factory=dict)

    @classmethod
    def read(cls, entry: Entry) -> LoadsTest:
        return cls(event=entry.value["loads"].get("event", {}), **entry.options)

    def run(self, target: Target, deadline: Deadline) -> str:
        from lambda_fast_deploy.testing.endpoints import FunctionError

        try:
            deadline.bound(lambda: target.address.invoke(self.event), target.check)
        except FunctionError as failure:
            if not failure.has_started:
                raise
            return f"loaded; the handler refused the event: {target.hidden(failure.message)}"
        return "loaded; the handler accepted the event"
