"""The two streams of the process: stderr for people, stdout for what was asked for.

Telling never changes what is done, nor how it is judged: nothing here raises. What one stream does
not take, since its reader is gone or the disk behind it is full, is told on the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


class _Streams:
    def __init__(self) -> None:
        self._unsaid: list[str] = []
        self._why = ""
        self._has_document = False
        self._has_told = False

    def say(self, text: str) -> None:
        """Print lines for people on stderr, at once."""
        if why := _written(sys.stderr, text):
            self._unsaid.append(text)
            self._why = why

    def show(self, text: str) -> None:
        """Print lines that were asked for, such as a table, on stdout."""
        why = _written(sys.stdout, text)
        if why and not self._has_told:
            self._has_told = True
            self.say(f"stdout cannot be written, and what was asked for is not all there: {why}")

    def hand_over(self, document: str) -> None:
        """Print a document on stdout, which holds nothing else, no second one either."""
        if not self._has_document:
            self._has_document = True
            self.show(document)

    def finish(self) -> None:
        """Print on stdout what stderr has not taken, unless a document is there."""
        unsaid, self._unsaid = self._unsaid, []
        if unsaid and not self._has_document:
            head = f"stderr cannot be written: {self._why}. What was to stand there:"
            _written(sys.stdout, "\n".join([head, *unsaid]))


def _written(file: TextIO | None, text: str) -> str:
    """Write lines; why that cannot be done, or nothing."""
    if file is None:  # Python's way to say that it was closed when the process began
        return "it is closed"
    encoding = file.encoding or "utf-8"
    data = f"{text}\n".encode(encoding, "backslashreplace")
    try:
        try:
            file.write(data.decode(encoding))  # in one piece: others print at the same time
            file.flush()
        except RuntimeError:  # a signal came while its own thread was writing: no buffer then
            os.write(file.fileno(), data)
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return "it is closed"
    return ""


_streams = _Streams()
say, show = _streams.say, _streams.show
hand_over, finish = _streams.hand_over, _streams.finish


def writer(file: TextIO) -> Callable[[str], None]:
    """How lines are printed on a stream."""
    return show if file is sys.stdout else say


def hold() -> None:
    """Let no file that is opened later have the number of a standard stream that is closed.

    It is opened the wrong way round, so that using it fails as before (as glibc does for programs
    with privileges, csu/check_fds.c).
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):  # the lowest number that is free
                os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)
