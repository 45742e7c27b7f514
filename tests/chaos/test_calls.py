"""Each AWS call of a deploy fails once, in every way: what users have, and how it goes on."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.check import check
from tests.chaos.conftest import Tally
from tests.chaos.fleet import Fleet, Large
from tests.chaos.kinds import API, S3, SILENCE, Rule, cause, rule
from tests.support import Users, faults, get

# Every operation of a first deploy and of one that changes code and configuration; a number tells
# which of several calls is meant. A test holds them against what is called.
FIRST = (
    "GetFunction GetAlias GetFunction:1 GetFunctionUrlConfig GetPolicy ListLayerVersions "
    "PublishLayerVersion CreateFunction GetFunction:2 PublishVersion Invoke CreateAlias "
    "AddPermission AddPermission:1 CreateFunctionUrlConfig InvokeFunctionUrl UpdateAlias "
    "UntagResource"
).split()
CHANGE = (
    "GetFunction GetAlias ListLayerVersions GetFunction:1 GetFunctionUrlConfig GetPolicy "
    "UpdateFunctionConfiguration GetFunction:2 UpdateFunctionCode PublishVersion Invoke "
    "UpdateAlias InvokeFunctionUrl UpdateAlias:1 ListVersionsByFunction"
).split()
# What a zip of more than 50 MB calls besides.
CREATE_BUCKET = "CreateBucket PutPublicAccessBlock PutBucketEncryption PutBucketLifecycle".split()
HARDEST = ("lost", "refused")
UPLOAD = "HeadBucket HeadObject CreateMultipartUpload UploadPart CompleteMultipartUpload".split()
MUTATING = {
    *("PublishLayerVersion", "CreateFunction", "PublishVersion", "CreateAlias", "UpdateAlias"),
    *("CreateFunctionUrlConfig", "UpdateFunctionConfiguration", "UpdateFunctionCode"),
    *("AddPermission", "AddPermission:1", "UpdateAlias:1", "UntagResource"),
}
QUICK = (
    *((call, "lost") for call in ("PublishLayerVersion", "CreateFunction", "PublishVersion")),
    *((call, "lost") for call in ("CreateAlias", "UpdateAlias", "UpdateFunctionCode")),
    *(("UpdateAlias", "denied"), ("GetFunction", "expired"), ("PublishLayerVersion", "503")),
)


def thorough(calls: list[str]) -> list[Any]:
    """Every call with every fault; what is not worth its time in each test run is marked."""
    return [
        pytest.param(
            call,
            kind,
            id=f"{call}-{kind}",
            marks=[] if (call, kind) in QUICK else [pytest.mark.thorough],
        )
        for call in calls
        for kind in API
    ]


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
def test_a_change_survives(fleet: Fleet, call: str, kind: str, tally: Tally) -> None:
    before = fleet.served()
    fleet.next()
    check(fleet, call, kind, before, tally)


@pytest.mark.parametrize(("call", "kind"), thorough(FIRST))
def test_a_first_deploy_survives(root: Path, name: str, call: str, kind: str, tally: Tally) -> None:
    fresh = Fleet(root, name)
    fresh.next()
    check(fresh, call, kind, {""}, tally)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Large:
    """A large zip that is there, and whose upload goes wrong."""
    made = Large(tmp_path_factory.mktemp("large") / "project", f"large-{os.getpid()}")
    made.next()
    called = {r["operation"] for r in made.project.deploy().requests}
    assert called >= {*CREATE_BUCKET, *UPLOAD}
    return made


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("call", "kind"),
    [(call, kind) for call in UPLOAD for kind in S3 if call == "UploadPart" or kind in HARDEST],
)
def test_an_upload_survives(large: Large, call: str, kind: str, tally: Tally) -> None:
    before = large.served()
    large.next()
    check(large, call, kind, before, tally)


@pytest.mark.thorough
@pytest.mark.parametrize("call", CREATE_BUCKET)
def test_a_new_bucket_survives(root: Path, name: str, call: str, tally: Tally) -> None:
    fresh = Large(root, name)
    fresh.next()
    check(fresh, call, "lost", {""}, tally)


def silent(call: str, name: str) -> Rule:
    """A call that is never answered, though a change was made; ``name`` is in its path, if any."""
    work: Rule = {"lost": True} if call in MUTATING else {"cut": 0}
    named = {} if call == "CreateFunction" else {"path": name}
    return rule(call, {**work, **named, "seconds": SILENCE})


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("calls", [CHANGE, FIRST], ids=["change", "first"])
def test_calls_that_are_never_answered_are_made_again(
    tmp_path: Path, name: str, calls: list[str], tally: Tally
) -> None:
    """All at the same time, a function for each call, as each waits for more than a minute.

    An address that never answers fails the test of a release: that is no call of AWS's API.
    """
    calls = [call for call in calls if call != "InvokeFunctionUrl"]
    fleets = [Fleet(tmp_path / f"p{n}" / "project", f"{name}-{n:02}") for n in range(len(calls))]
    for fleet in fleets:
        fleet.next()
        if "CreateFunction" not in calls:
            assert fleet.project.deploy().code == 0
            fleet.next()
    rules = [silent(call, each.name) for call, each in zip(calls, fleets, strict=True)]
    with ThreadPoolExecutor(len(fleets)) as pool, faults(*rules) as done:
        runs = list(pool.map(lambda fleet: fleet.project.deploy(), fleets))
    assert len(done) == len(calls)
    for fleet, run in zip(fleets, runs, strict=True):
        with tally.case("AWS's API, zip") as figures:
            assert run.code == 0, cause(run.log)
            fleet.settled()
            figures["succeeded"] += 1


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_users_of_thirty_releases_and_rollbacks_notice_nothing(fleet: Fleet, tally: Tally) -> None:
    fleet.next()
    url = fleet.project.deploy().function["url"]
    with Users(url) as users:
        for number in range(30):
            if number % 3 == 2:
                assert fleet.project.run("rollback").code == 0
            else:
                fleet.next()
                assert fleet.project.deploy().code == 0
    load = tally.groups.setdefault("load", Counter())
    load["requests"], load["failed"] = len(users.answers), len(users.failed)
    assert users.failed == []
    assert len(users.answers) > 500
    assert get(url)[0] == 200
