"""A private package index: small wheels and archives of one's own, behind a password."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "reader", "of-the-private-index"


def wheel(
    name: str, version: str, *needs: str, source: str = "", tag: str = "py3-none-any"
) -> bytes:
    """A wheel with one module."""
    module = name.replace("-", "_")
    information = f"{module}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    about += "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{module}.py": source or f"FROM = 'private {version}'\n",
        f"{information}/METADATA": about,
        f"{information}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(
        f"{file},sha256={_hash(text)},{len(text.encode())}\n" for file, text in files.items()
    )
    files[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for file, text in files.items():
            zipped.writestr(zipfile.ZipInfo(file), text)
    return made.getvalue()


def archive(name: str, version: str, source: str, *needs: str) -> bytes:
    """An archive of source, built by setuptools."""
    module, requires = name.replace("-", "_"), ", ".join(f'"{need}"' for need in needs)
    files = {
        "pyproject.toml": (
            f'[project]\nname = "{name}"\nversion = "{version}"\ndependencies = [{requires}]\n'
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
            f'[tool.setuptools]\npy-modules = ["{module}"]\n'
        ),
        f"{module}.py": source,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as packed:
        for file, text in files.items():
            info = tarfile.TarInfo(f"{module}-{version}/{file}")
            info.size = len(text.encode())
            packed.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class Index:
    """An index on loopback; ``asked`` are the paths that were asked for."""

    port: int
    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address, without the password."""
        return f"http://{self.host}/simple/"

    @property
    def full(self) -> str:
        """Its address, with it."""
        return f"http://{USER}:{PASSWORD}@{self.host}/simple/"

    def add(self, name: str, version: str, *needs: str, source: str = "") -> None:
        """Publish a wheel."""
        file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        self.files[file] = wheel(name, version, *needs, source=source)


@contextmanager
def private_index() -> Iterator[Index]:
    """An index while the block runs."""
    found: list[Index] = []
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index = found[0]
            index.asked.append(self.path)
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="private"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = _page(index, self.path)
            self.send_response(200 if body is not None else 404)
            if self.path.endswith("/"):
                self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.append(Index(server.server_address[1], {}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(index: Index, path: str) -> bytes | None:
    if path.startswith("/files/"):
        return index.files.get(path.removeprefix("/files/"))
    match = re.fullmatch(r"/simple/(?:([^/]+)/)?", path)
    if not match:
        return None
    names = {re.split(r"-(?=\d)", file)[0].replace("_", "-") for file in index.files}
    if not match[1]:
        return "".join(f'<a href="/simple/{name}/">{name}</a>' for name in sorted(names)).encode()
    if match[1] not in names:
        return None
    return "".join(
        f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a><br>'
        for file, data in sorted(index.files.items())
        if re.split(r"-(?=\d)", file)[0].replace("_", "-") == match[1]
    ).encode()
