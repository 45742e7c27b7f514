"""Reads a source that may be silent for long, with a regular chance to give up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 0.2  # seconds


def beating(source: Iterable[T], beat: Callable[[], None]) -> Iterator[T]:
    """The items of a blocking source; ``beat`` is called regularly, and may raise."""
    items: queue.SimpleQueue[tuple[bool, T | BaseException | None]] = queue.SimpleQueue()

    def read() -> None:
        try:
            for item in source:
                items.put((True, item))
            items.put((False, None))
        except BaseException as error:
            items.put((False, error))

    threading.Thread(target=read, daemon=True).start()  # may run on until the source ends
    while True:
        try:
            is_item, item = items.get(timeout=EVERY)
        except queue.Empty:
            beat()
            continue
        beat()
        if is_item:
            yield item  # type: ignore[misc]
        elif isinstance(item, BaseException):
            raise item
        else:
            return
