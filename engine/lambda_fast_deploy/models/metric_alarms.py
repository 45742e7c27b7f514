"""The CloudWatch alarms of a function, as the API and CloudFormation describe them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

METRICS = ("Errors", "Throttles", "Duration")
PERIOD = 300  # seconds


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarm thresholds of a function; ``None`` for no alarm.

    ``errors`` and ``throttles`` are invocations in five minutes, and ``duration`` is a fraction of
    the function's timeout. ``notify`` is the ARN of an SNS topic.
    """

    errors: int | None = None
    throttles: int | None = None
    duration: float | None = None
    notify: str = ""

    def of_metrics(self, timeout: int) -> dict[str, dict[str, Any]]:
        """Each alarm by its metric, without its dimensions.

        Args:
            timeout: of the function, in seconds.
        """
        limit = None if self.duration is None else round(timeout * 1000 * self.duration)
        thresholds = {
            "Errors": ("Sum", self.errors),
            "Throttles": ("Sum", self.throttles),
            "Duration": ("Maximum", limit),  # the metric is in milliseconds
        }
        actions = {"AlarmActions": [self.notify]} if self.notify else {}
        return {
            metric: {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Statistic": statistic,
                "Period": PERIOD,
                "EvaluationPeriods": 1,
                "Threshold": threshold,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                **actions,
            }
            for metric, (statistic, threshold) in thresholds.items()
            if threshold is not None
        }
