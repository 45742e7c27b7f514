"""Tests of a bucket: an object makes the round trip and is removed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.testing.runner import run_test
from tests.unit import make
from tests.unit.testing.fakes import (
    STORAGE,
    FakeBucket,
    StoringAddress,
    answer,
    failure,
    run,
    target,
)


def test_what_is_written_through_the_api_is_found_in_the_bucket_and_removed() -> None:
    bucket = FakeBucket()
    address = StoringAddress(bucket, "objects/")
    said = run(STORAGE, address, bucket)
    (key,) = bucket.deleted
    assert said == f"wrote and read s3://files/{key}"
    assert key.startswith("objects/lambda-fast-deploy-")
    assert set(address.paths) == {f"/objects/{key.removeprefix('objects/')}"}
    assert bucket.objects == {}


def test_the_bucket_is_asked_for_by_its_owner() -> None:
    bucket, asked = FakeBucket(), list[tuple[str, ...]]()

    def find(*names: str) -> FakeBucket:
        asked.append(names)
        return bucket

    test, clients = replace(STORAGE, owner="123456789012"), SimpleNamespace(bucket=find)
    run_test(test, target(StoringAddress(bucket, "objects/"), clients=clients))
    assert asked == [(make.REGION, "files", "123456789012")]


def test_every_run_uses_an_object_of_its_own() -> None:
    bucket = FakeBucket()
    for _ in range(3):
        run(STORAGE, StoringAddress(bucket, "objects/"), bucket)
    assert len(set(bucket.deleted)) == 3


def test_a_bucket_that_does_not_answer_is_given_up_as_well() -> None:
    ended = threading.Event()

    class Stuck(FakeBucket):
        def get(self, key: str) -> bytes | None:
            ended.wait(30)
            return None

    bucket = Stuck()
    begun = time.monotonic()
    error = failure(STORAGE, StoringAddress(bucket, "objects/"), bucket)
    ended.set()
    assert time.monotonic() - begun < 2
    assert "there was no answer within" in error.message
    assert len(bucket.deleted) == 1


def broken(method: str, given: HttpResponse) -> Callable[[str, HttpResponse], HttpResponse]:
    return lambda asked, right: given if asked == method else right


def _unreachable(_method: str, _given: HttpResponse) -> HttpResponse:
    raise FunctionTestFailed("no answer: reset")


@pytest.mark.parametrize(
    ("prefix", "changes", "said"),
    [
        ("objects/", {"spoil": broken("PUT", answer(403, b"denied"))}, "answered 403: denied"),
        ("elsewhere/", {}, "does not have the written content"),
        ("objects/", {"store": lambda body: body[1:]}, "does not have the written content"),
        ("objects/", {"spoil": broken("GET", answer(404, b"gone"))}, "answered 404 without"),
        (
            "objects/",
            {"spoil": broken("GET", answer(200, b"old"))},
            "without the written content: old",
        ),
        ("objects/", {"spoil": _unreachable}, "no answer: reset"),
    ],
)
def test_a_storage_that_fails_says_how_and_leaves_no_object(
    prefix: str, changes: dict[str, Any], said: str
) -> None:
    bucket = FakeBucket()
    error = failure(STORAGE, StoringAddress(bucket, prefix, **changes), bucket)
    assert error.message.startswith("test storage failed: ")
    assert said in error.message
    assert len(bucket.deleted) == 1
    assert prefix == "elsewhere/" or bucket.objects == {}
