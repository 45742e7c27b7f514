"""Each call of an image's deploy fails once: those of AWS's API, and those of the registry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.check import check
from tests.chaos.conftest import Tally
from tests.chaos.fleet import Image
from tests.chaos.kinds import API, REGISTRY, cause, rule
from tests.support import faults, faults_done

pytestmark = pytest.mark.docker

# What a deploy of an image calls besides what one of a zip does, or with other parameters.
FIRST = "CreateRepository PutLifecyclePolicy CreateFunction".split()
BUILD = (
    "DescribeImages DescribeImages:2 DescribeRepositories GetAuthorizationToken:1 "
    "ListTagsForResource BatchGetImage PutImage GetLifecyclePolicy GetDownloadUrlForLayer "
    "UpdateFunctionCode PublishVersion"
).split()
# A change of code is made of the image before, without a builder.
READ = "DescribeImages BatchGetImage GetDownloadUrlForLayer DescribeRepositories".split()
REPLACE = (
    "InitiateLayerUpload InitiateLayerUpload:1 UploadLayerPart "
    "UploadLayerPart:1 CompleteLayerUpload CompleteLayerUpload:1 PutImage PutImage:1 PutImage:2 "
    "PutImage:3 GetLifecyclePolicy UpdateFunctionCode PublishVersion"
).split()
# Those without a number are of the base, which the Docker engine pushes; BuildKit's come later.
PUSH = (
    "Ping HeadBlob HeadBlob:20 StartBlobUpload CompleteBlobUpload CompleteBlobUpload:2 "
    "HeadManifest PutManifest PutManifest:3 PutManifest:5 GetManifest GetBlob"
).split()
# What botocore does about the others is the same for every call, and tried at those of zips.
FEW = [("UploadLayerPart", "done"), ("PutImage:1", "done"), ("PutImage:3", "not-done")]
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
    for next_release, calls in (
        (made.next, FIRST),
        (made.next_with_base, [*BUILD, *PUSH]),
        (made.next, [*READ, *REPLACE]),
    ):
        next_release()
        called = {r["operation"] for r in made.project.deploy().requests}
        assert called >= {call.partition(":")[0] for call in calls}
    return made


@pytest.mark.thorough
@pytest.mark.parametrize(("call", "kind"), every(BUILD, KINDS))
def test_a_build_survives(fleet: Image, call: str, kind: str, tally: Tally) -> None:
    before = fleet.served()
    fleet.next_with_base()
    check(fleet, call, kind, before, tally)


@pytest.mark.thorough
@pytest.mark.parametrize(("call", "kind"), every([*READ, *REPLACE], KINDS))
def test_a_replacement_survives(fleet: Image, call: str, kind: str, tally: Tally) -> None:
    """An image whose donor cannot be read is built."""
    before = fleet.served()
    fleet.next()
    check(fleet, call, kind, before, tally, soft=("BatchGetImage", "GetDownloadUrlForLayer"))


# Few in every run, each kind of call once; all in a thorough one.
KILLS = [
    pytest.param(call, outcome, marks=[] if (call, outcome) in FEW else [pytest.mark.thorough])
    for call in REPLACE
    for outcome in ("done", "not-done")
]


@pytest.mark.parametrize(("call", "outcome"), KILLS)
def test_a_replacement_that_is_killed_at_a_call_is_put_right(
    fleet: Image, call: str, outcome: str, tally: Tally
) -> None:
    """What was done until then is no image, or a whole one."""
    before = fleet.served()
    fleet.next()
    fault = {"held": True} if outcome == "done" else {"cut": 0, "seconds": 30}
    killed_in(fleet, rule(call, fault))
    with tally.case("kills, image, at each call of a replacement") as figures:
        assert fleet.served() <= before | {str(fleet.release)}
        whole(fleet)
        run = fleet.converge()
        assert run.actions[f"image:{fleet.name}"] in ("replace", "reuse")
        figures["converged"] += 1


def killed_in(fleet: Image, rule: dict[str, Any]) -> None:
    """Kill a deploy during a call, which AWS then carries out, or has never got."""
    command = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
    with faults(rule), subprocess.Popen(command, cwd=fleet.project.root) as run:
        end = time.monotonic() + 60
        while not faults_done():
            assert time.monotonic() < end, "the call was not made"
            assert run.poll() is None
            time.sleep(0.02)
        run.kill()


def whole(fleet: Image) -> None:
    """Every image that is there has all that its manifest lists."""
    ecr, name = fleet.ecr, fleet.name
    for page in ecr.get_paginator("describe_images").paginate(repositoryName=name):
        ids = [{"imageDigest": each["imageDigest"]} for each in page["imageDetails"]]
        for image in ecr.batch_get_image(repositoryName=name, imageIds=ids)["images"]:
            manifest = json.loads(image["imageManifest"])
            parts = [*manifest.get("layers", []), manifest["config"]]
            found = ecr.batch_check_layer_availability(
                repositoryName=name, layerDigests=[each["digest"] for each in parts]
            )["layers"]
            assert {each["layerAvailability"] for each in found} == {"AVAILABLE"}


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
