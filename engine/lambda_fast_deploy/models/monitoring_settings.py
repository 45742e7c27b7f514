"""The retention of a function's log, and its alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.iam import attribute_permissions
from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.function_settings import (
    Call,
    FunctionSetting,
    NamesSetting,
    SettingTarget,
)
from lambda_fast_deploy.models.function_tests import NeededPermission
from lambda_fast_deploy.models.metric_alarms import METRICS, Alarms
from lambda_fast_deploy.state.marks import ALARMS

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function

# What the configuration determines of an alarm (API: PutMetricAlarm)
_MEMBERS = (
    *("AlarmDescription", "Dimensions", "Namespace", "MetricName", "Statistic", "Period"),
    *("EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions"),
)


def alarm_prefix(name: str) -> str:
    """The prefix of the names of a function's alarms."""
    return f"{ALARMS}{name}/"


def log_group_of(function: Function) -> str:
    """The log group of a function: the configured one, or Lambda's default."""
    return str(function.configuration.logging.get("LogGroup") or f"/aws/lambda/{function.name}")


class RetentionSetting(FunctionSetting):
    """The days that a log group keeps its events (API: CloudWatch Logs); ``""`` for ever."""

    __slots__ = ()

    @property
    def outlives_function(self) -> bool:
        return True

    def permissions(
        self, function: Function, partition: str, region: str, account: str
    ) -> tuple[NeededPermission, ...]:
        group = f"log-group:{log_group_of(function)}:*"
        return (
            NeededPermission(attribute_permissions.FIND_LOG_GROUPS, "*"),
            NeededPermission(
                attribute_permissions.KEEP_LOGS, str(Arn(partition, "logs", region, account, group))
            ),
        )

    def look(self, function: Function) -> Call:
        return Call(self.get, {"logGroupNamePrefix": log_group_of(function)}, "logs")

    def observe(self, answer: Mapping[str, Any], function: Function) -> Any:
        groups = {each["logGroupName"]: each for each in answer.get("logGroups", ())}
        return groups.get(log_group_of(function), {}).get(self.member, self.default)

    def write(self, target: SettingTarget, value: Any) -> list[Call]:
        """Creates the group, too, because Lambda creates it only when the function logs."""
        group = {"logGroupName": log_group_of(target.function)}
        if value == self.default:
            return [Call(self.delete, group, "logs")]
        return [
            Call("create_log_group", group, "logs", may_exist=True),
            Call(self.put, {**group, self.member: value}, "logs"),
        ]

    def shown(self, value: Any) -> str:
        return f"{value} d" if value else "none"


class AlarmsSetting(NamesSetting):
    """CloudWatch alarms by their names, as parameters of ``PutMetricAlarm``.

    A function's alarms share a prefix, so that those of others stay.
    """

    __slots__ = ()

    @property
    def outlives_function(self) -> bool:
        return True

    def permissions(
        self, function: Function, partition: str, region: str, account: str
    ) -> tuple[NeededPermission, ...]:
        alarms = f"alarm:{alarm_prefix(function.name)}*"
        return (
            NeededPermission(attribute_permissions.FIND_ALARMS, "*"),
            NeededPermission(
                attribute_permissions.SET_ALARMS,
                str(Arn(partition, "cloudwatch", region, account, alarms)),
            ),
        )

    def read(self, value: Mapping[str, Any]) -> Alarms:
        return Alarms(**value)

    def desired(self, function: Function) -> Mapping[str, Any] | None:
        """The parameters of each alarm that is desired; ``None`` for those that are not."""
        alarms = function.configuration.alarms
        if alarms is None:
            return None
        of_function = {"Dimensions": [{"Name": "FunctionName", "Value": function.name}]}
        desired = alarms.of_metrics(function.configuration.timeout or 0)
        return {
            f"{alarm_prefix(function.name)}{metric}": (
                {
                    "AlarmDescription": f"{metric} of {function.name}",
                    **of_function,
                    **desired[metric],
                }
                if metric in desired
                else None
            )
            for metric in METRICS
        }

    def look(self, function: Function) -> Call:
        prefix = alarm_prefix(function.name)
        return Call(self.get, {"AlarmNamePrefix": prefix}, "cloudwatch")

    def observe(self, answer: Mapping[str, Any], _function: Function) -> Mapping[str, Any]:
        """The alarms, without what the configuration does not determine."""
        return {
            each["AlarmName"]: {m: each[m] for m in _MEMBERS if each.get(m) not in (None, [])}
            for each in answer.get(self.member, ())
        }

    def change(self, observed: Mapping[str, Any], sent: Mapping[str, Any]) -> AttributeChange:
        """The thresholds that change, by the last part of the alarms' names."""
        one, other = (
            ", ".join(
                f"{name.rpartition('/')[2].lower()} > {alarm['Threshold']:g}"
                for name in sent
                if (alarm := alarms.get(name))
            )
            for alarms in (observed, sent)
        )
        return AttributeChange(self.key, one or "none", other or "none")

    def write(self, _target: SettingTarget, value: Mapping[str, Any]) -> list[Call]:
        removed = [name for name, alarm in value.items() if alarm is None]
        return [
            *(
                Call(self.put, {"AlarmName": name, **alarm}, "cloudwatch")
                for name, alarm in value.items()
                if alarm is not None
            ),
            *([Call(self.delete, {"AlarmNames": removed}, "cloudwatch")] if removed else []),
        ]
