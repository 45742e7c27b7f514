"""Progress at a terminal: what runs, in an area that is drawn anew at the foot of all else.

No mode of the terminal is changed and the cursor stays visible, so that whatever ends the program
leaves nothing to mend.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.run_log import LogEntry, Progress

_EVERY = 0.1  # seconds
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 10  # columns
_UP, _CLEAR = "\x1b[{}A", "\r\x1b[J"  # ECMA-48: CUU, and ED from the cursor on


@dataclass(slots=True)
class _RunningStep:
    entry: LogEntry
    begun: float
    says: str
    fraction: float | None = None


class LiveProgress:
    """A line for each step that runs; what is told of steps that ended stays above."""

    def __init__(self, file: TextIO, line: Callable[[LogEntry], str]) -> None:
        self._fd = file.fileno()
        self._line = line
        self._running: dict[tuple[str, str], _RunningStep] = {}
        self._drawn: list[str] = []
        self._lock = threading.RLock()  # a signal may come while its own thread draws
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> LiveProgress:
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._ticker.join()
        with self._lock:
            self._running.clear()
            self._draw()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._draw(f"{text}\n")

    def tell(self, entry: LogEntry) -> None:
        """Take what began, goes on or ended."""
        key = (entry.region, entry.id)
        with self._lock:
            if entry.outcome != "running":
                self._running.pop(key, None)
                self.say(self._line(entry))
            elif isinstance(entry, Progress):
                if running := self._running.get(key):
                    running.fraction = entry.fraction
                    running.says = entry.reason or running.says
            elif entry.action == "progress":
                if running := self._running.get(key):
                    running.says = entry.reason
            else:
                self._running[key] = _RunningStep(entry, clock.monotonic(), entry.reason)

    def _tick(self) -> None:
        while not self._over.wait(_EVERY):
            with suppress(Exception), self._lock:  # nobody would hear of a fault in this thread
                if self._running:
                    self._draw()

    def _draw(self, above: str = "") -> None:
        """Replace the area, with a text above it."""
        try:
            columns, rows = os.get_terminal_size(self._fd)
            columns, rows = columns or 80, rows or 24  # some terminals do not tell
            # A window that became narrower has broken what was drawn into several lines.
            up = sum(-(-_width(line) // columns) for line in self._drawn)
            lines = [_fitted(_shown(each), columns - 1) for each in self._running.values()]
            if (more := len(lines) - max(1, rows - 1)) > 0:
                lines[-more - 1 :] = [f"  … and {more + 1} more"]
            self._drawn = lines
            text = (
                (_UP.format(up) if up else "") + _CLEAR + above + "".join(f"{x}\n" for x in lines)
            )
            data = text.encode("utf-8", "replace")
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            pass  # the terminal is gone; what runs must go on


def _shown(running: _RunningStep) -> str:
    now, entry, fraction = clock.monotonic(), running.entry, running.fraction
    bar = ""
    if fraction is not None and fraction < 1:
        bar = f"{'█' * int(_BAR * fraction):░<{_BAR}} {100 * fraction:2.0f} % "
    what = entry.id if entry.id.startswith(f"{entry.action}:") else f"{entry.action} {entry.id}"
    where = f" ({entry.region})" if entry.region else ""
    spinner = _SPINNER[int(now / _EVERY) % len(_SPINNER)]
    seconds = now - running.begun
    return f"{spinner} {units.seconds(seconds, 1, width=5)} {bar}{what}{where}: {running.says}"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _fitted(text: str, columns: int) -> str:
    """A text in one line of so many columns, without what would move the cursor."""
    text = "".join(c if c.isprintable() else " " for c in text)
    if _width(text) <= columns:
        return text
    while _width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"
