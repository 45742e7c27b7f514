"""Calls and errors of a version, and alarms (API: CloudWatch)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lambda_fast_deploy.adapters.aws.session import Aws

# Lambda sends its metrics once a minute (Lambda developer guide, "Viewing metrics").
PERIOD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """Calls of a version, how many of them failed, and the ``newest`` minute of its alias' calls.

    That is its beginning, or ``None`` while no call is shown. By then, all calls of earlier minutes
    are shown.
    """

    every: int = 0
    failed: int = 0
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: its ``state`` (OK, ALARM, INSUFFICIENT_DATA), and the reason of that.

    ``since`` is when it got that state (CloudWatch API, MetricAlarm, StateTransitionedTimestamp);
    ``None`` if it never had another one. ``span`` is the number of seconds above the threshold
    before it goes off; 0 for one that combines other alarms, or metrics.
    """

    state: str
    reason: str
    since: datetime | None
    span: float

    @property
    def rings(self) -> bool:
        """Whether it is in ALARM state."""
        return self.state == "ALARM"


class Metrics:
    """CloudWatch in one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def now(self) -> datetime:
        """The time by AWS's clock."""
        return self._aws.now()

    def calls(self, name: str, alias: str, version: str, since: datetime) -> CallMetrics:
        """Calls of a version through an alias, as far as CloudWatch shows them.

        The dimension ExecutedVersion separates the versions of a weighted alias (Lambda developer
        guide, "Types of metrics"). CloudWatch shows a call one to three minutes late.
        """
        users = [
            {"Name": "FunctionName", "Value": name},
            {"Name": "Resource", "Value": f"{name}:{alias}"},
        ]
        of_version = [*users, {"Name": "ExecutedVersion", "Value": version}]
        queries = {
            "all": ("Invocations", users),
            "calls": ("Invocations", of_version),
            "failed": ("Errors", of_version),
        }
        answer = self._aws.call(
            self._region,
            "cloudwatch",
            "get_metric_data",
            StartTime=since.replace(second=0, microsecond=0),
            EndTime=self.now() + PERIOD,
            MetricDataQueries=[
                {
                    "Id": identity,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": metric,
                            "Dimensions": dimensions,
                        },
                        "Period": int(PERIOD.total_seconds()),
                        "Stat": "Sum",
                    },
                }
                for identity, (metric, dimensions) in queries.items()
            ],
        )
        shown: dict[str, Any] = {result["Id"]: result for result in answer["MetricDataResults"]}
        sums = {identity: int(sum(result["Values"])) for identity, result in shown.items()}
        newest = max(shown["all"]["Timestamps"], default=None) if "all" in shown else None
        return CallMetrics(sums.get("calls", 0), sums.get("failed", 0), newest)

    def alarms(self, names: Iterable[str]) -> dict[str, Alarm]:
        """The named alarms that exist."""
        listed = list(names)
        if not listed:
            return {}
        existing = self._aws.call(
            self._region,
            "cloudwatch",
            "describe_alarms",
            AlarmNames=listed,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        return {
            alarm["AlarmName"]: _alarm(alarm)
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in existing.get(kind, [])
        }

    def with_prefix(self, prefix: str) -> tuple[str, ...]:
        """The names of the alarms with a prefix."""
        pages = self._aws.pages(
            self._region, "cloudwatch", "describe_alarms", AlarmNamePrefix=prefix
        )
        return tuple(each["AlarmName"] for page in pages for each in page.get("MetricAlarms", []))

    def delete_alarms(self, names: Iterable[str]) -> None:
        """Delete alarms."""
        self._aws.call(self._region, "cloudwatch", "delete_alarms", AlarmNames=list(names))


def _alarm(description: Mapping[str, Any]) -> Alarm:
    periods = description.get("DatapointsToAlarm") or description.get("EvaluationPeriods", 0)
    span = float(description.get("Period", 0) * periods)
    return Alarm(
        description["StateValue"],
        description.get("StateReason", ""),
        description.get("StateTransitionedTimestamp"),
        span,
    )
