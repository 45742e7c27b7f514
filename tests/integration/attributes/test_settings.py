"""Settings that no version has: concurrency, asynchronous invocations, log retention, alarms."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.integration.attributes.conftest import CODE, QUEUE, TOPIC, give
from tests.support import Project, Users, faults

FIRST = f"""\
timeout: 10
concurrency: {{reserved: 5, provisioned: 1}}
recursive-loop: allow
async: {{retries: 0, on-failure: "{QUEUE}"}}
logging: {{retention: 30}}
alarms: {{errors: 0, duration: 80%, notify: "{TOPIC}"}}
"""
SECOND = f"""\
timeout: 10
concurrency: {{reserved: 6, provisioned: 2}}
async: {{max-age: 1m, on-success: "{QUEUE}-2"}}
logging: {{retention: 7}}
alarms: {{errors: 3, throttles: 1}}
"""
NONE = """\
timeout: 10
concurrency: {reserved: none, provisioned: none}
recursive-loop: terminate
async: {on-failure: none, on-success: none, retries: 2, max-age: 360m}
logging: {retention: none}
alarms: {}
"""
SAID_FIRST = (
    "concurrency.reserved none → 5",
    "concurrency.provisioned none → 1",
    "recursive-loop terminate → allow",
    f"async retries 2, on-failure none → retries 0, on-failure {QUEUE}",
    "logging.retention none → 30 d",
    "alarms none → errors > 0, duration > 8000",
)
SAID_SECOND = (
    "concurrency.reserved 5 → 6",
    "concurrency.provisioned 1 → 2",
    f"async max-age 21600 s, on-success none → max-age 60 s, on-success {QUEUE}-2",
    "logging.retention 30 d → 7 d",
    "alarms errors > 0, duration > 8000 → errors > 3, throttles > 1",
)
OF_FIRST = {
    "reserved": 5,
    "provisioned": 1,
    "loop": "Allow",
    "async": (0, 21600, {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}),
    "retention": 30,
    "alarms": {"Errors": (0.0, [TOPIC]), "Duration": (8000.0, [TOPIC])},
}
OF_SECOND = {
    "reserved": 6,
    "provisioned": 2,
    "loop": "Allow",
    "async": (
        0,
        60,
        {"OnSuccess": {"Destination": f"{QUEUE}-2"}, "OnFailure": {"Destination": QUEUE}},
    ),
    "retention": 7,
    "alarms": {"Errors": (3.0, []), "Throttles": (1.0, [])},
}
OF_NONE: dict[str, Any] = {
    "reserved": None,
    "provisioned": None,
    "loop": "Terminate",
    "async": (2, 21600, {"OnSuccess": {}, "OnFailure": {}}),
    "retention": None,
    "alarms": {},
}


def observed(aws: Any, name: str) -> dict[str, Any]:
    """What AWS has of all settings."""
    alias = {"FunctionName": name, "Qualifier": "live"}
    try:
        config = aws.get_provisioned_concurrency_config(**alias)
    except aws.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        config = {}
    asynchronous = aws.get_function_event_invoke_config(**alias)
    group, prefix = f"/aws/lambda/{name}", f"lambda-fast-deploy/{name}/"
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    alarms = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    reserved = aws.get_function_concurrency(FunctionName=name)
    return {
        "reserved": reserved.get("ReservedConcurrentExecutions"),
        "provisioned": config.get("RequestedProvisionedConcurrentExecutions"),
        "loop": aws.get_function_recursion_config(FunctionName=name)["RecursiveLoop"],
        "async": (
            asynchronous["MaximumRetryAttempts"],
            asynchronous["MaximumEventAgeInSeconds"],
            asynchronous["DestinationConfig"],
        ),
        "retention": groups[0].get("retentionInDays"),
        "alarms": {
            each["AlarmName"].removeprefix(prefix): (each["Threshold"], each["AlarmActions"])
            for each in alarms
        },
    }


def test_settings_are_set_changed_kept_and_rolled_back(
    project: Project, name: str, aws: Any
) -> None:
    give(project, FIRST)
    run = project.deploy()
    assert run.code == 0
    assert all(words in run.log for words in SAID_FIRST)
    assert observed(aws, name) == OF_FIRST
    assert project.deploy().changes == []
    give(project, SECOND)
    plan = project.run("plan")
    assert plan.changes == []
    assert all(words in plan.out for words in SAID_SECOND)
    status = project.run("status").out
    assert "concurrency.reserved, concurrency.provisioned, async, logging.retention" in status
    assert project.deploy().code == 0
    assert observed(aws, name) == OF_SECOND
    assert project.deploy().changes == []
    give(project, NONE + "url: public\n")
    project.write("src/app.py", CODE + "# new\n")
    with faults({"operation": "CreateFunctionUrlConfig", "status": 400, "times": 9}):
        run = project.deploy()
    assert (run.code, run.function["outcome"]) == (1, "rolled-back")
    assert "concurrency.reserved of" in str(run.function["rolled_back"])
    assert observed(aws, name) == OF_SECOND
    give(project, NONE)
    assert project.deploy().code == 0
    assert observed(aws, name) == OF_NONE
    assert project.deploy().changes == []


def test_a_failed_first_release_leaves_no_alarms(project: Project, name: str) -> None:
    give(project, FIRST + "url: public\n")
    with faults({"operation": "CreateFunctionUrlConfig", "status": 400, "times": 9}):
        assert project.deploy().code == 1
    prefix = f"lambda-fast-deploy/{name}/"
    found = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    assert found == []


def test_provisioned_concurrency_is_waited_for(project: Project, name: str, aws: Any) -> None:
    give(project, "concurrency: {provisioned: 3}")
    with paced(provisioned=4):
        run = project.deploy()
    assert run.code == 0
    assert f"alias live of {name} has 0 of 3 provisioned executions" in run.log
    ready = aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    assert ready["Status"] == "READY"


def test_provisioned_concurrency_waits_for_weights(project: Project, name: str, aws: Any) -> None:
    """While AWS moves an alias, it has weights, and PutProvisionedConcurrencyConfig is refused."""
    give(project, "concurrency: {provisioned: 1}")
    assert project.deploy().code == 0
    aws.publish_version(FunctionName=name)
    give(project, "memory: 256\nconcurrency: {provisioned: 1}")
    with paced(provisioned=5):
        run = project.deploy()
        assert run.code == 0
        aws.update_alias(FunctionName=name, Name="live", FunctionVersion="1")
        give(project, "concurrency: {provisioned: 2}")
        run = project.deploy()
    assert run.code == 0
    ready = aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    assert ready["AllocatedProvisionedConcurrentExecutions"] == 2


def test_a_provision_that_fails_is_rolled_back(project: Project, name: str, aws: Any) -> None:
    assert project.deploy().code == 0
    give(project, "concurrency: {provisioned: 900}")
    project.write("src/app.py", CODE + "# new\n")
    failed = {
        "RequestedProvisionedConcurrentExecutions": 900,
        "Status": "FAILED",
        "StatusReason": "FUNCTION_ERROR_INIT_FAILURE",
    }
    rule = {"operation": "GetProvisionedConcurrencyConfig", "status": 200}
    with faults({**rule, "times": 1, "skip": 1, "body": json.dumps(failed)}):
        run = project.deploy()
    assert run.code == 1
    assert "could not be provided: FUNCTION_ERROR_INIT_FAILURE" in run.log
    assert aws.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    with pytest.raises(aws.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")


def test_a_canary_goes_before_more_provisioned_concurrency(
    project: Project, name: str, aws: Any
) -> None:
    """While an alias has weights, it gets no other provisioned concurrency."""
    give(project, "concurrency: {provisioned: 1}\nurl: public")
    first = project.deploy()
    assert first.code == 0
    canary = "canary: {weight: 50%, for: 1s}"
    give(project, f"memory: 256\nconcurrency: {{provisioned: 2}}\nurl: public\n{canary}")
    # Calls end the canary: CloudWatch shows them.
    with paced(provisioned=1, minute=1), Users(first.function["url"]):
        run = project.deploy()
    assert run.code == 0
    assert f"canary:{name}" in run.log
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert (alias["FunctionVersion"], alias.get("RoutingConfig")) == ("2", None)
    ready = aws.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    assert ready["AllocatedProvisionedConcurrentExecutions"] == 2
