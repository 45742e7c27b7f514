"""The two streams of the process: stderr for people, stdout for results.

Nothing here raises, so that output cannot change what a run does or its exit code. Lines that one
stream does not accept, since its reader is gone or the disk is full, go to the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


class _Streams:
    def __init__(self) -> None:
        self._unwritten: list[str] = []
        self._error = ""
        self._has_document = False
        self._has_warned = False

    def say(self, text: str) -> None:
        """Print lines for people on stderr, at once."""
        if error := _write(sys.stderr, text):
            self._unwritten.append(text)
            self._error = error

    def show(self, text: str) -> None:
        """Print lines of a result, such as a table, on stdout."""
        error = _write(sys.stdout, text)
        if error and not self._has_warned:
            self._has_warned = True
            self.say(f"stdout cannot be written, so the result is incomplete: {error}")

    def hand_over(self, document: str) -> None:
        """Print a document on stdout, unless stdout already has one."""
        if not self._has_document:
            self._has_document = True
            self.show(document)

    def finish(self) -> None:
        """Print on stdout what could not be written on stderr, unless stdout has a document."""
        unwritten, self._unwritten = self._unwritten, []
        if unwritten and not self._has_document:
            head = f"stderr cannot be written: {self._error}. Its lines:"
            _write(sys.stdout, "\n".join([head, *unwritten]))


def _write(file: TextIO | None, text: str) -> str:
    """Write lines; the error, or an empty text."""
    if file is None:  # Python sets this if the stream was closed when the process started
        return "it is closed"
    encoding = file.encoding or "utf-8"
    data = f"{text}\n".encode(encoding, "backslashreplace")
    try:
        try:
            file.write(data.decode(encoding))  # in one call: other threads print as well
            file.flush()
        except RuntimeError:  # a signal interrupted a write of this thread: bypass the buffer
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
    """The function that prints lines on a stream."""
    return show if file is sys.stdout else say


def hold() -> None:
    """Occupy the number of each closed standard stream, so that no later file gets it.

    /dev/null is opened in the opposite mode, so that using the stream still fails (as glibc does
    for privileged programs, csu/check_fds.c).
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):  # gets the lowest free number
                os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY)
