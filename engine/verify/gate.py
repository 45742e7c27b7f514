"""Running a gate: what it asks, what it expects, how long it may take."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping

from engine.adapters import retry
from engine.adapters.aws.bucket import Bucket
from engine.errors import DeployError, GateFailed
from engine.model import Gate, HttpGate, InvokeGate, S3Gate
from engine.verify.address import Address, Hopeless

SHOWN = 200  # characters of a failing answer


def run_gate(
    gate: Gate,
    address: Address,
    bucket: Callable[[str], Bucket],
    not_yet: Callable[[str], None] = lambda _: None,
) -> str:
    """Run a gate until it passes or its time is over; what it saw, in a few words.

    Args:
        gate: what to ask, and what to expect.
        address: where to ask.
        bucket: finds a bucket by its name.
        not_yet: told what is still wrong after each attempt; may raise to give up.

    Raises:
        GateFailed: it did not pass; the message says what was expected and what came.
    """

    def attempt() -> str | GateFailed:
        try:
            if isinstance(gate, HttpGate):
                return _http(gate, address)
            if isinstance(gate, InvokeGate):
                return _invoke(gate, address)
            return _s3(gate, address, bucket(gate.bucket))
        except GateFailed as failure:
            not_yet(failure.message)
            return failure

    result = retry.until(
        attempt,
        lambda seen: isinstance(seen, (str, Hopeless)),
        deadline=gate.within,
        first=0.5,
        longest=5.0,
    )
    if isinstance(result, GateFailed):
        raise GateFailed(
            f"test {gate.name} did not pass: {result.message}",
            detail=result.detail,
            remedy=result.remedy,
        )
    return result


def _shown(body: object) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def _expect_json(expected: Mapping[str, object], body: object) -> None:
    if not expected:
        return
    try:
        found = json.loads(body) if isinstance(body, (bytes, str)) else body
    except ValueError:
        raise GateFailed(f"expected JSON, got {_shown(body)}") from None
    for key, value in expected.items():
        have = found.get(key) if isinstance(found, dict) else None
        if have != value:
            raise GateFailed(
                f"expected {key} to be {json.dumps(value)}, got {json.dumps(have)} "
                f"in {_shown(body)}"
            )


def _http(gate: HttpGate, address: Address) -> str:
    answer = address.request("GET", gate.path)
    if answer.status != gate.status:
        raise GateFailed(
            f"GET {gate.path} answered {answer.status} instead of {gate.status}: "
            f"{_shown(answer.body)}"
        )
    _expect_json(gate.json, answer.body)
    return f"GET {gate.path} {answer.status} in {answer.seconds * 1000:.0f} ms"


def _invoke(gate: InvokeGate, address: Address) -> str:
    answer = address.invoke(gate.payload)
    _expect_json(gate.json, answer)
    return f"invoked, {len(json.dumps(answer))} bytes answered"


def _s3(gate: S3Gate, address: Address, bucket: Bucket) -> str:
    """Write through the API and find it in the bucket; read it back through the API.

    Amazon S3 is strongly consistent, so what was written is there at once. The object is removed
    whatever happens.
    """
    key = f"lambda-fast-deploy-{secrets.token_hex(8)}"
    stored = f"{gate.prefix}{key}"
    path = gate.path.replace("{key}", key)
    content = secrets.token_hex(32).encode()
    try:
        written = address.request("PUT", path, content)
        if not 200 <= written.status < 300:
            raise GateFailed(f"PUT {path} answered {written.status}: {_shown(written.body)}")
        if bucket.get(stored) != content:
            raise GateFailed(
                f"PUT {path} answered {written.status}, but s3://{bucket.name}/{stored} does not "
                "hold what was written"
            )
        read = address.request("GET", path)
        if read.status != 200 or read.body != content:
            raise GateFailed(
                f"GET {path} answered {read.status} and not what was written: {_shown(read.body)}"
            )
    except BaseException:
        with contextlib.suppress(DeployError):  # the gate's own failure says more
            bucket.delete(stored)
        raise
    bucket.delete(stored)
    return f"wrote, found and read back s3://{bucket.name}/{stored}"
