"""Each AWS call of a deploy fails once, in every way: what users have, and how it goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.fleet import Fleet
from tests.support import Users, faults, get

# Every operation of a first deploy and of one that changes code and configuration; a number tells
# which of several calls is meant. A test holds them against what is called.
FIRST = (
    "GetFunction GetAlias GetFunction:1 GetFunctionUrlConfig ListLayerVersions PublishLayerVersion "
    "CreateFunction GetFunction:2 PublishVersion Invoke CreateAlias CreateFunctionUrlConfig "
    "AddPermission AddPermission:1 InvokeFunctionUrl"
).split()
CHANGE = (
    "GetFunction GetAlias ListLayerVersions GetFunction:1 GetFunctionUrlConfig "
    "UpdateFunctionConfiguration GetFunction:2 UpdateFunctionCode PublishVersion Invoke "
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


def check(fleet: Fleet, call: str, kind: str, before: str) -> None:
    """Deploy with a fault, and again without; ``before`` is what users had."""
    with faults(rule(call, kind)) as done:
        run = fleet.project.deploy()
    assert len(done) == 1, "the fault was not met"
    cause = run.log.partition("error: ")[2].partition("\n")[0]
    # What is only asked to say more, or asked until it answers, stops nothing.
    is_soft = call in ("ListVersionsByFunction", "InvokeFunctionUrl")
    if kind in RECOVERABLE or is_soft:
        assert run.code == 0, cause
        assert fleet.served() == str(fleet.release)
    else:
        assert run.code in (1, 3), run.log
        wanted = "no permission for lambda:" if kind == "denied" else "refused the credentials"
        assert wanted in cause
        assert fleet.served() == before
    fleet.converge()


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
    check(fleet, call, kind, before)


@pytest.mark.parametrize(("call", "kind"), thorough(FIRST))
def test_a_first_deploy_survives(tmp_path: Path, name: str, call: str, kind: str) -> None:
    fresh = Fleet(tmp_path / "project", name)
    fresh.next()
    check(fresh, call, kind, "")


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
