"""Canaries: a part of the users' calls goes to the new version for a while, and is watched."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.support import Project, Run, Users, get

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    url: public
    tests: [health]
tests:
  health: {{http: /health, json: {{status: ok}}, within: 20s}}
"""
GOOD = """\
import json
VERSION = "{version}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "version": VERSION}})}}
"""
# It fails its users, and passes its test.
BAD = GOOD.format(version="two").replace(
    "    return", "    if event.get('rawPath') != '/health': raise ValueError('bad')\n    return"
)
# A whole clock that is off: of this project, of Python's library and of AWS's SDK.
SKEWED = """\
import datetime, sys, time
off, real, moment = float(sys.argv.pop(1)), time.time, datetime.datetime
class Kind(type):
    def __instancecheck__(cls, value): return isinstance(value, moment)
class Skewed(moment, metaclass=Kind):
    @classmethod
    def now(cls, tz=None): return moment.now(tz) + datetime.timedelta(seconds=off)
    @classmethod
    def utcnow(cls): return cls.now(datetime.timezone.utc).replace(tzinfo=None)
time.time, datetime.datetime = (lambda: real() + off), Skewed
from lambda_fast_deploy.__main__ import start
start()
"""


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    """One function with a URL, not deployed yet."""
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", GOOD.format(version="one"))
    return made


@pytest.fixture(autouse=True)
def _short_minutes() -> Iterator[None]:
    with paced(minute=1):
        yield


@contextmanager
def serving(run: Run, path: str = "/orders") -> Iterator[Users]:
    """Users of the function that a run has deployed."""
    assert run.code == 0
    with Users(run.function["url"], path) as users:
        yield users


def leads(aws: Any, name: str) -> tuple[str, dict[str, float]]:
    """Where the alias leads, and with which weights elsewhere."""
    alias = aws.get_alias(FunctionName=name, Name="live")
    return str(alias["FunctionVersion"]), dict(
        (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    )


def with_canary(project: Project, says: str) -> None:
    """Give the function a canary."""
    project.edit("lambda-deploy.yml", "    url: public", f"    canary: {{{says}}}\n    url: public")


CANARY = "    canary: {weight: 30%, for: 6s, max-error-rate: 5%}\n    url: public"


def test_a_canary_is_promoted_when_it_fares_well(project: Project, name: str, aws: Any) -> None:
    project.edit("lambda-deploy.yml", "    url: public", CANARY)
    first = project.deploy()
    assert f"No canary of {name}: it is the first version" in first.log
    project.write("src/app.py", GOOD.format(version="two"))
    with serving(first) as users:
        run = project.deploy()
    assert run.code == 0
    assert re.search(r"test canary:\S+ \(us-east-1\): [1-9]\d* calls, 0 failed", run.log)
    during = [body["version"] for _, _, body in users.answers]
    assert {"one", "two"} == set(during)
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert alias["FunctionVersion"] == "2"
    assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")


def test_a_canary_that_fares_badly_is_given_up(project: Project, name: str, aws: Any) -> None:
    project.edit("lambda-deploy.yml", "    url: public", CANARY)
    first = project.deploy()
    project.write("src/app.py", BAD)
    with Users(first.function["url"], "/orders") as users:
        run = project.deploy()
    assert run.code == 1
    assert re.search(
        r"[1-9]\d* of \d+ calls of version 2 failed during its canary; max-error-rate allows 5 %",
        run.log,
    )
    assert users.failed
    assert len(users.failed) < len(users.answers) / 2
    alias = aws.get_alias(FunctionName=name, Name="live")
    assert alias["FunctionVersion"] == "1"
    assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    assert get(first.function["url"], "/orders")[0] == 200


def test_an_alarm_ends_a_canary_and_one_that_was_killed_is_cleared(
    project: Project, name: str, aws: Any
) -> None:
    cloudwatch, alarm = boto3.client("cloudwatch"), f"alarm-{name}"
    canary = CANARY.replace("max-error-rate: 5%", f"alarms: [{alarm}]").replace("6s", "30s")
    project.edit("lambda-deploy.yml", "    url: public", canary)
    missing = project.deploy()
    assert missing.code == 3
    assert f"alarm '{alarm}' does not exist in us-east-1" in missing.log
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="Orders",
        MetricName="Lost",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    project.deploy()
    project.write("src/app.py", GOOD.format(version="two"))

    def weights() -> dict[str, float]:
        alias = aws.get_alias(FunctionName=name, Name="live")
        return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(project.deploy)
        while not weights():
            time.sleep(0.1)
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="orders lost")
        run = going.result()
    assert run.code == 1
    assert f"alarm {alarm} went off during the canary of version 2: orders lost" in run.log
    assert weights() == {}

    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="found")
    with project.deploying() as killed:
        while not weights():
            time.sleep(0.1)
        killed.kill()
    assert weights()
    project.write("src/app.py", GOOD.format(version="one"))
    project.edit("lambda-deploy.yml", canary, "    url: public")
    cleared = project.deploy()
    assert cleared.code == 0
    assert weights() == {}
    assert get(cleared.function["url"])[1]["version"] == "one"


def test_what_cloudwatch_shows_late_ends_a_canary(project: Project, name: str, aws: Any) -> None:
    with_canary(project, "weight: 100%, for: 1s")
    first = project.deploy()
    project.write("src/app.py", BAD)
    with paced(metrics=6, minute=1), serving(first):
        run = project.deploy()
    assert run.code == 1
    assert re.search(r"(\d+) of \1 calls of version 2 failed during its canary", run.log)
    assert "CloudWatch does not show the last calls yet" in run.log
    assert leads(aws, name) == ("1", {})


