"""The world outside, as gates and addresses see it: in memory, and as bad as a test wants it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.invocations import Invocation
from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import EventKind


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
