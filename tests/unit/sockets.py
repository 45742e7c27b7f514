"""A server that says exactly what a test wants, byte by byte, on a socket of its own."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

Speak = Callable[[socket.socket], None]


class Server:
    """Listens on loopback; what each caller sent is in ``heard``."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._callers: list[socket.socket] = []
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.host}"
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self._callers.append(caller)
            threading.Thread(target=self._answer, args=[caller], daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError):
            said = b""
            while not _is_whole(said):
                if not (more := caller.recv(65536)):
                    return
                said += more
            self.heard.append(said)
            self._speak(caller)
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(65536):
                """Let the other side read to the end: a reset would throw that away."""

    def close(self) -> None:
        """Stop, whatever is being said."""
        self._socket.close()
        for caller in self._callers:
            with contextlib.suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(answer: bytes | Speak) -> Iterator[Server]:
    """A server that answers every request in this way."""
    server = Server(answer if callable(answer) else lambda caller: caller.sendall(answer))
    try:
        yield server
    finally:
        server.close()


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE)
    return bool(end) and len(body) >= int(length.group(1) if length else 0)


def http(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """An answer, whole and well-formed."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def dripping(start: bytes, piece: bytes, every: float) -> Speak:
    """An answer that never ends, and never pauses for long either."""

    def speak(caller: socket.socket) -> None:
        caller.sendall(start)
        closed = threading.Event()
        while True:
            caller.sendall(piece)
            closed.wait(every)

    return speak
