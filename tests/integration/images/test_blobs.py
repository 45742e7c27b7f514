"""Blobs of images, uploaded and read by the API alone, also when calls fail or are lost."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.blob_mounts import BlobMounts
from lambda_fast_deploy.adapters.aws.image_blobs import Blob, ImageBlobs
from lambda_fast_deploy.adapters.aws.registry import Registry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import (
    Cancelled,
    DeployError,
    NotFound,
    NotPermitted,
    Refused,
    Unavailable,
    Unreachable,
)
from tests.support import faults, requests_during

LARGE = random.Random(1).randbytes(11_000_000)  # two parts
BEGUN = {"operation": "InitiateLayerUpload"}
PART = {"operation": "UploadLayerPart"}
END = {"operation": "CompleteLayerUpload"}


def said(code: str) -> str:
    return f'{{"__type": "{code}", "message": "says the fault"}}'


@pytest.fixture
def blobs(ecr: Any) -> ImageBlobs:
    """The blobs as the engine sees them."""
    return ImageBlobs(Aws(), ecr.meta.region_name)


def push(blobs: ImageBlobs, repository: str, *contents: bytes) -> tuple[int, list[int]]:
    """Upload; the bytes that were sent, and the progress that was told."""
    told: list[int] = []

    def advance(sent: int, total: int) -> None:
        assert sent <= total
        told.append(sent)

    made = [Blob.of(content) for content in contents]
    sent = blobs.push(repository, made, advance, lambda: None)
    for blob, content in zip(made, contents, strict=True):
        assert blobs.read(repository, blob.digest, len(content)) == content
    return sent, told


def test_a_blob_goes_in_parts(blobs: ImageBlobs, repository: str, tmp_path: Path) -> None:
    file = tmp_path / "layer"
    file.write_bytes(LARGE)
    blob = Blob(Blob.of(LARGE).digest, len(LARGE), lambda: file.open("rb"))
    told: list[tuple[int, int]] = []
    sent = blobs.push(repository, [blob], lambda *each: told.append(each), lambda: None)
    assert sent == len(LARGE)
    assert [done for done, _ in told] == [10_485_760, len(LARGE)]
    assert {total for _, total in told} == {len(LARGE)}
    assert blobs.read(repository, blob.digest, len(LARGE)) == LARGE


def test_only_what_is_missing_is_uploaded(blobs: ImageBlobs, repository: str) -> None:
    assert push(blobs, repository, b"one", b"two") == (6, [3, 6])
    with faults({**BEGUN, "times": 0}, {**BEGUN, "status": 500}) as done:
        assert push(blobs, repository, b"one", b"two") == (0, [])
    assert not done
    assert push(blobs, repository, b"one", b"three", b"three")[0] == 5


def test_more_blobs_than_one_call_takes(blobs: ImageBlobs, repository: str) -> None:
    digests = [Blob.of(bytes([number])).digest for number in range(150)]
    push(blobs, repository, b"\x00", bytes([149]))
    assert blobs.missing(repository, digests) == frozenset(digests[1:149])


PASSING: dict[str, dict[str, Any]] = {
    "throttled": {"status": 429, "body": said("ThrottlingException")},
    "500": {"status": 500, "body": said("ServerException")},
    "503": {"status": 503, "body": ""},
    "reset": {"cut": 0},
    "cut": {"cut": 100_000},
    "lost": {"lost": True},
}


@pytest.mark.parametrize("kind", PASSING)
def test_a_fault_that_passes_costs_no_blob(blobs: ImageBlobs, repository: str, kind: str) -> None:
    """An answer that is lost leaves a part behind, which is not sent again."""
    calls: list[dict[str, Any]] = [BEGUN, PART, {**PART, "skip": 1}, END]
    if kind == "cut":
        calls = [PART]
    with faults(*({**call, **PASSING[kind], "times": 1} for call in calls)) as done:
        assert push(blobs, repository, LARGE) == (len(LARGE), [10_485_760, len(LARGE)])
    assert len(done) == len(calls)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (PART, "UploadNotFoundException"),
        (PART, "InvalidLayerPartException"),
        (END, "UploadNotFoundException"),
        (END, "InvalidLayerException"),
        (END, "LayerPartTooSmallException"),
        (END, "EmptyUploadException"),
    ],
)
def test_an_upload_that_is_lost_begins_anew(
    blobs: ImageBlobs, repository: str, call: dict[str, Any], code: str
) -> None:
    rule = {**call, "status": 400, "body": said(code)}
    with faults({**rule, "times": 1, "skip": 1 if call is PART else 0}) as done:
        content = LARGE if call is PART else b"one"
        assert push(blobs, repository, content)[0] == len(content)
    assert len(done) == 1
    with faults(rule) as done, pytest.raises(Refused, match="says the fault"):
        push(blobs, repository, b"another")
    assert len(done) == 3
    assert blobs.missing(repository, [Blob.of(b"another").digest])


def test_what_another_run_has_uploaded_is_there(blobs: ImageBlobs, repository: str) -> None:
    rule = {**END, "times": 1, "status": 400, "body": said("LayerAlreadyExistsException")}
    with faults(rule) as done:
        blobs.push(repository, [Blob.of(b"one")], lambda *_: None, lambda: None)
    assert len(done) == 1


def test_a_digest_that_does_not_fit_is_refused(blobs: ImageBlobs, repository: str) -> None:
    wrong = Blob(Blob.of(b"one").digest, 5, Blob.of(b"other").open)
    with pytest.raises(Refused) as caught:
        blobs.push(repository, [wrong], lambda *_: None, lambda: None)
    assert caught.value.code == "InvalidLayerException"
    assert blobs.missing(repository, [wrong.digest])


@pytest.fixture
def other(ecr: Any, blobs: ImageBlobs, name: str) -> Iterator[str]:
    """A repository with an image that has the large blob."""
    other = f"{name}-other"
    ecr.create_repository(repositoryName=other)
    push(blobs, other, LARGE)
    layer = {"digest": Blob.of(LARGE).digest, "size": len(LARGE)}
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [layer]})
    ecr.put_image(repositoryName=other, imageManifest=manifest, imageTag="a")
    yield other
    ecr.delete_repository(repositoryName=other, force=True)


@pytest.mark.parametrize("setting", ["ENABLED", "DISABLED"])
def test_a_blob_of_another_repository_is_mounted_where_that_is_allowed(
    blobs: ImageBlobs, ecr: Any, repository: str, other: str, setting: str
) -> None:
    mounts = BlobMounts(Registry(Aws(), ecr.meta.region_name), ["not-there", other, repository])
    ecr.put_account_setting(name="BLOB_MOUNTING", value=setting)
    told: list[int] = []
    content = [Blob.of(LARGE), Blob.of(b"small")]
    try:
        with requests_during() as requests:
            sent = blobs.push(
                repository,
                content,
                lambda done, _: told.append(done),
                lambda: None,
                mount=mounts.mount,
            )
    finally:
        ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert [r["operation"] for r in requests].count("MountBlob") == 1
    assert sent == (5 if setting == "ENABLED" else len(LARGE) + 5)
    assert told[-1] == len(LARGE) + 5
    assert not blobs.missing(repository, [each.digest for each in content])


@pytest.mark.parametrize(
    "fault",
    [
        {"operation": "MountBlob", "status": 403, "body": "{}"},
        {"operation": "MountBlob", "cut": 0},
        {"operation": "GetAuthorizationToken", "status": 403, "body": said("AccessDenied")},
    ],
)
def test_what_cannot_be_mounted_is_uploaded(
    blobs: ImageBlobs, ecr: Any, repository: str, other: str, fault: dict[str, Any]
) -> None:
    mounts = BlobMounts(Registry(Aws(), ecr.meta.region_name), [other])
    with faults(fault) as done:
        for content in (LARGE, LARGE + b"!"):
            blob = Blob.of(content)
            sent = blobs.push(repository, [blob], lambda *_: None, lambda: None, mount=mounts.mount)
            assert sent == len(content)
    assert len(done) == 1


def test_who_may_not_upload_is_told_the_action(blobs: ImageBlobs, repository: str) -> None:
    denied = {**PART, "status": 403, "body": said("AccessDeniedException")}
    with faults(denied), pytest.raises(NotPermitted, match="ecr:UploadLayerPart"):
        push(blobs, repository, b"one")


def test_a_run_that_is_cancelled_sends_no_further_part(blobs: ImageBlobs, repository: str) -> None:
    told: list[int] = []

    def check() -> None:
        if told:
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        blobs.push(repository, [Blob.of(LARGE)], lambda sent, _: told.append(sent), check)
    assert told == [10_485_760]
    assert blobs.missing(repository, [Blob.of(LARGE).digest])


def test_what_cannot_be_read_is_told(blobs: ImageBlobs, ecr: Any, repository: str) -> None:
    push(blobs, repository, b"one")
    digest = Blob.of(b"one").digest
    with pytest.raises(NotFound):
        blobs.read(repository, Blob.of(b"none").digest, 10)
    with pytest.raises(Refused, match="longer than"):
        blobs.read(repository, digest, 2)
    with faults({"operation": "GetBlob", "status": 503, "body": "", "times": 2}):
        assert blobs.read(repository, digest, 3) == b"one"
    for rule, error in (
        ({"status": 200, "body": "other"}, Refused),
        ({"status": 403, "body": ""}, Refused),
        ({"status": 503, "body": ""}, Unavailable),
        ({"cut": 0}, Unreachable),
    ):
        with faults({"operation": "GetBlob", **rule}), pytest.raises(error) as caught:
            blobs.read(repository, digest, 10)
        assert isinstance(caught.value, DeployError)
        assert "X-Amz-Signature" not in str(caught.value)
