"""Gates: what passes, what is said when it does not, and when trying again is no use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import (
    Cancelled,
    DeployError,
    FunctionTestFailed,
    NotReady,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.masking import SecretMask
from lambda_fast_deploy.models import CommandTest, EventKind, FunctionTest, HttpTest, InvokeTest
from lambda_fast_deploy.testing.endpoints import Address, CannotStart
from lambda_fast_deploy.testing.runner import SHOWN, Target, run_test
from tests.unit import make
from tests.unit.testing.fakes import FakeAddress, FakeBucket, StoringAddress, answer

ENVIRONMENT = {"PATH": os.environ["PATH"], "FUNCTION_VERSION": "8"}
ONE_TRY = 0.4  # seconds; the first pause is longer
HEALTH = HttpTest(name="health", target="/health", within=ONE_TRY)
INVOKED = InvokeTest(name="invoked", payload={"a": 1}, within=ONE_TRY)
STORAGE = replace(make.STORAGE, within=ONE_TRY)


def run(test: FunctionTest, address: Address, bucket: FakeBucket | None = None) -> str:
    return run_test(
        test,
        Target(address, lambda _name, _owner: cast(Bucket, bucket), ENVIRONMENT, Path.cwd()),
    )


def failure(
    test: FunctionTest, address: Address, bucket: FakeBucket | None = None
) -> FunctionTestFailed:
    with pytest.raises(FunctionTestFailed) as caught:
        run(test, address, bucket)
    return caught.value


# ---------------------------------------------------------------- HTTP and invocations


def test_a_healthy_answer_passes_at_the_first_try() -> None:
    address = FakeAddress(answer(200))
    assert run(HEALTH, address) == "GET /health 200 in 12 ms"
    assert address.asked == [("GET", "/health")]


@pytest.mark.parametrize(
    ("test", "given"),
    [
        (replace(HEALTH, status=404), answer(404)),
        (replace(HEALTH, json={"ok": True}), answer(200, {"ok": True, "more": 1})),
        (replace(HEALTH, json={"a": {"b": [1]}}), answer(200, {"a": {"b": [1]}})),
        (replace(HEALTH, json={"a.b.1.c": 2}), answer(200, {"a": {"b": [0, {"c": 2}]}})),
        (replace(HEALTH, json={"a.b": 1}), answer(200, {"a.b": 1, "a": {"b": 2}})),
        (replace(HEALTH, faster_than=0.5), answer(200)),
        (INVOKED, {"anything": 1}),
        (INVOKED, None),
        (replace(INVOKED, json={"ok": True}), {"ok": True}),
    ],
)
def test_what_was_expected_passes(test: FunctionTest, given: Any) -> None:
    assert run(test, FakeAddress(given))


@pytest.mark.parametrize(
    ("test", "given", "said"),
    [
        (HEALTH, answer(500, b"boom"), "GET /health answered 500 instead of 200: boom"),
        (HEALTH, answer(301), "GET /health answered 301 instead of 200: "),
        (
            HEALTH,
            answer(302, location="https://me:word@x/login?state=secret"),
            "GET /health answered 302 instead of 200, leading to https://x/login?…: ",
        ),
        (replace(HEALTH, json={"a": 1}), answer(200, b"<html>"), "expected JSON, got <html>"),
        (
            replace(HEALTH, json={"status": "ok"}),
            answer(200, {"status": "bad"}),
            'expected status to be "ok", got "bad" in {"status": "bad"}',
        ),
        (
            replace(HEALTH, json={"status": "ok"}),
            answer(200, {}),
            'expected status to be "ok", got null in {}',
        ),
        (replace(HEALTH, json={"a": 1}), answer(200, [1]), "expected a to be 1, got null in [1]"),
        (
            replace(INVOKED, json={"ok": True}),
            {"ok": False},
            'expected ok to be true, got false in {"ok": false}',
        ),
        (replace(INVOKED, json={"ok": True}), None, "expected ok to be true, got null in null"),
        (HEALTH, FunctionTestFailed("no answer: timed out"), "no answer: timed out"),
        (
            replace(HEALTH, faster_than=0.01),
            answer(200),
            "answered after 12 ms, expected within 10 ms",
        ),
        (
            replace(HEALTH, json={"a.9": 1}),
            answer(200, {"a": []}),
            'expected a.9 to be 1, got null in {"a": []}',
        ),
    ],
)
def test_what_was_not_expected_is_said(test: FunctionTest, given: Any, said: str) -> None:
    assert failure(test, FakeAddress(given)).message == f"test {test.name} did not pass: {said}"


def test_a_redirect_passes_where_it_is_expected() -> None:
    test = replace(HEALTH, status=302)
    said = run(test, FakeAddress(answer(302, location="/login?next=x")))
    assert said == "GET /health 302 in 12 ms, leading to /login?…"


def test_a_long_answer_is_cut_with_its_length() -> None:
    message = failure(HEALTH, FakeAddress(answer(500, b"x" * 100_000))).message
    assert message.endswith("xxx… (100000 characters)")
    assert len(message) < SHOWN + 200


def test_an_answer_that_is_not_text_can_be_shown() -> None:
    assert "answered 500" in failure(HEALTH, FakeAddress(answer(500, b"\xff\xfe"))).message


def test_the_reason_keeps_its_detail_and_remedy() -> None:
    error = failure(INVOKED, FakeAddress(FunctionTestFailed("E: m", detail="trace", remedy="mend")))
    assert (error.detail, error.remedy) == ("trace", "mend")


@pytest.mark.usefixtures("quick")
def test_a_function_that_is_still_starting_is_asked_again() -> None:
    address = FakeAddress(answer(503), FunctionTestFailed("no answer"), answer(200))
    assert run(replace(HEALTH, within=30.0), address)
    assert len(address.asked) == 3


def test_a_function_that_never_gets_well_is_given_up_within_its_time() -> None:
    begun = time.monotonic()
    failure(replace(HEALTH, within=0.6), FakeAddress(answer(503)))
    assert time.monotonic() - begun < 1.5


def test_a_function_that_cannot_start_is_given_up_at_once() -> None:
    address = FakeAddress(CannotStart("Runtime.ImportModuleError: no module", detail="trace"))
    begun = time.monotonic()
    error = failure(replace(INVOKED, within=60.0), address)
    assert time.monotonic() - begun < 0.4
    assert len(address.asked) == 1
    assert error.message == "test invoked did not pass: Runtime.ImportModuleError: no module"
    assert error.detail == "trace"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [Unavailable("Rate Exceeded."), Unreachable("reset")])
def test_what_passes_by_itself_is_tried_again(error: DeployError) -> None:
    address = FakeAddress(error, error, {"ok": True})
    assert run(replace(INVOKED, within=30.0), address)
    assert len(address.asked) == 3
    storage = StoringAddress(bucket := FakeBucket(), "objects/", broken_once(error))
    assert run(replace(STORAGE, within=30.0), storage, bucket)


def test_what_does_not_pass_in_time_fails_the_test() -> None:
    error = Unavailable("Rate Exceeded.", remedy="raise it")
    failed = failure(INVOKED, FakeAddress(error))
    assert failed.message == "test invoked did not pass: Rate Exceeded."
    assert failed.remedy == "raise it"


def test_an_error_that_no_function_made_is_not_tried_again() -> None:
    address = FakeAddress(NotReady("no permission for lambda:InvokeFunction"))
    with pytest.raises(NotReady):
        run(replace(INVOKED, within=60.0), address)
    assert len(address.asked) == 1


# ---------------------------------------------------------------- time


class Hanging:
    """Answers what it has, and then never."""

    def __init__(self, *answers: HttpResponse) -> None:
        self._answers = list(answers)
        self.ended = threading.Event()

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        if not self._answers:
            self.ended.wait(30)
            raise FunctionTestFailed("woken up")
        return self._answers.pop(0)

    def by(self, event: EventKind | None) -> Hanging:
        return self

    def invoke(self, payload: object) -> Any:
        return self.request("GET", "/")


@pytest.fixture
def hanging() -> Iterator[Callable[..., Hanging]]:
    made: list[Hanging] = []

    def make_one(*answers: HttpResponse) -> Hanging:
        made.append(Hanging(*answers))
        return made[-1]

    yield make_one
    for one in made:
        one.ended.set()


@pytest.mark.parametrize(
    ("test", "answers"),
    [
        (HEALTH, []),
        (INVOKED, []),
        (STORAGE, []),
        (STORAGE, [answer(500)]),
        (replace(STORAGE, within=0.8), [answer(503)]),
    ],
)
def test_one_deadline_holds_for_all_that_a_test_asks(
    test: FunctionTest, answers: list[HttpResponse], hanging: Callable[..., Hanging]
) -> None:
    begun = time.monotonic()
    error = failure(test, hanging(*answers), FakeBucket())
    assert time.monotonic() - begun < test.within + 1
    assert answers or "there was no answer within" in error.message


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


def test_what_an_earlier_try_has_told_is_not_lost(hanging: Callable[..., Hanging]) -> None:
    test = replace(HEALTH, within=1.2)
    error = failure(test, hanging(answer(500, b"boom")))
    assert "(2 tries in 1." in error.message
    assert error.message.endswith(
        "GET /health answered 500 instead of 200: boom; then there was no answer within 1.2 s"
    )


@pytest.mark.parametrize("test", [HEALTH, INVOKED, STORAGE])
def test_a_run_that_is_stopped_waits_for_no_answer(
    test: FunctionTest, hanging: Callable[..., Hanging]
) -> None:
    def check() -> None:
        raise Cancelled("the run was cancelled")

    bucket, begun = FakeBucket(), time.monotonic()
    target = Target(hanging(), lambda *_: cast(Bucket, bucket), {}, Path.cwd(), check=check)
    with pytest.raises(Cancelled):
        run_test(replace(test, within=60.0), target)
    assert time.monotonic() - begun < 2


# ---------------------------------------------------------------- commands


def command(*words: str, within: float = 30.0) -> CommandTest:
    return CommandTest(name="smoke", command=words, within=within)


def test_a_command_passes_with_status_0_and_is_told_what_it_tests() -> None:
    script = 'echo first; echo "version $FUNCTION_VERSION"'
    assert run(command("sh", "-c", script), FakeAddress(answer(200))) == "version 8"


@pytest.mark.parametrize(
    ("test", "said", "shown"),
    [
        (command("sh", "-c", "echo why; exit 3"), "sh failed (exit 3)", "why"),
        (command("no-such-program"), "'no-such-program' cannot be run", ""),
        (command("sleep", "9", within=0.5), "sleep did not end within 0.5 s", ""),
    ],
)
def test_a_command_that_fails_is_run_once_and_shows_its_output(
    test: CommandTest, said: str, shown: str
) -> None:
    begun = time.monotonic()
    error = failure(test, FakeAddress(answer(200)))
    assert error.message.startswith(f"test smoke did not pass: {said}")
    assert error.detail == shown
    assert time.monotonic() - begun < 3


# ---------------------------------------------------------------- S3


def test_what_is_written_through_the_api_is_found_in_the_bucket_and_removed() -> None:
    bucket = FakeBucket()
    address = StoringAddress(bucket, "objects/")
    said = run(STORAGE, address, bucket)
    (key,) = bucket.deleted
    assert said == f"wrote, found and read back s3://files/{key}"
    assert key.startswith("objects/lambda-fast-deploy-")
    assert set(address.paths) == {f"/objects/{key.removeprefix('objects/')}"}
    assert bucket.objects == {}


def test_the_bucket_is_asked_for_by_its_owner() -> None:
    bucket, asked = FakeBucket(), list[tuple[str, str]]()

    def find(name: str, owner: str) -> Bucket:
        asked.append((name, owner))
        return cast(Bucket, bucket)

    address = StoringAddress(bucket, "objects/")
    test = replace(STORAGE, owner="123456789012")
    run_test(test, Target(address, find, ENVIRONMENT, Path.cwd()))
    assert asked == [("files", "123456789012")]


def test_every_run_uses_an_object_of_its_own() -> None:
    bucket = FakeBucket()
    for _ in range(3):
        run(STORAGE, StoringAddress(bucket, "objects/"), bucket)
    assert len(set(bucket.deleted)) == 3


def broken_once(error: DeployError) -> Callable[[str, HttpResponse], HttpResponse]:
    left = [error]

    def spoil(_method: str, given: HttpResponse) -> HttpResponse:
        if left:
            raise left.pop()
        return given

    return spoil


def broken(method: str, given: HttpResponse) -> Callable[[str, HttpResponse], HttpResponse]:
    return lambda asked, right: given if asked == method else right


def _unreachable(_method: str, _given: HttpResponse) -> HttpResponse:
    raise FunctionTestFailed("no answer: reset")


@pytest.mark.parametrize(
    ("prefix", "changes", "said"),
    [
        ("objects/", {"spoil": broken("PUT", answer(403, b"denied"))}, "answered 403: denied"),
        ("elsewhere/", {}, "does not hold what was written"),
        ("objects/", {"store": lambda body: body[1:]}, "does not hold what was written"),
        ("objects/", {"spoil": broken("GET", answer(404, b"gone"))}, "answered 404 and not what"),
        ("objects/", {"spoil": broken("GET", answer(200, b"old"))}, "not what was written: old"),
        ("objects/", {"spoil": _unreachable}, "no answer: reset"),
    ],
)
def test_a_storage_that_fails_says_how_and_leaves_no_object(
    prefix: str, changes: dict[str, Any], said: str
) -> None:
    bucket = FakeBucket()
    error = failure(STORAGE, StoringAddress(bucket, prefix, **changes), bucket)
    assert error.message.startswith("test storage did not pass: ")
    assert said in error.message
    assert len(bucket.deleted) == 1
    assert prefix == "elsewhere/" or bucket.objects == {}


@pytest.mark.parametrize("cut", range(170, 200, 3))
def test_no_half_of_a_secret_is_shown_where_an_answer_is_cut(cut: int) -> None:
    secret = "correct-horse-battery"
    address = FakeAddress(answer(500, f"{'x' * cut}{secret}".encode()))
    hidden = SecretMask([secret])
    target = Target(address, lambda _n, _o: cast(Bucket, None), {}, Path.cwd(), hidden=hidden)
    with pytest.raises(FunctionTestFailed) as caught:
        run_test(HEALTH, target)
    assert "xxx***" in str(caught.value)
    assert "cor" not in str(caught.value)


def test_an_answer_too_deep_to_be_read_is_a_failure() -> None:
    test = replace(HEALTH, json={"a": 1})
    failed = failure(test, FakeAddress(answer(200, b"[" * 100_000)))
    assert "too many values inside each other" in failed.message
