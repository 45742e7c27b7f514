"""Live progress on a terminal: the running steps, redrawn below the lines of the log.

The display changes no mode of the terminal and leaves the cursor visible, so that the terminal is
usable after any end of the program.
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
    start: float
    text: str
    fraction: float | None = None


class LiveProgress:
    """A line for each running step; the lines of finished steps stay above."""

    def __init__(self, file: TextIO, line: Callable[[LogEntry], str]) -> None:
        self._fd = file.fileno()
        self._line = line
        self._running: dict[tuple[str, str], _RunningStep] = {}
        self._drawn: list[str] = []
        self._lock = threading.RLock()  # a signal handler may print while its thread draws
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
        """Print a line above the running steps."""
        with self._lock:
            self._draw(f"{text}\n")

    def tell(self, entry: LogEntry) -> None:
        """Show an entry: the start, the progress or the end of a step."""
        key = (entry.region, entry.id)
        with self._lock:
            if entry.outcome != "running":
                self._running.pop(key, None)
                self.say(self._line(entry))
            elif isinstance(entry, Progress):
                if running := self._running.get(key):
                    running.fraction = entry.fraction
                    running.text = entry.reason or running.text
            elif entry.action == "progress":
                if running := self._running.get(key):
                    running.text = entry.reason
            else:
                self._running[key] = _RunningStep(entry, clock.monotonic(), entry.reason)

    def _tick(self) -> None:
        while not self._over.wait(_EVERY):
            with suppress(Exception), self._lock:  # an error must not end this thread
                if self._running:
                    self._draw()

    def _draw(self, above: str = "") -> None:
        """Redraw the running steps, with a text above them."""
        try:
            columns, rows = os.get_terminal_size(self._fd)
            columns, rows = columns or 80, rows or 24  # some terminals report 0
            # If the window became narrower, it has wrapped the lines that were drawn.
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
            pass  # the terminal is gone; the run goes on


def _shown(running: _RunningStep) -> str:
    now, entry, fraction = clock.monotonic(), running.entry, running.fraction
    bar = ""
    if fraction is not None and fraction < 1:
        bar = f"{'█' * int(_BAR * fraction):░<{_BAR}} {100 * fraction:2.0f} % "
    what = entry.id if entry.id.startswith(f"{entry.action}:") else f"{entry.action} {entry.id}"
    region = f" ({entry.region})" if entry.region else ""
    spinner = _SPINNER[int(now / _EVERY) % len(_SPINNER)]
    seconds = now - running.start
    return f"{spinner} {units.seconds(seconds, 1, width=5)} {bar}{what}{region}: {running.text}"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _fitted(text: str, columns: int) -> str:
    """A text cut to a number of columns, without characters that move the cursor."""
    text = "".join(c if c.isprintable() else " " for c in text)
    if _width(text) <= columns:
        return text
    while _width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"
