"""Alarms and log groups that a stack gets for its functions, as resources of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.resources import Resources

PERIOD = 300  # seconds
TIMEOUT = 3  # seconds; Lambda's default


def alarms_of(
    function: str, known: Mapping[str, Any], resources: Resources, stack: Stack
) -> dict[str, Any]:
    """The alarms of a function, by their logical ids.

    Args:
        function: its logical id.
        known: the resources that there are; what is among them is left as it is.
        resources: the template's resources.
        stack: which alarms are wanted.

    Raises:
        Invalid: the function's timeout is not known here.
    """
    wanted = stack.alarms
    made: dict[str, Any] = {}
    if wanted.errors is not None:
        made["Errors"] = _alarm(function, "Errors", "Sum", wanted.errors)
    if wanted.throttles is not None:
        made["Throttles"] = _alarm(function, "Throttles", "Sum", wanted.throttles)
    if wanted.duration is not None:
        timeout = str(resources.of_function(function, "Timeout", TIMEOUT))
        if not re.fullmatch(r"[0-9]{1,3}", timeout):
            says = f"an alarm on the duration of {function} needs a Timeout that is a number"
            raise Invalid([Problem(says, stack.place)])
        limit = round(int(timeout) * 1000 * wanted.duration)  # the metric is in milliseconds
        made["Duration"] = _alarm(function, "Duration", "Maximum", limit)
    found = {}
    for metric, alarm in made.items():
        if wanted.notify:
            alarm["Properties"]["AlarmActions"] = [wanted.notify]
        if condition := known[function].get("Condition"):
            alarm["Condition"] = condition
        if (logical := f"{function}{metric}Alarm") not in known:
            found[logical] = alarm
    return found


def _alarm(function: str, metric: str, statistic: str, threshold: int) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": {"Fn::Sub": f"{metric} of ${{{function}}}"},
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}],
            "Statistic": statistic,
            "Period": PERIOD,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    }


def log_groups_of(function: str, resources: dict[str, Any], stack: Stack) -> None:
    """Let a function log into a group of the stack's own, which keeps logs as long as is asked.

    The group that Lambda makes by itself cannot become part of a stack once it is there. A function
    that names a group already keeps that.
    """
    if stack.log_retention is None:
        return
    resource, logical = resources[function], f"{function}LogGroup"
    properties = resource.get("Properties") or {}
    logging = properties.get("LoggingConfig") or {}
    if not isinstance(logging, dict) or "LogGroup" in logging or logical in resources:
        return
    group: dict[str, Any] = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": stack.log_retention},
    }
    if condition := resource.get("Condition"):
        group["Condition"] = condition
    resources[logical] = group
    logging = {**logging, "LogGroup": {"Ref": logical}}
    resource["Properties"] = {**properties, "LoggingConfig": logging}
