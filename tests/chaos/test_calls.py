"""Each AWS call of a deploy fails once, in every way: what users have, and how it goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Users, faults, get

CONFIG = """\
layers: {{{name}: {{requirements: [idna==3.10], runtime: python3.11}}}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}]}}
    role: {role}
    url: public
    environment: {{RELEASE: "{release}"}}
    tests: [health]
tests: {{health: {{http: /health, json: {{status: ok}}, within: 6s}}}}
"""
APP = """\
import json
RELEASE = "{release}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "release": RELEASE}})}}
"""
# Every operation of a first deploy and of one that changes code and configuration; a number tells
# which of several calls is meant. A test holds them against what is called.
FIRST = (
    "GetFunction ListLayerVersions PublishLayerVersion CreateFunction GetFunctionConfiguration "
    "PublishVersion Invoke CreateAlias CreateFunctionUrlConfig AddPermission AddPermission:1 "
    "InvokeFunctionUrl"
).split()
CHANGE = (
    "GetFunction GetAlias ListLayerVersions GetFunction:1 GetFunctionUrlConfig "
    "UpdateFunctionConfiguration GetFunctionConfiguration UpdateFunctionCode PublishVersion Invoke "
    "UpdateAlias InvokeFunctionUrl ListVersionsByFunction"
).split()
MUTATING = {
    *("PublishLayerVersion", "CreateFunction", "PublishVersion", "CreateAlias", "UpdateAlias"),
    *("CreateFunctionUrlConfig", "UpdateFunctionConfiguration", "UpdateFunctionCode"),
}


def said(kind: str) -> str:
    return json.dumps({"__type": kind, "message": f"{kind}, says the fault"})


RECOVERABLE: dict[str, dict[str, Any]] = {
    "throttled": {"status": 429, "body": said("TooManyRequestsException")},
    "500": {"status": 500, "body": said("ServiceException")},
    "503": {"status": 503, "body": ""},
    "reset": {"cut": 0},
    "lost": {"lost": True},
    "late": {"seconds": 3},
}
FINAL: dict[str, dict[str, Any]] = {
    "denied": {"status": 403, "body": said("AccessDeniedException")},
    "expired": {"status": 403, "body": said("ExpiredTokenException")},
}
FAULTS = RECOVERABLE | FINAL


def thorough(calls: list[str]) -> list[Any]:
    """Every call with every fault; what is not worth its time in each test run is marked."""
    cases = []
    for call in calls:
        for kind in FAULTS:
            is_quick = (call in MUTATING and kind == "lost") or (call, kind) in (
                ("UpdateAlias", "denied"),
                ("PublishLayerVersion", "503"),
                ("InvokeFunctionUrl", "500"),
                ("GetFunction", "expired"),
            )
            marks = [] if is_quick else [pytest.mark.thorough]
            cases.append(pytest.param(call, kind, id=f"{call}-{kind}", marks=marks))
    return cases


def rule(call: str, kind: str) -> dict[str, Any]:
    operation, _, number = call.partition(":")
    return {"operation": operation, "skip": int(number or 0), "times": 1, **FAULTS[kind]}


class Fleet:
    """One function, release after release."""

    def __init__(self, root: Path, name: str) -> None:
        self.project, self.name, self.release = Project(root), name, 0
        self.aws: Any = boto3.client("lambda")

    def next(self) -> Any:
        """Write another release."""
        self.release += 1
        values = {"name": self.name, "role": os.environ["LAB_ROLE_ARN"], "release": self.release}
        self.project.write("lambda-deploy.yml", CONFIG.format(**values))
        self.project.write("src/app.py", APP.format(**values))

    def served(self) -> str:
        """The release that users get, or nothing."""
        try:
            answer = self.aws.invoke(FunctionName=self.name, Qualifier="live", Payload=b"{}")
        except self.aws.exceptions.ResourceNotFoundException:
            return ""
        found: str = json.loads(json.load(answer["Payload"])["body"])["release"]
        return found

    def check(self, call: str, kind: str, before: str) -> None:
        """Deploy with a fault, and again without; ``before`` is what users had."""
        with faults(rule(call, kind)) as done:
            run = self.project.deploy()
        assert len(done) == 1, "the fault was not met"
        cause = run.log.partition("error: ")[2].partition("\n")[0]
        # What is only asked to say more, or asked until it answers, stops nothing.
        is_soft = call in ("ListVersionsByFunction", "InvokeFunctionUrl")
        if kind in RECOVERABLE or is_soft:
            assert run.code == 0, cause
            assert self.served() == str(self.release)
        else:
            assert run.code in (1, 3), run.log
            wanted = "no permission for lambda:" if kind == "denied" else "refused the credentials"
            assert wanted in cause
            assert self.served() == before
        again = self.project.deploy()
        assert again.code == 0
        assert self.served() == str(self.release)
        assert self.project.deploy().changes == []
        layers = self.aws.list_layer_versions(LayerName=self.name)["LayerVersions"]
        assert len(layers) == 1, "a layer was published twice"
        latest = self.aws.get_function_configuration(FunctionName=self.name)
        assert latest["Environment"]["Variables"]["RELEASE"] == str(self.release)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A function that is there, and goes through all changes."""
    made = Fleet(tmp_path_factory.mktemp("fleet") / "project", f"fleet-{os.getpid()}")
    made.next()
    first = made.project.deploy()
    assert first.code == 0
    called = {r["operation"] for r in first.requests}
    assert called == {call.partition(":")[0] for call in FIRST}
    made.next()
    called = {r["operation"] for r in made.project.deploy().requests}
    assert called == {call.partition(":")[0] for call in CHANGE}
    return made


@pytest.mark.parametrize(("call", "kind"), thorough(CHANGE))
def test_a_change_survives(fleet: Fleet, call: str, kind: str) -> None:
    before = fleet.served()
    fleet.next()
    fleet.check(call, kind, before)


@pytest.mark.parametrize(("call", "kind"), thorough(FIRST))
def test_a_first_deploy_survives(tmp_path: Path, name: str, call: str, kind: str) -> None:
    fresh = Fleet(tmp_path / "project", name)
    fresh.next()
    fresh.check(call, kind, "")


@pytest.mark.thorough
def test_users_of_thirty_releases_and_rollbacks_notice_nothing(fleet: Fleet) -> None:
    fleet.next()
    url = fleet.project.deploy().function["url"]
    with Users(url) as users:
        for number in range(30):
            if number % 3 == 2:
                assert fleet.project.run("rollback").code == 0
            else:
                fleet.next()
                assert fleet.project.deploy().code == 0
    assert users.failed == []
    assert len(users.answers) > 500
    assert get(url)[0] == 200
