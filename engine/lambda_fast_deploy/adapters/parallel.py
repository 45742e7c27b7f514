"""Independent work in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from lambda_fast_deploy.errors import DeployError

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


def workers(most: int = 16) -> ThreadPoolExecutor:
    """Threads for work that mostly waits; leaving the ``with`` block waits for all of it."""
    return ThreadPoolExecutor(most)


def results(futures: Mapping[K, Future[R]]) -> dict[K, R]:
    """Results by key. The first error is raised after all work has ended: nothing runs on "
    "unseen."""
    wait(futures.values())
    return {key: future.result() for key, future in futures.items()}


def attempts(work: Callable[[K], R], keys: Iterable[K]) -> tuple[dict[K, R], dict[K, DeployError]]:
    """Do the work for each key in parallel; returns results by key, and errors by key."""
    values: dict[K, R] = {}
    failed: dict[K, DeployError] = {}
    with workers() as pool:
        for key, future in {key: pool.submit(work, key) for key in keys}.items():
            try:
                values[key] = future.result()
            except DeployError as error:
                failed[key] = error
    return values, failed


def together(work: Callable[[T], R], items: Iterable[T], most: int = 16) -> list[R]:
    """Do the work for each item, at most ``most`` in parallel; returns results in order."""
    with workers(most) as pool:
        futures = {index: pool.submit(work, item) for index, item in enumerate(items)}
        return list(results(futures).values())


class OncePerKey(Generic[K, R]):
    """Work that several threads need, by a key: the first does it, the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[K, Future[R]] = {}

    def get(self, key: K, work: Callable[[], R]) -> tuple[R, bool]:
        """The result of the work, or its error; and whether this call has done it."""
        with self._lock:
            future = self._begun.get(key)
            is_first = future is None
            if future is None:
                future = self._begun[key] = Future()
        if is_first:
            try:
                future.set_result(work())
            except BaseException as error:  # other threads must not wait for ever
                future.set_exception(error)
        return future.result(), is_first