@pytest.mark.parametrize("off", [240, -240])
def test_the_clock_of_this_machine_does_not_matter(
    project: Project, name: str, aws: Any, off: int
) -> None:
    with_canary(project, "weight: 50%, for: 4s")
    first = project.deploy()
    project.write("src/app.py", BAD)
    with serving(first):
        run = subprocess.run(
            [sys.executable, "-c", SKEWED, str(off), "deploy"],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=False,
        )
    print(run.stderr)
    assert run.returncode == 1
    assert "calls of version 2 failed during its canary" in run.stderr
    assert leads(aws, name) == ("1", {})


def test_a_canary_of_which_nothing_is_seen_has_not_passed(
    project: Project, name: str, aws: Any
) -> None:
    with_canary(project, "weight: 0%, for: 1s")
    first = project.deploy()
    project.write("src/app.py", GOOD.format(version="two"))
    with serving(first):
        run = project.deploy()
    assert run.code == 1
    assert f"CloudWatch shows no call of version 2 of {name} during its canary" in run.log
    assert "canary: {unseen: pass}" in run.log
    assert leads(aws, name) == ("1", {})
    project.edit("lambda-deploy.yml", "for: 1s", "for: 1s, unseen: pass")
    with serving(first):
        passed = project.deploy()
    assert passed.code == 0
    assert f"CloudWatch shows no call of version 3 of {name} during its canary" in passed.log
    assert leads(aws, name) == ("3", {})


def test_an_alarm_that_rings_before_does_not_judge_until_it_was_silent(
    project: Project, name: str, aws: Any
) -> None:
    cloudwatch, alarm = boto3.client("cloudwatch"), f"alarm-{secrets.token_hex(4)}"
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="Orders",
        MetricName="Lost",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    def rings(state: str) -> None:
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="orders lost")

    with_canary(project, f"weight: 50%, for: 2s, alarms: [{alarm}]")
    first = project.deploy()
    rings("ALARM")
    project.write("src/app.py", GOOD.format(version="two"))
    with serving(first):
        run = project.deploy()
        assert run.code == 0
        start = f"Alarm {alarm} is already in ALARM state. The canary of version 2 of {name} "
        says = f"{start}ignores it until"
        assert f"{says} it has left that state: orders lost" in run.log
        project.edit("lambda-deploy.yml", "for: 2s", "for: 30s")
        project.write("src/app.py", GOOD.format(version="three"))
        with ThreadPoolExecutor(1) as pool:
            going = pool.submit(project.deploy)
            while not leads(aws, name)[1]:
                time.sleep(0.1)
            for state in ("OK", "ALARM"):  # between two looks
                rings(state)
            run = going.result()
    assert run.code == 1
    assert f"alarm {alarm} went off during the canary of version 3: orders lost" in run.log
    assert leads(aws, name) == ("2", {})


def test_a_canary_that_the_credentials_end_before_is_refused(
    project: Project, name: str, aws: Any
) -> None:
    with_canary(project, "weight: 50%, for: 30m")
    first = project.deploy()
    project.write("src/app.py", GOOD.format(version="two"))
    soon = (datetime.now(UTC) + timedelta(minutes=20)).isoformat()
    run = project.run("deploy", "--credentials-expire", soon)
    assert run.code == 3
    assert (
        f"error: the credentials expire in 20 minutes, and the canary of {name} can take 33"
        in run.log
    )
    assert run.changes == []
    assert leads(aws, name) == ("1", {})
    project.edit("lambda-deploy.yml", "for: 30m", "for: 1s")
    with serving(first):
        assert project.run("deploy", "--credentials-expire", soon).code == 0
    assert leads(aws, name) == ("2", {})


def test_a_canary_that_others_left_is_ended_and_the_way_back_stays(
    project: Project, name: str, aws: Any
) -> None:
    for version in ("one", "two"):
        project.write("src/app.py", GOOD.format(version=version))
        assert project.deploy().code == 0
    weights = {"AdditionalVersionWeights": {"1": 0.4}}
    aws.update_alias(FunctionName=name, Name="live", RoutingConfig=weights)
    assert project.deploy().code == 0
    assert leads(aws, name) == ("2", {})
    assert project.run("rollback").code == 0
    assert leads(aws, name) == ("1", {})


def test_versions_of_two_roles_do_not_share_the_users(
    project: Project, name: str, aws: Any
) -> None:
    with_canary(project, "weight: 50%, for: 60s")
    assert project.deploy().code == 0
    made = boto3.client("iam").create_role(
        RoleName=f"other-{secrets.token_hex(4)}",
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
    )
    project.edit("lambda-deploy.yml", os.environ["LAB_ROLE_ARN"], made["Role"]["Arn"])
    run = project.deploy()
    assert run.code == 0
    assert run.actions[f"canary:{name}"] == "skip"
    assert f"No canary of {name}: the role changes" in run.log
    assert leads(aws, name) == ("2", {})


def test_what_users_have_is_not_tried_again(project: Project, name: str, aws: Any) -> None:
    with_canary(project, "weight: 50%, for: 60s")
    assert project.deploy().code == 0
    project.write("src/app.py", GOOD.format(version="two"))
    with project.deploying() as killed:
        while not leads(aws, name)[1]:
            time.sleep(0.1)
        killed.kill()
    project.write("src/app.py", GOOD.format(version="one"))
    run = project.deploy()
    assert run.code == 0
    assert run.actions[f"canary:{name}"] == "skip"
    assert f"No canary of {name}: version 1 is up to date" in run.log
    assert leads(aws, name)[1] == {}
    assert get(run.function["url"])[1]["version"] == "one"
