"""Adds alarms and log groups for functions to a packaged template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import Stack
from lambda_fast_deploy.stacks.resources import Resources

TIMEOUT = 3  # seconds; Lambda's default


def alarms_of(
    function: str, existing: Mapping[str, Any], resources: Resources, stack: Stack
) -> dict[str, Any]:
    """The alarms of a function, by their logical ids.

    Args:
        function: its logical id.
        existing: the resources of the packaged template, which take precedence.
        resources: the resources of the template.
        stack: the stack with the thresholds.

    Raises:
        Invalid: the timeout of the function is not a literal number.
    """
    timeout = TIMEOUT
    if stack.alarms.duration is not None:
        text = str(resources.of_function(function, "Timeout", TIMEOUT))
        if not re.fullmatch(r"[0-9]{1,3}", text):
            problem = f"{function} needs a literal number as Timeout for an alarm on its duration"
            raise Invalid([Problem(problem, stack.place)])
        timeout = int(text)
    added = {}
    for metric, properties in stack.alarms.of_metrics(timeout).items():
        alarm = _alarm(function, metric, properties)
        if condition := existing[function].get("Condition"):
            alarm["Condition"] = condition
        if (logical := f"{function}{metric}Alarm") not in existing:
            added[logical] = alarm
    return added


def _alarm(function: str, metric: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": {"Fn::Sub": f"{metric} of ${{{function}}}"},
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}],
            **properties,
        },
    }


def log_groups_of(function: str, resources: dict[str, Any], stack: Stack) -> None:
    """Add a log group with the desired retention to the stack, and let a function log into it.

    An existing group, created by Lambda, cannot become part of a stack. A function that already has
    a group in the template keeps it.
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
