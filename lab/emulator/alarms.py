"""Alarms: each looks at its own metric, and is evaluated whenever somebody looks at it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
Its periods end now, where those of AWS end on the minute: an alarm is in ALARM at once, and for
a period at least.
"""

from __future__ import annotations

import operator
import time
from typing import Any

from ministack.services import cloudwatch

from lab.emulator.answers import Answer
from lab.emulator.metrics import points_of

_BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_describe_alarms = cloudwatch._describe_alarms
_set_alarm_state = cloudwatch._set_alarm_state

# When the state of an alarm was set by SetAlarmState, by its ARN.
_set_by_hand: dict[str, float] = {}


def breaches(alarm: dict[str, Any], now: float) -> list[bool | None]:
    """Tell of each period, the newest first, whether it breaches; None if it has no data."""
    points = points_of(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions"))
    if alarm.get("Unit"):
        points = [point for point in points if point["Unit"] == alarm["Unit"]]
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    period, compare = alarm["Period"], _BREACHES[alarm["ComparisonOperator"]]
    found: list[bool | None] = []
    for number in range(alarm["EvaluationPeriods"]):
        end = now - number * period
        group = [point for point in points if end - period < point["Timestamp"] <= end]
        value = cloudwatch._stat_value(cloudwatch._calc_stats(group), statistic, group)
        found.append(compare(value, alarm["Threshold"]) if group and value is not None else None)
    return found


def state(found: list[bool | None], least: int, missing: str, before: str) -> str:
    """Return the state that follows: ``least`` periods must breach, ``missing`` ones are
    treated as the alarm says."""
    real = [breach for breach in found if breach is not None]
    absent = len(found) - len(real)
    breaching = sum(real) + (absent if missing == "breaching" else 0)
    if breaching >= least:
        return "ALARM"
    if missing == "missing":
        if not real:
            return "INSUFFICIENT_DATA"
        return "ALARM" if breaching >= min(least, len(real)) else "OK"
    if missing == "ignore" and absent and breaching == len(real):
        return before
    return "OK"


def evaluate(alarm: dict[str, Any]) -> None:
    """Bring an alarm's state up to date; one that was set by hand holds for a period."""
    now = time.time()
    if alarm.get("ComparisonOperator") not in _BREACHES or not alarm.get("MetricName"):
        return
    if now < _set_by_hand.get(alarm["AlarmArn"], 0) + alarm["Period"]:
        return
    before = alarm["StateValue"]
    found = breaches(alarm, now)
    least = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    after = state(found, least, alarm.get("TreatMissingData") or "missing", before)
    if after == before:
        return
    reason = (
        f"Threshold Crossed: {found.count(True)} of the last {len(found)} datapoints breach "
        f"({alarm['ComparisonOperator']} {alarm['Threshold']})"
    )
    if after == "INSUFFICIENT_DATA":
        reason = "Insufficient Data: no datapoints were received"
    alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(now))
    alarm["StateTransitionedTimestamp"] = now
    cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def describe_alarms(*request: Any) -> Answer:
    """DescribeAlarms: as they are now."""
    cloudwatch._evaluate_all_alarms()
    answer: Answer = _describe_alarms(*request)
    return answer


def set_alarm_state(params: dict[str, Any], request: dict[str, Any], *rest: Any) -> Answer:
    """SetAlarmState: until the next evaluation."""
    alarm = cloudwatch._alarms.get(request.get("AlarmName", ""))
    before = alarm and alarm["StateValue"]
    answer: Answer = _set_alarm_state(params, request, *rest)
    if answer[0] == 200 and alarm:
        _set_by_hand[alarm["AlarmArn"]] = time.time()
        if alarm["StateValue"] != before:
            alarm["StateTransitionedTimestamp"] = time.time()
    return answer


def teach() -> None:
    """Install every behaviour of this module."""
    cloudwatch._evaluate_alarm = evaluate
    cloudwatch._describe_alarms = describe_alarms
    cloudwatch._set_alarm_state = set_alarm_state
