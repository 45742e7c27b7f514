"""Runs held at each of their events."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lab.schedule import Gone, Held, Late
from tests.lab.making import Function

pytestmark = pytest.mark.lab

SOON = 5.0  # seconds in which a run comes to an event
NEVER = 0.3  # seconds after which it is taken that it comes to none


@contextmanager
def held(name: str) -> Iterator[tuple[Held, Any, socket.socket]]:
    """A run that is held, its Lambda API, and what tells that it ended (a byte in a socket)."""
    ours, its = socket.socketpair()
    run = Held(name)
    config = Config(user_agent_appid=name, retries={"total_max_attempts": 1})
    with ours, its, ThreadPoolExecutor() as pool:
        api = boto3.client("lambda", config=config)

        def call(operation: str, **parameters: Any) -> Future[Any]:
            return pool.submit(lambda: getattr(api, operation)(**parameters))

        try:
            yield run, call, ours
        finally:
            run.free()


def variable(function: Function) -> Any:
    found = function.api.get_function_configuration(FunctionName=function.name)
    return found.get("Description")


def test_a_mutating_call_waits_until_it_is_let(live: Function) -> None:
    with held("probe-a") as (run, call, ends):
        asked = call("update_function_configuration", FunctionName=live.name, Description="new")
        assert run.next(ends, SOON) == "UpdateFunctionConfiguration"
        assert variable(live) == ""
        run.let()
        assert asked.result(SOON)["Description"] == "new"


def test_reads_and_other_runs_pass(live: Function) -> None:
    with held("probe-a") as (run, call, ends), held("probe-b") as (_, other, _ends):
        call("get_function", FunctionName=live.name).result(SOON)
        waits = other("update_function_configuration", FunctionName=live.name, Description="b")
        live.api.update_function_configuration(FunctionName=live.name, Description="nobody's")
        with pytest.raises(Late):
            run.next(ends, NEVER)
        assert not waits.done()
    waits.exception(SOON)  # once let go for good it is carried out, or meets the other's


def test_the_end_of_a_test_waits_and_what_only_measures_does_not(live: Function) -> None:
    with held("probe-a") as (run, call, ends):
        asked = call("invoke", FunctionName=live.name)
        assert run.next(ends, SOON) == "end of a test"
        assert not asked.done()
        run.let()
        asked.result(SOON)
        call("invoke", FunctionName=live.name).result(SOON)
        changed = call(
            "put_function_concurrency", FunctionName=live.name, ReservedConcurrentExecutions=1
        )
        assert run.next(ends, SOON) == "PutFunctionConcurrency"
        run.let()
        changed.result(SOON)
        asked = call("invoke", FunctionName=live.name)
        assert run.next(ends, SOON) == "end of a test"
        run.let()
        asked.result(SOON)


def test_a_call_whose_name_is_in_its_body_is_held() -> None:
    stacks = boto3.client("cloudformation", config=Config(user_agent_appid="probe-a"))
    with held("probe-a") as (run, _, ends), ThreadPoolExecutor() as pool:
        stacks.list_stacks()
        pool.submit(stacks.delete_stack, StackName="absent")
        assert run.next(ends, SOON) == "DeleteStack"
        run.let()


def test_a_test_that_fails_does_so_when_it_is_let() -> None:
    with held("probe-a") as (run, _, ends), ThreadPoolExecutor() as pool:

        def ask() -> int:
            try:
                return int(urllib.request.urlopen(run.fails, timeout=SOON).status)
            except urllib.error.HTTPError as error:
                return error.code

        asked = pool.submit(ask)
        assert run.next(ends, SOON) == "end of a test"
        assert not asked.done()
        run.let()
        assert asked.result(SOON) == 500


def test_an_event_is_not_lost_by_a_wait_that_was_over_before(live: Function) -> None:
    with held("probe-a") as (run, call, ends):
        with pytest.raises(Late):
            run.next(ends, NEVER)
        call("delete_function", FunctionName=live.name)
        assert run.next(ends, SOON) == "DeleteFunction"
        assert run.next(ends, SOON) == "DeleteFunction"
        run.let()


def test_the_end_of_a_run_is_seen() -> None:
    ours, its = socket.socketpair()
    run = Held("probe-a")
    its.close()
    with ours, pytest.raises(Gone):
        run.next(ours, SOON)
    run.free()
