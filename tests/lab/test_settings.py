"""What a function has besides its versions, and how a setting is taken away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.lab.making import REGION, Function, Session, account, refused

QUEUE = f"arn:aws:sqs:{REGION}:{{}}:dead"
KEY = f"arn:aws:kms:{REGION}:000000000000:key/orders"
ACCESS_POINT = f"arn:aws:elasticfilesystem:{REGION}:000000000000:access-point/fsap-{'0' * 17}"


def configured(function: Function) -> dict[str, Any]:
    found: dict[str, Any] = function.api.get_function_configuration(FunctionName=function.name)
    return found


# ---------------------------------------------------------------- taken away


@pytest.mark.lab
@pytest.mark.parametrize(
    ("member", "value", "nothing"),
    [
        ("DeadLetterConfig", {"TargetArn": QUEUE.format("000000000000")}, {"TargetArn": ""}),
        ("KMSKeyArn", KEY, ""),
        ("FileSystemConfigs", [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/data"}], []),
    ],
)
def test_an_empty_value_takes_a_setting_away(
    live: Function, member: str, value: Any, nothing: Any
) -> None:
    live.api.update_function_configuration(FunctionName=live.name, **{member: value})
    live.settle()
    assert configured(live)[member] == value
    live.api.update_function_configuration(FunctionName=live.name, MemorySize=256)
    live.settle()
    assert configured(live)[member] == value  # what is left out stays
    live.api.update_function_configuration(FunctionName=live.name, **{member: nothing})
    live.settle()
    assert not configured(live).get(member)


@pytest.mark.lab
def test_a_version_with_a_snapshot_is_of_the_same_content(function: Function) -> None:
    function.create(Runtime="python3.12", SnapStart={"ApplyOn": "PublishedVersions"})
    assert configured(function)["SnapStart"]["OptimizationStatus"] == "Off"
    version = function.publish()
    told = function.api.get_function_configuration(FunctionName=function.name, Qualifier=version)
    assert told["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert function.publish() == version


# ---------------------------------------------------------------- concurrency


def test_reserved_concurrency_is_of_the_function(live: Function) -> None:
    named = {"FunctionName": live.name}
    assert "ReservedConcurrentExecutions" not in live.api.get_function_concurrency(**named)
    live.api.put_function_concurrency(ReservedConcurrentExecutions=0, **named)
    assert live.api.get_function_concurrency(**named)["ReservedConcurrentExecutions"] == 0
    live.api.delete_function_concurrency(**named)
    assert "ReservedConcurrentExecutions" not in live.api.get_function_concurrency(**named)


@pytest.mark.lab
def test_provisioned_concurrency_is_in_progress_at_first(live: Function) -> None:
    live.publish()
    live.api.create_alias(FunctionName=live.name, Name="live", FunctionVersion="1")
    one = {"FunctionName": live.name, "Qualifier": "live"}
    read = live.api.get_provisioned_concurrency_config
    assert refused(read, **one) == ("ProvisionedConcurrencyConfigNotFoundException", 404)
    latest = {**one, "Qualifier": "$LATEST", "ProvisionedConcurrentExecutions": 2}
    put = live.api.put_provisioned_concurrency_config
    assert refused(put, **latest) == ("InvalidParameterValueException", 400)
    with paced(provisioned=0.5):
        assert put(ProvisionedConcurrentExecutions=2, **one)["Status"] == "IN_PROGRESS"
        assert read(**one)["AllocatedProvisionedConcurrentExecutions"] == 0
    time.sleep(0.7)
    now = read(**one)
    assert (now["Status"], now["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)


# ---------------------------------------------------------------- asynchronous invocations


def test_what_is_not_given_of_asynchronous_invocations_is_reset(live: Function) -> None:
    live.publish()
    live.api.create_alias(FunctionName=live.name, Name="live", FunctionVersion="1")
    of_alias = {"FunctionName": live.name, "Qualifier": "live"}
    read = live.api.get_function_event_invoke_config
    assert refused(read, **of_alias) == ("ResourceNotFoundException", 404)
    put = live.api.put_function_event_invoke_config
    put(MaximumRetryAttempts=0, MaximumEventAgeInSeconds=90, **of_alias)
    put(MaximumRetryAttempts=1, **of_alias)
    now = read(**of_alias)
    assert now["MaximumRetryAttempts"] == 1
    assert now.get("MaximumEventAgeInSeconds", 21600) == 21600
    assert refused(read, FunctionName=live.name) == ("ResourceNotFoundException", 404)
    live.api.delete_function_event_invoke_config(**of_alias)
    assert refused(read, **of_alias) == ("ResourceNotFoundException", 404)


# ---------------------------------------------------------------- the URL


def test_cors_and_mode_of_a_url_are_replaced_as_given(live: Function) -> None:
    named = {"FunctionName": live.name}
    cors = {"AllowOrigins": ["https://example.com"], "MaxAge": 60}
    mode = {"InvokeMode": "RESPONSE_STREAM"}
    live.api.create_function_url_config(AuthType="AWS_IAM", Cors=cors, **mode, **named)
    live.api.update_function_url_config(AuthType="AWS_IAM", **named)
    now = live.api.get_function_url_config(**named)
    assert (now["Cors"], now["InvokeMode"]) == (cors, "RESPONSE_STREAM")
    live.api.update_function_url_config(Cors={}, InvokeMode="BUFFERED", **named)
    now = live.api.get_function_url_config(**named)
    assert (now.get("Cors") or {}, now["InvokeMode"]) == ({}, "BUFFERED")


# ---------------------------------------------------------------- logs, alarms, tags


def test_a_log_group_is_created_once_and_keeps_its_events_as_told(function: Function) -> None:
    logs: Any = boto3.client("logs")
    group = {"logGroupName": f"/aws/lambda/{function.name}"}
    logs.create_log_group(**group)
    assert refused(logs.create_log_group, **group) == ("ResourceAlreadyExistsException", 400)

    def days() -> Any:
        prefix = group["logGroupName"]
        (found,) = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        return found.get("retentionInDays")

    assert days() is None
    logs.put_retention_policy(retentionInDays=30, **group)
    assert days() == 30
    logs.delete_retention_policy(**group)
    assert days() is None
    logs.delete_log_group(**group)


def test_an_alarm_is_replaced_as_a_whole(function: Function) -> None:
    api: Any = boto3.client("cloudwatch")
    name = f"lambda-fast-deploy/{function.name}/Errors"
    alarm = {
        "AlarmName": name,
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function.name}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    api.put_metric_alarm(Threshold=0, AlarmDescription="first", **alarm)
    api.put_metric_alarm(Threshold=2, **alarm)
    prefix = name.removesuffix("Errors")
    (found,) = api.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    assert (found["Threshold"], found.get("AlarmDescription", "")) == (2.0, "")
    assert found.get("AlarmActions", []) == []
    api.delete_alarms(AlarmNames=[name])
    assert api.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"] == []


@pytest.mark.lab
def test_functions_are_found_by_a_tag(live: Function) -> None:
    arn = configured(live)["FunctionArn"]
    live.api.tag_resource(Resource=arn, Tags={"lab": live.name})
    found = boto3.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "lab", "Values": [live.name]}], ResourceTypeFilters=["lambda:function"]
    )
    assert [each["ResourceARN"] for each in found["ResourceTagMappingList"]] == [arn]


# ---------------------------------------------------------------- permissions


@pytest.mark.lab
def test_keys_file_systems_logs_and_alarms_have_their_own_permissions(
    live: Function, user: Session
) -> None:
    arn = configured(live)["FunctionArn"]

    def message(call: Callable[..., Any], **arguments: Any) -> str:
        code, status = refused(call, **arguments)
        assert (code[:12], status // 100) == ("AccessDenied", 4)
        with pytest.raises(Exception, match="not authorized") as caught:
            call(**arguments)
        return str(caught.value)

    mine = user(("lambda:*", arn))
    api: Any = mine.client("lambda")
    key = {"FunctionName": live.name, "KMSKeyArn": KEY}
    assert f"kms:CreateGrant on resource: {KEY}" in message(
        api.update_function_configuration, **key
    )
    mount = [{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/data"}]
    assert "elasticfilesystem:DescribeMountTargets" in message(
        api.update_function_configuration, FunctionName=live.name, FileSystemConfigs=mount
    )
    group = f"/aws/lambda/{live.name}"
    where = f"arn:aws:logs:{REGION}:{account()}:log-group:{group}:*"
    logs: Any = mine.client("logs")
    assert f"logs:CreateLogGroup on resource: {where}" in message(
        logs.create_log_group, logGroupName=group
    )
    alarm = f"arn:aws:cloudwatch:{REGION}:{account()}:alarm:{live.name}"
    metrics: Any = mine.client("cloudwatch")
    assert f"cloudwatch:DeleteAlarms on resource: {alarm}" in message(
        metrics.delete_alarms, AlarmNames=[live.name]
    )
