"""The run_log: every piece of work once, whatever became of it, from any thread."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambda_fast_deploy.errors import Cancelled
from lambda_fast_deploy.run_log import LogEntry, Progress, RunLog


def test_work_is_entered_with_its_time_and_last_detail() -> None:
    run_log = RunLog()
    with run_log.work("code:orders", "update", "it changed", "eu-central-1") as detail:
        detail("half")
        detail("whole")
        time.sleep(0.01)
    (entry,) = run_log.entries
    assert (entry.id, entry.action, entry.reason) == ("code:orders", "update", "it changed")
    assert (entry.region, entry.outcome, entry.detail) == ("eu-central-1", "done", "whole")
    assert 0.01 <= entry.seconds <= run_log.elapsed
    assert entry.start >= 0


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_work_that_fails_is_entered_too_and_its_error_goes_on(error: BaseException) -> None:
    run_log = RunLog()

    def work() -> None:
        with run_log.work("code:orders", "update") as detail:
            detail("so far")
            raise error

    with pytest.raises(type(error)):
        work()
    (entry,) = run_log.entries
    assert (entry.outcome, entry.detail) == ("failed", str(error) or repr(error))


def test_the_listener_hears_the_beginning_and_the_end() -> None:
    heard: list[LogEntry] = []
    run_log = RunLog(heard.append)
    with run_log.work("observe", "read"):
        assert [entry.outcome for entry in heard] == ["running"]
        assert [entry.id for entry in run_log.entries] == []
    assert [entry.outcome for entry in heard] == ["running", "done"]
    assert heard[-1] == run_log.entries[0]


def test_entries_are_in_the_order_in_which_work_began() -> None:
    run_log = RunLog()
    with run_log.work("outer", "a"), run_log.work("inner", "b"):
        pass
    assert [entry.id for entry in run_log.entries] == ["outer", "inner"]


def test_a_note_is_said_once_however_often_it_is_met() -> None:
    heard: list[LogEntry] = []
    run_log = RunLog(heard.append)
    for text in ("cold", "cold", "slow", "cold"):
        run_log.note(text)
    assert run_log.notes == ("cold", "slow")
    assert [entry.reason for entry in heard] == ["cold", "slow"]
    assert run_log.entries == ()


def test_threads_lose_nothing() -> None:
    run_log = RunLog()

    def work(number: int) -> None:
        with run_log.work(f"step:{number}", "build") as detail:
            detail(str(number))
            run_log.note("the same for all")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert {entry.detail for entry in run_log.entries} == {str(n) for n in range(200)}
    assert len(run_log.entries) == 200
    assert run_log.notes == ("the same for all",)


def test_what_advances_is_heard_each_time_without_secrets_and_not_kept() -> None:
    heard: list[LogEntry] = []
    run_log = RunLog(heard.append)
    run_log.secrets.add(["hush-hush"])
    for done in (1, 1, 5):
        run_log.advance("image:orders", done, 4, "pushed hush-hush", "eu-west-1")
    run_log.advance("image:orders", 0, 0)
    assert [e.fraction for e in heard if isinstance(e, Progress)] == [0.25, 0.25, 1.0, 0.0]
    assert (heard[0].id, heard[0].region, heard[0].reason) == (
        "image:orders",
        "eu-west-1",
        "pushed ***",
    )
    assert run_log.entries == ()


def test_a_listener_that_fails_stops_no_work() -> None:
    def fail(_: LogEntry) -> None:
        raise OSError("no space")

    run_log = RunLog(fail)
    with run_log.work("code:orders", "update") as detail:
        run_log.note("look")
        run_log.progress("code:orders", "half")
        run_log.advance("code:orders", 1, 2)
        detail("whole")
    run_log.happened("resource:Api", "create", "", 0.0, failed=False, detail="made")
    assert [entry.detail for entry in run_log.entries] == ["made", "whole"]
    assert run_log.notes == ("look",)


def test_what_is_waited_for_is_told_with_the_work_that_waits() -> None:
    heard: list[LogEntry] = []
    run_log = RunLog(heard.append)
    with run_log.work("code:orders", "update"), run_log.work("lock:orders", "read"):
        run_log.waits("orders is Pending")
    assert [(e.id, e.reason) for e in heard if e.action == "progress"] == [
        ("lock:orders", "waiting: orders is Pending")
    ]
    run_log.waits("nothing of a piece of work")
    assert len(heard) == 5


def test_a_wait_ends_when_the_run_is_cancelled_but_not_that_of_an_undo() -> None:
    run_log = RunLog()
    run_log.cancellation.request()
    with run_log.rollback("orders", "", ""):
        run_log.waits("orders is being updated")
    with pytest.raises(Cancelled), run_log.work("code:orders", "update"):
        run_log.waits("orders is being updated")
