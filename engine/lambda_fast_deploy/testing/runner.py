"""Running a gate: what it asks, what it expects, how long it may take."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock, retry
from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.http import HttpResponse, shown
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.errors import (
    BuildFailed,
    DeployError,
    FunctionTestFailed,
    NotReady,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models import CommandTest, FunctionTest, HttpTest, InvokeTest, S3Test
from lambda_fast_deploy.testing.endpoints import Address, CannotStart

KEY = "lambda-fast-deploy-"  # what the names of a test's objects begin with
SHOWN = 200  # characters of a failing answer
OUTPUT = 4000  # characters of a failing command's output
CLEANING = 10.0  # seconds to remove a test's object when its time is over
NOT_YET = (
    FunctionTestFailed,
    Unavailable,
    Unreachable,
)  # what may be otherwise when it is tried again


@dataclass(frozen=True, slots=True)
class Target:
    """What a gate is run against.

    ``bucket`` finds a bucket by its name and its owner. ``environment`` is what commands get, and
    ``root`` where they run. ``not_yet`` is told what is still wrong after each attempt, and
    ``check`` is called during one; both may raise to give up. ``hidden`` takes secrets out of what
    is cut, as half of one would be known by nobody.
    """

    address: Address
    bucket: Callable[[str, str], Bucket]
    environment: Mapping[str, str]
    root: Path
    not_yet: Callable[[str], None] = lambda _: None
    check: Callable[[], None] = lambda: None
    hidden: Callable[[str], str] = str


def run_test(test: FunctionTest, target: Target) -> str:
    """Run a gate until it passes or its time is over; what it saw, in a few words.

    Raises:
        GateFailed: it did not pass; the message says what was expected and what came.
    """
    deadline, tries = Deadline.after(test.within), 0
    last: DeployError | None = None

    def attempt() -> str | DeployError:
        nonlocal tries, last
        tries += 1
        try:
            return _tried(test, target, deadline)
        except OutOfTime as late:
            last = _after(last, late) if last else late
        except NOT_YET as failure:
            last = failure
        except RecursionError:
            last = FunctionTestFailed("the answer holds too many values inside each other")
        target.not_yet(last.message)
        return last

    result = retry.until(
        attempt,
        lambda seen: isinstance(seen, (str, CannotStart)),
        deadline=test.within if not isinstance(test, CommandTest) else 0,
        first=0.5,
        longest=5.0,
        wake=target.check,
    )
    if isinstance(result, DeployError):
        spent = (
            f" ({tries} tries in {units.seconds(test.within - deadline.left, 1)})"
            if tries > 1
            else ""
        )
        raise FunctionTestFailed(
            f"test {test.name} did not pass{spent}: {result.message}",
            detail=result.detail,
            remedy=result.remedy,
        )
    return result


def _after(before: DeployError, late: OutOfTime) -> FunctionTestFailed:
    """A try that had no time left says less than the one before it."""
    says = f"{before.message}; then {late.message}"
    return FunctionTestFailed(says, detail=before.detail, remedy=before.remedy)


def ask(
    test: HttpTest | InvokeTest,
    address: Address,
    deadline: Deadline,
    check: Callable[[], None] = lambda: None,
) -> Any:
    """What an address answers to a test in time: an ``Answer``, or that of an invocation.

    Raises:
        GateFailed, Unavailable, Unreachable: it answers nothing of the kind.
    """
    if isinstance(test, InvokeTest):
        return deadline.bound(lambda: address.invoke(test.payload), check)
    path = "" if test.is_elsewhere else test.target
    body, address = test.body.encode("utf-8", "surrogateescape"), address.by(test.event)
    return deadline.bound(lambda: address.request(test.method, path, body, test.headers), check)


def _tried(test: FunctionTest, target: Target, deadline: Deadline) -> str:
    if isinstance(test, HttpTest):
        return _http(test, target, deadline)
    if isinstance(test, InvokeTest):
        return _invoke(test, target, deadline)
    if isinstance(test, CommandTest):
        return _command(test, target, deadline)
    return _s3(test, target, deadline)


def _shown(body: object, target: Target) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else json.dumps(body)
    text = target.hidden(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def _expect_json(expected: Mapping[str, object], body: object, target: Target) -> None:
    if not expected:
        return
    try:
        found = json.loads(body) if isinstance(body, (bytes, str)) else body
    except ValueError:
        raise FunctionTestFailed(f"expected JSON, got {_shown(body, target)}") from None
    for key, value in expected.items():
        have = _at(found, key)
        if have != value:
            raise FunctionTestFailed(
                f"expected {key} to be {json.dumps(value)}, got {json.dumps(have)} "
                f"in {_shown(body, target)}"
            )


def _at(found: Any, key: str) -> Any:
    """The value of a key, or of a path such as ``a.b.0`` where there is no such key."""
    if isinstance(found, dict) and key in found:
        return found[key]
    for part in key.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _in_time(seconds: float, most: float | None) -> None:
    if most is not None and seconds > most:
        raise FunctionTestFailed(
            f"answered after {units.milliseconds(seconds)}, expected within "
            f"{units.milliseconds(most)}"
        )


def _http(test: HttpTest, target: Target, deadline: Deadline) -> str:
    what = f"{test.method} {test.target}"
    answer: HttpResponse = ask(test, target.address, deadline, target.check)
    if answer.status != test.status:
        raise FunctionTestFailed(
            f"{what} answered {answer.status} instead of {test.status}"
            f"{_leading(answer)}: {_shown(answer.body, target)}"
        )
    _expect_json(test.json, answer.body, target)
    _in_time(answer.seconds, test.faster_than)
    return f"{what} {answer.status} in {units.milliseconds(answer.seconds)}{_leading(answer)}"


def _leading(answer: HttpResponse) -> str:
    return f", leading to {shown(answer.location)[:SHOWN]}" if answer.location else ""


def _invoke(test: InvokeTest, target: Target, deadline: Deadline) -> str:
    begun = clock.monotonic()
    answer = ask(test, target.address, deadline, target.check)
    seconds = clock.monotonic() - begun
    _expect_json(test.json, answer, target)
    _in_time(seconds, test.faster_than)
    return f"invoked, {len(json.dumps(answer))} bytes answered in {units.milliseconds(seconds)}"


def _command(test: CommandTest, target: Target, deadline: Deadline) -> str:
    """Run a command once: whoever wrote it decides what is worth another try."""
    printed = list[str]()

    def beat() -> None:
        target.not_yet(f"{test.command[0]} is running")
        if not deadline.left:
            raise OutOfTime(f"{test.command[0]} did not end within {test.within:g} s")

    try:
        run(
            test.command,
            what=test.command[0],
            environment=target.environment,
            on_line=printed.append,
            beat=beat,
            cwd=target.root,
        )
    except (BuildFailed, NotReady, FunctionTestFailed) as failure:
        output = target.hidden("\n".join(printed))[-OUTPUT:]
        raise FunctionTestFailed(failure.message, detail=output, remedy=failure.remedy) from None
    return printed[-1] if printed else "passed"


def _s3(test: S3Test, target: Target, deadline: Deadline) -> str:
    """Write through the API and find it in the bucket; read it back through the API.

    Amazon S3 is strongly consistent, so what was written is there at once. The object is removed
    whatever happens.
    """
    bucket = target.bucket(test.bucket, test.owner)
    key = f"{KEY}{secrets.token_hex(8)}"
    stored = f"{test.prefix}{key}"
    path = test.path.replace("{key}", key)
    content, address = secrets.token_hex(32).encode(), target.address.by(test.event)

    def request(method: str, body: bytes = b"") -> HttpResponse:
        return deadline.bound(lambda: address.request(method, path, body), target.check)

    def clean() -> None:
        Deadline.after(CLEANING).bound(lambda: bucket.delete(stored))

    try:
        written = request("PUT", content)
        if not 200 <= written.status < 300:
            raise FunctionTestFailed(
                f"PUT {path} answered {written.status}{_leading(written)}: "
                f"{_shown(written.body, target)}"
            )
        if deadline.bound(lambda: bucket.get(stored), target.check) != content:
            raise FunctionTestFailed(
                f"PUT {path} answered {written.status}, but s3://{bucket.name}/{stored} does not "
                "hold what was written"
            )
        read = request("GET")
        if read.status != 200 or read.body != content:
            raise FunctionTestFailed(
                f"GET {path} answered {read.status} and not what was written"
                f"{_leading(read)}: {_shown(read.body, target)}"
            )
    except BaseException:
        with contextlib.suppress(DeployError):  # the gate's own failure says more
            clean()
        raise
    clean()
    return f"wrote, found and read back s3://{bucket.name}/{stored}"
