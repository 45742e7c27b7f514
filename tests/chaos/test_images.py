"""Each call of an image's deploy fails once: those of AWS's API, and those of the registry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.check import check
from tests.chaos.conftest import Tally
from tests.chaos.fleet import Image
from tests.chaos.kinds import API, REGISTRY, cause, rule
from tests.support import faults

pytestmark = pytest.mark.docker

# What a deploy of an image calls besides what one of a zip does, or with other parameters.
FIRST = "CreateRepository PutLifecyclePolicy CreateFunction".split()
CHANGE = (
    "DescribeImages DescribeImages:2 DescribeRepositories GetAuthorizationToken:1 "
    "ListTagsForResource BatchGetImage PutImage GetLifecyclePolicy GetDownloadUrlForLayer "
    "UpdateFunctionCode PublishVersion"
).split()
# Those without a number are of the base, which the Docker engine pushes; BuildKit's come later.
PUSH = (
    "Ping HeadBlob HeadBlob:20 StartBlobUpload MountBlob CompleteBlobUpload CompleteBlobUpload:2 "
    "HeadManifest PutManifest PutManifest:3 PutManifest:5 GetManifest GetBlob"
).split()
# What botocore does about the others is the same for every call, and tried at those of zips.
KINDS = {kind: API[kind] for kind in ("503", "reset", "lost", "denied", "expired")}


def every(calls: list[str], kinds: dict[str, Any]) -> list[Any]:
    """Every call with every fault; only what has a body can be cut in it."""
    return [
        pytest.param(call, kind, id=f"{call}-{kind}")
        for call in calls
        for kind in kinds
        if kind != "cut" or call.startswith(("Complete", "Put"))
    ]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A function that is there, and whose image changes."""
    made = Image(tmp_path_factory.mktemp("fleet") / "project", f"fleet-{os.getpid()}")
    made.next()
    called = {r["operation"] for r in made.project.deploy().requests}
    assert called >= {call.partition(":")[0] for call in FIRST}
    made.next_with_base()
    called = {r["operation"] for r in made.project.deploy().requests}
    assert called >= {call.partition(":")[0] for call in (*CHANGE, *PUSH)}
    return made


@pytest.mark.thorough
@pytest.mark.parametrize(("call", "kind"), every(CHANGE, KINDS))
def test_a_change_survives(fleet: Image, call: str, kind: str, tally: Tally) -> None:
    before = fleet.served()
    fleet.next()
    check(fleet, call, kind, before, tally)


@pytest.mark.thorough
@pytest.mark.parametrize(("call", "kind"), every(FIRST, KINDS))
def test_a_first_deploy_survives(root: Path, name: str, call: str, kind: str, tally: Tally) -> None:
    fresh = Image(root, name)
    fresh.next()
    check(fresh, call, kind, {""}, tally)


@pytest.mark.thorough
@pytest.mark.parametrize(("call", "kind"), every(PUSH, REGISTRY))
def test_a_push_survives(fleet: Image, call: str, kind: str, tally: Tally) -> None:
    """The base is pushed by the Docker engine; the image by BuildKit, which reads the base."""
    fleet.next_with_base()
    with tally.case("registry, image") as figures:
        with faults(rule(call, REGISTRY[kind])) as done:
            run = fleet.project.deploy()
        assert done, "the fault was not met"
        assert run.code == 0, cause(run.log)
        fleet.settled()
        figures["succeeded"] += 1


@pytest.mark.thorough
@pytest.mark.parametrize("call", ["StartBlobUpload", "CompleteBlobUpload", "PutManifest"])
@pytest.mark.parametrize("status", [403, 503])
def test_a_push_that_never_succeeds_is_told(
    fleet: Image, call: str, status: int, tally: Tally
) -> None:
    before = fleet.served()
    fleet.next_with_base()
    with tally.case("registry, image") as figures:
        with faults({"operation": call, "status": status, "body": "{}"}) as done:
            run = fleet.project.deploy()
        assert done
        assert run.code == 1
        assert f"{status} " in cause(run.log)
        assert "Traceback" not in run.log
        assert fleet.served() == before
        fleet.converge()
        figures["told"] += 1
