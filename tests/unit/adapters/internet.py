"""Hosts of the internet, played on this machine: behind a proxy, over TLS, under their own names.

What asks for ``https://registry-1.docker.io`` with HTTPS_PROXY and SSL_CERT_FILE set as here is
answered by a function of the test.
"""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

NAMES = (
    "registry-1.docker.io",
    "auth.docker.io",
    "public.ecr.aws",
    "*.dkr.ecr.eu-west-1.amazonaws.com",
    *(f"{name}.test" for name in ("evil", "own", "r", "store")),
)


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    accept: str


@dataclass(frozen=True)
class Reply:
    """What is answered; a body that is an iterator is sent piece by piece, with no length."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""


Host = Callable[[Asked], Reply]


@dataclass(frozen=True)
class Certificate:
    """A certificate that vouches for itself, and its key."""

    certificate: Path
    key: Path

    @classmethod
    def made(cls, folder: Path) -> Certificate:
        """Make one for all the names that are played."""
        made = cls(folder / "certificate.pem", folder / "key.pem")
        names = ",".join(["IP:127.0.0.1", *(f"DNS:{name}" for name in NAMES)])
        subprocess.run(
            [
                *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(),
                *"-nodes -days 2 -subj /CN=test -addext".split(),
                f"subjectAltName={names}",
                *("-out", str(made.certificate), "-keyout", str(made.key)),
            ],
            check=True,
            capture_output=True,
        )
        return made

    def context(self) -> ssl.SSLContext:
        """A server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Internet:
    """The hosts that answer, by name, how often each was connected to, and what it was asked."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.hosts: dict[str, Host] = {}
        self.asked: list[Asked] = []
        self.connected: list[str] = []
        self.proxy = ""

    def of(self, host: str) -> list[Asked]:
        """What one host has been asked."""
        return [asked for asked in self.asked if asked.host == host]

    @contextmanager
    def up(self) -> Iterator[Internet]:
        """The proxy, while the block runs."""
        context = self.certificate.context()
        internet = self

        class Proxy(_Silent):
            def do_CONNECT(self) -> None:
                host = self.path.removesuffix(":443")
                if host not in internet.hosts:
                    self.send_error(502)
                    return
                internet.connected.append(host)
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                with suppress(OSError):
                    inner = context.wrap_socket(self.connection, server_side=True)
                    _handler(internet)(inner, self.client_address, self.server)
                self.close_connection = True

        with _serving(Proxy) as server:
            self.proxy = f"http://127.0.0.1:{server.server_port}"
            yield self

    @contextmanager
    def here(self, host: Host, *, tls: bool = False) -> Iterator[str]:
        """A host on a port of this machine, by its address; no proxy leads there."""
        with _serving(_handler(self)) as server:
            name = f"127.0.0.1:{server.server_port}"
            if tls:
                server.socket = self.certificate.context().wrap_socket(
                    server.socket, server_side=True
                )
            self.hosts[name] = host
            yield name


class _Silent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """No log."""


def _handler(internet: Internet) -> type[BaseHTTPRequestHandler]:
    class Handler(_Silent):
        def _answer(self) -> None:
            found = urlsplit(self.path)
            asked = Asked(
                self.headers["Host"],
                self.command,
                found.path,
                dict(parse_qsl(found.query)),
                self.headers.get("Authorization", ""),
                self.headers.get("Accept", ""),
            )
            internet.asked.append(asked)
            reply = internet.hosts[asked.host](asked)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if isinstance(reply.body, bytes):
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body if self.command != "HEAD" else b"")
                return
            self.send_header("Connection", "close")
            self.end_headers()
            with suppress(OSError):
                for piece in reply.body:
                    self.wfile.write(piece)

        do_GET = do_HEAD = _answer

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client may go at any time."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
