"""Work that several threads ask for is done once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambda_fast_deploy.adapters.parallel import OncePerKey
from lambda_fast_deploy.errors import BuildFailed


def test_the_first_does_it_and_the_others_have_what_it_came_to() -> None:
    once: OncePerKey[str, int] = OncePerKey()
    calls: list[str] = []

    def work() -> int:
        calls.append(threading.current_thread().name)
        time.sleep(0.05)
        return len(calls)

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(once.get, "a", work) for _ in range(8)]]
    assert len(calls) == 1
    assert sorted(found) == [(1, False)] * 7 + [(1, True)]
    assert once.get("b", work) == (2, True)


def test_its_error_is_that_of_all() -> None:
    once: OncePerKey[str, int] = OncePerKey()

    def work() -> int:
        raise BuildFailed("no")

    for _ in range(2):
        with pytest.raises(BuildFailed, match="no"):
            once.get("a", work)
