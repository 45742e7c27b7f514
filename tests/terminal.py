"""A terminal that a program runs at, and what a person saw on it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

_END = b"\0"  # written after everything else; a terminal ignores it


class Terminal:
    """An xterm of a size.

    Attributes:
        device: what a program writes to.
        raw: the bytes that came.
        frames: what it showed one after the other, without what had gone off its top.
    """

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.raw = b""
        self.frames: list[list[str]] = []
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self._window, self.device = pty.openpty()
        fcntl.ioctl(self.device, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._modes = termios.tcgetattr(self.device)
        self._has_ended = threading.Event()
        threading.Thread(target=self._show, daemon=True).start()

    def _show(self) -> None:
        while data := os.read(self._window, 65536):
            self._stream.feed(data.replace(_END, b""))
            self.frames.append([line.rstrip() for line in self._screen.display])
            self.raw += data.replace(_END, b"")
            if _END in data:
                self._has_ended.set()

    def settle(self) -> None:
        """Wait until all that was written is shown, also on a busy machine."""
        self._has_ended.clear()
        os.write(self.device, _END)
        assert self._has_ended.wait(60)

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._window, keys)

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        watch: Callable[[list[str]], None] = lambda _: None,
    ) -> tuple[int, str]:
        """Run a program in the foreground, its stderr being the terminal; exit code and stdout.

        ``watch`` is called with what is shown, several times a second.
        """
        out = cwd.parent / f"stdout-{time.monotonic_ns()}"
        with out.open("wb") as file:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=self.device,
                stdout=file,
                stderr=self.device,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(self.device, termios.TIOCSCTTY, 0),
            )
        while child.poll() is None:
            time.sleep(0.05)
            if self.frames:
                watch(self.frames[-1])
        self.settle()
        return child.returncode, out.read_text()

    @property
    def lines(self) -> list[str]:
        """All that stands in the end, with what has gone off the top; without empty lines."""
        top = ["".join(c.data for _, c in sorted(row.items())) for row in self._screen.history.top]
        return [line.rstrip() for line in (*top, *self._screen.display) if line.strip()]

    @property
    def is_clean(self) -> bool:
        """Whether a prompt finds the terminal as it was: modes, cursor and the line it is in."""
        cursor = self._screen.cursor
        begins_a_line = cursor.x == 0 and not self._screen.display[cursor.y].strip()
        plain = cursor.attrs.fg == "default" and not cursor.hidden
        return begins_a_line and plain and termios.tcgetattr(self.device) == self._modes

    def colour_of(self, text: str) -> str:
        """The colour in which a text stands on the screen."""
        for y, line in enumerate(self._screen.display):
            if (x := line.find(text)) >= 0:
                return str(self._screen.buffer[y][x].fg)
        raise AssertionError(f"{text!r} is not on the screen")
