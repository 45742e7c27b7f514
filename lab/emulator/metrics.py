"""CloudWatch metrics of functions: each invocation counts once in each of its metrics.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from lab.emulator.answers import Answer

_NAMESPACE = "AWS/Lambda"
_BASIC = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")

# Reading drops old points by making new lists: none may be added to an old one meanwhile.
_lock = threading.Lock()
_evict_old_metrics = cloudwatch._evict_old_metrics
_get_metric_data = cloudwatch._get_metric_data
_get_metric_statistics = cloudwatch._get_metric_statistics

Points = list[dict[str, Any]]

# As the pace says: the seconds that CloudWatch takes to show what has happened, on AWS one to three
# minutes, and how many of them its minute has.
late = 0.0
minute = 60


def dimensions(config: dict[str, Any], qualifier: str | None) -> list[dict[str, str]]:
    """Return the sets of dimensions under which one invocation is counted.

    ``qualifier`` is what the caller named; ``config`` is that of the version which ran.
    """
    name = config["FunctionName"]
    resource = f"{name}:{qualifier}" if qualifier else name
    found: list[dict[str, str]] = [
        {},
        {"FunctionName": name},
        {"FunctionName": name, "Resource": resource},
    ]
    function = lambda_svc._functions.get(name) or {}
    if qualifier in function.get("aliases", {}):
        found.append({**found[2], "ExecutedVersion": config.get("Version", "$LATEST")})
    return found


def count(config: dict[str, Any], qualifier: str | None, failed: bool, duration: float) -> None:
    """Record one invocation, which took so many milliseconds."""
    for chosen in dimensions(config, qualifier):
        _record("Invocations", 1, "Count", chosen)
        _record("Errors", int(failed), "Count", chosen)
        _record("Duration", duration, "Milliseconds", chosen)


def emit_lambda_metrics(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
    """MiniStack's own count is replaced, but for Throttles, which it tells twice, once untimed."""
    if throttle and not duration_ms and not error:
        for chosen in ({}, {"FunctionName": name}):
            _record("Throttles", 1, "Count", chosen)


def points_of(namespace: str, name: str, wanted: list[dict[str, Any]] | None) -> Points:
    """Return the points of one metric: exactly these dimensions, or none at all; no newer ones."""
    key = cloudwatch._dims_key(cloudwatch._dims_from_list(wanted or []))
    shown = time.time() - late
    points = cloudwatch._metrics.get((namespace, name, key)) or []
    return [point for point in points if point["Timestamp"] <= shown]


def periods(points: Points, period: int, request: dict[str, Any]) -> dict[int, Points]:
    """Group points by period; a period counts whole if it starts within the time asked for.

    Clients send whole seconds: an end in this very second is meant to be now.
    """
    period = max(1, period * minute // 60)
    start = cloudwatch._parse_ts(request.get("StartTime")) or 0
    end = cloudwatch._parse_ts(request.get("EndTime"))
    found: dict[int, Points] = defaultdict(list)
    for point in points:
        moment = int(point["Timestamp"] // period) * period
        in_time = end is None or moment < end or moment == end == int(time.time())
        if start // period * period <= moment and in_time:
            found[moment].append(point)
    return dict(sorted(found.items()))


def get_metric_data(
    params: dict[str, Any], request: dict[str, Any], is_cbor: bool, is_json: bool = False
) -> Answer:
    """GetMetricData: exact dimensions, whole periods, the newest first unless asked otherwise."""
    if not (is_cbor or is_json):
        answer: Answer = _get_metric_data(params, request, is_cbor, is_json)
        return answer
    results = []
    for query in request.get("MetricDataQueries", []):
        result = {"Id": query.get("Id", ""), "Label": query.get("Label", query.get("Id", ""))}
        asked = query.get("MetricStat")
        if not asked:
            told = {"Code": "Unsupported", "Value": "The lab has no metric math"}
            result |= {"StatusCode": "InternalError", "Messages": [told]}
            results.append(result | {"Timestamps": [], "Values": []})
            continue
        metric, statistic = asked["Metric"], asked["Stat"]
        points = points_of(metric["Namespace"], metric["MetricName"], metric.get("Dimensions"))
        found = []
        for moment, group in periods(points, int(asked["Period"]), request).items():
            value = cloudwatch._stat_value(cloudwatch._calc_stats(group), statistic, group)
            if value is not None:
                found.append((cloudwatch._ts_iso(moment), value))
        if request.get("ScanBy") != "TimestampAscending":
            found.reverse()
        result["StatusCode"] = "Complete"
        result["Timestamps"] = [moment for moment, _ in found]
        result["Values"] = [value for _, value in found]
        if query.get("ReturnData", True):
            results.append(result)
    if is_cbor:
        results = [cloudwatch._cbor_metric_data_result(result) for result in results]
    return _ok({"MetricDataResults": results}, is_cbor)


def get_metric_statistics(
    params: dict[str, Any], request: dict[str, Any], is_cbor: bool, is_json: bool = False
) -> Answer:
    """GetMetricStatistics: exact dimensions, whole periods."""
    if not (is_cbor or is_json):
        answer: Answer = _get_metric_statistics(params, request, is_cbor, is_json)
        return answer
    name = request.get("MetricName", "")
    points = points_of(request.get("Namespace", ""), name, request.get("Dimensions"))
    found = []
    for moment, group in periods(points, int(request["Period"]), request).items():
        every = cloudwatch._calc_stats(group)
        wanted = request.get("Statistics") or []
        told: dict[str, Any] = {s: every[s] for s in wanted if s in _BASIC and s in every}
        extended = {
            statistic: cloudwatch._stat_value(every, statistic, group)
            for statistic in request.get("ExtendedStatistics") or []
        }
        if extended:
            told["ExtendedStatistics"] = extended
        found.append({"Timestamp": cloudwatch._ts_iso(moment), "Unit": group[0]["Unit"]} | told)
    if is_cbor:
        found = [cloudwatch._cbor_datapoint(each) for each in found]
    return _ok({"Datapoints": found, "Label": name}, is_cbor)


def evict_old_metrics() -> None:
    """Drop points of more than two weeks ago, while nobody adds one."""
    with _lock:
        _evict_old_metrics()


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._emit_lambda_metrics = emit_lambda_metrics
    cloudwatch._evict_old_metrics = evict_old_metrics
    cloudwatch._get_metric_data = get_metric_data
    cloudwatch._get_metric_statistics = get_metric_statistics


def _record(metric: str, value: float, unit: str, chosen: dict[str, str]) -> None:
    with _lock:
        cloudwatch.record_metric(_NAMESPACE, metric, value, unit, chosen)


def _ok(document: dict[str, Any], is_cbor: bool) -> Answer:
    answer: Answer = (cloudwatch._cbor_ok if is_cbor else cloudwatch._json_ok)(document)
    return answer
