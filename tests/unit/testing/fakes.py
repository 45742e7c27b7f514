"""The world outside, as gates and addresses see it: in memory, and as bad as a test wants it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lambda_fast_deploy.adapters.aws.invocations import Invocation
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import EventKind, FunctionTest
from lambda_fast_deploy.testing.endpoints import Address
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from lambda_fast_deploy.testing.runner import run_test
from lambda_fast_deploy.testing.target import Target
from tests.unit import make

ENVIRONMENT = {"PATH": os.environ["PATH"], "FUNCTION_VERSION": "8"}
ONE_TRY = 0.4  # seconds; the first pause is longer
HEALTH = HttpTest(name="health", target="/health", within=ONE_TRY)
INVOKED = InvokeTest(name="invoked", payload={"a": 1}, within=ONE_TRY)
STORAGE = replace(make.STORAGE, within=ONE_TRY)


def target(address: Address, bucket: FakeBucket | None = None, **changes: Any) -> Target:
    clients = SimpleNamespace(bucket=lambda *_: bucket)
    made = Target(address, make.REGION, cast(Clients, clients), Path.cwd(), ENVIRONMENT)
    return replace(made, **changes)


def run(test: FunctionTest, address: Address, bucket: FakeBucket | None = None) -> str:
    return run_test(test, target(address, bucket))


def failure(
    test: FunctionTest, address: Address, bucket: FakeBucket | None = None, **changes: Any
) -> FunctionTestFailed:
    with pytest.raises(FunctionTestFailed) as caught:
        run_test(test, target(address, bucket, **changes))
    return caught.value


def answer(status: int, body: object = b"", location: str = "") -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, content, 0.0123, location)


class FakeBucket:
    """A bucket in memory."""

    name = "files"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.deleted: list[str] = []

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def delete(self, key: str) -> None:
        self.deleted.append(key)
        self.objects.pop(key, None)


class FakeAddress:
    """Answers in the order given, the last one for ever; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[Any] = []

    def _next(self) -> Any:
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        self.asked.append((method, path))
        found: HttpResponse = self._next()
        return found

    def by(self, event: EventKind | None) -> FakeAddress:
        return self

    def invoke(self, payload: object) -> Any:
        self.asked.append(payload)
        return self._next()


class StoringAddress:
    """A function's API of objects, in front of a bucket; ``spoil`` is its defect."""

    def __init__(
        self,
        bucket: FakeBucket,
        prefix: str,
        spoil: Callable[[str, HttpResponse], HttpResponse] = lambda method, given: given,
        store: Callable[[bytes], bytes] = lambda body: body,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._spoil = spoil
        self._store = store
        self.paths: list[str] = []

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        self.paths.append(path)
        key = self._prefix + path.rpartition("/")[2]
        if method == "PUT":
            self._bucket.objects[key] = self._store(body)
            return self._spoil(method, answer(201))
        return self._spoil(method, answer(200, self._bucket.objects.get(key, b"")))

    def by(self, event: EventKind | None) -> StoringAddress:
        return self

    def invoke(self, payload: object) -> Any:
        raise FunctionTestFailed("takes requests only")


class FakeInvocations:
    """What ``Invocations.invoke`` answers, and what it was asked."""

    def __init__(self, body: Any, error: str = "", log: str = "") -> None:
        self._answer = Invocation(body, error, log)
        self.asked: list[tuple[str, str, Any]] = []

    def invoke(self, name: str, qualifier: str, payload: object, timeout: float) -> Invocation:
        self.asked.append((name, qualifier, payload))
        return self._answer
