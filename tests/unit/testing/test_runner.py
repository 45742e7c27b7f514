"""The runner: what is tried again, how long, and when trying again is no use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import (
    Cancelled,
    DeployError,
    FunctionTestFailed,
    NotReady,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models import EventKind, FunctionTest
from lambda_fast_deploy.testing.endpoints import CannotStart
from lambda_fast_deploy.testing.runner import run_test
from lambda_fast_deploy.testing.target import Target
from tests.unit.testing.fakes import (
    HEALTH,
    INVOKED,
    STORAGE,
    FakeAddress,
    FakeBucket,
    StoringAddress,
    answer,
    failure,
    run,
    target,
)


def broken_once(error: DeployError) -> Callable[[str, HttpResponse], HttpResponse]:
    left = [error]

    def spoil(_method: str, given: HttpResponse) -> HttpResponse:
        if left:
            raise left.pop()
        return given

    return spoil


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
    assert error.message == "test invoked failed: Runtime.ImportModuleError: no module"
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
    assert failed.message == "test invoked failed: Rate Exceeded."
    assert failed.remedy == "raise it"


def test_an_error_that_no_function_made_is_not_tried_again() -> None:
    address = FakeAddress(NotReady("no permission for lambda:InvokeFunction"))
    with pytest.raises(NotReady):
        run(replace(INVOKED, within=60.0), address)
    assert len(address.asked) == 1


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


def test_a_try_that_the_deadline_cuts_short_says_nothing(
    hanging: Callable[..., Hanging], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(test: FunctionTest, target: Target, deadline: Deadline) -> str:
        if deadline.left < 0.3:
            raise OutOfTime("there was no answer within 1 s")
        time.sleep(0.35)
        raise FunctionTestFailed("GET /health answered 500")

    monkeypatch.setattr(type(HEALTH), "run", run)
    error = failure(replace(HEALTH, within=1.0), hanging())
    assert error.message.endswith("GET /health answered 500")


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
    hung = target(hanging(), bucket, check=check)
    with pytest.raises(Cancelled):
        run_test(replace(test, within=60.0), hung)
    assert time.monotonic() - begun < 2
