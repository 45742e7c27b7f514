"""How fast a version starts: as text and JSON logs report it, with SnapStart and without."""

from __future__ import annotations

import json

import pytest

from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.testing.speed import SpeedMeter

TEXT = (
    "REPORT RequestId: 5f\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 30 MB\t"
)
COLD = f"{TEXT}Init Duration: 240.00 ms\t"
RESTORED = f"{TEXT}Restore Duration: 310.00 ms\tBilled Restore Duration: 31 ms\t"


def in_json(**metrics: float) -> str:
    """A report as Lambda writes it into a log in JSON."""
    record = {"requestId": "5f", "status": "success", "metrics": {"durationMs": 12.5, **metrics}}
    return json.dumps({"time": "2026-11-26T20:00:00Z", "type": "platform.report", "record": record})


def measured(*lines: str) -> SpeedMeter:
    speedometer = SpeedMeter()
    speedometer.read("\n".join(lines))
    return speedometer


@pytest.mark.parametrize(
    ("line", "cold"),
    [
        (COLD, 0.24),
        (RESTORED, 0.31),
        (in_json(initDurationMs=240.0), 0.24),
        (in_json(restoreDurationMs=310.0, billedRestoreDurationMs=31.0), 0.31),
    ],
    ids=["text", "text, SnapStart", "JSON", "JSON, SnapStart"],
)
def test_a_start_is_read_whatever_the_log_is_and_is_no_warm_call(line: str, cold: float) -> None:
    speed = measured("START", line).speed
    assert (speed.cold, speed.warm) == (cold, None)


@pytest.mark.parametrize("line", [TEXT, in_json()])
def test_a_call_without_a_start_is_a_warm_one(line: str) -> None:
    speed = measured(line).speed
    assert (speed.cold, speed.warm) == (None, 0.0125)


@pytest.mark.parametrize(
    "line",
    [
        "platform.report",
        '{"type": "platform.report"}',
        '{"type": "platform.report", "record": null}',
        '{"type": "platform.report", "record": {"metrics": {"durationMs": "long"}}}',
        '{"type": "platform.report", "record": {"metrics": [1]}}',
        '{"type": "mine", "record": {"metrics": {"durationMs": 1}}, "of": "platform.report"}',
        '["platform.report"]',
        '{"platform.report": ' + "[" * 10_000,
        "they say REPORT \tDuration: 1 ms\t",
        "REPORT \tDuration: 1.2.3 ms\t",
        in_json(initDurationMs=10**400),
    ],
)
def test_what_a_function_prints_is_no_report(line: str) -> None:
    speed = measured(line).speed
    assert (speed.cold, speed.warm) == (None, None)


@pytest.mark.parametrize(("printed", "line"), [(in_json(initDurationMs=1.0), TEXT), (COLD, TEXT)])
def test_what_a_function_prints_before_the_report_is_none(printed: str, line: str) -> None:
    speed = measured(printed, line).speed
    assert (speed.cold, speed.warm) == (None, 0.0125)


def test_a_budget_is_held_by_a_restored_start() -> None:
    assert measured(RESTORED).check(0.4, "orders") == ""
    with pytest.raises(
        FunctionTestFailed, match="orders takes 310 ms to start; the budget is 300 ms"
    ):
        measured(RESTORED).check(0.3, "orders")


@pytest.mark.parametrize(
    ("speedometer", "why"),
    [
        (SpeedMeter(), "no test calls it directly"),
        (measured("said"), "its log has no report by Lambda"),
        (measured(TEXT), "every call ran in an execution environment that was already started"),
    ],
    ids=["no call", "no report", "warm"],
)
def test_a_budget_that_cannot_be_judged_says_why(speedometer: SpeedMeter, why: str) -> None:
    says = speedometer.check(0.3, "orders")
    assert says.startswith("The cold start of orders was not measured, so its budget of 300 ms")
    assert why in says
