"""The signals that stop a run, and the memory of one, so that several in a row leave nothing."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def stopped_by_signals(stop: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Hand the signals that stop a run to ``stop``; SIGHUP only where nohup does not ignore it."""
    former = {}
    for number in STOPS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            former[number] = signal.signal(number, lambda n, _: stop(signal.Signals(n)))
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Search no memory that is not used any more, which takes a fifth of a deploy without a change.

    What is left at the end is put aside, so that the end itself takes no time. In a loop it is
    collected when the next run begins, and of the last one the system takes all at once.
    """
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
