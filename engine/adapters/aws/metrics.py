"""How a version fares with its users (API: CloudWatch)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from engine.adapters.aws.session import Aws


class Metrics:
    """CloudWatch in one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def calls(self, name: str, alias: str, version: str, since: datetime) -> tuple[int, int]:
        """Calls of a version through an alias, and how many of them failed.

        The dimension ExecutedVersion tells the versions of a weighted alias apart (Lambda developer
        guide, "Types of metrics"). CloudWatch shows a call a minute or two late.
        """
        dimensions = [
            {"Name": "FunctionName", "Value": name},
            {"Name": "Resource", "Value": f"{name}:{alias}"},
            {"Name": "ExecutedVersion", "Value": version},
        ]
        found = self._aws.call(
            self._region,
            "cloudwatch",
            "get_metric_data",
            StartTime=since.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC),
            MetricDataQueries=[
                {
                    "Id": metric.lower(),
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": metric,
                            "Dimensions": dimensions,
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
                for metric in ("Invocations", "Errors")
            ],
        )
        sums: dict[str, Any] = {
            result["Id"]: sum(result["Values"]) for result in found["MetricDataResults"]
        }
        return int(sums.get("invocations", 0)), int(sums.get("errors", 0))

    def alarms(self, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        """The state of each alarm that exists (OK, ALARM, INSUFFICIENT_DATA), and its reason."""
        wanted = list(names)
        if not wanted:
            return {}
        found = self._aws.call(
            self._region,
            "cloudwatch",
            "describe_alarms",
            AlarmNames=wanted,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        return {
            alarm["AlarmName"]: (alarm["StateValue"], alarm.get("StateReason", ""))
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in found.get(kind, [])
        }
