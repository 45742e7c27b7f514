"""A user's project deployed by the engine as a user runs it, and what AWS saw of it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import docker

from tests.zygote import zygote

CHECKOUT = Path(__file__).parents[1]
LONGEST = 240.0  # seconds of a run
REPORTING = ("deploy", "plan", "build", "rollback")


@dataclass(frozen=True)
class Run:
    """One run of the engine."""

    code: int
    out: str
    log: str
    report: dict[str, Any]
    requests: list[dict[str, Any]]

    @property
    def function(self) -> dict[str, Any]:
        """What became of the first function."""
        found: dict[str, Any] = self.report["functions"][0]
        return found

    @property
    def changes(self) -> list[str]:
        """Mutating calls that AWS saw during the run, in order."""
        return [r["operation"] for r in self.requests if r["mutating"]]

    @property
    def actions(self) -> dict[str, str]:
        """Planned action by step id."""
        return {step["id"]: step["action"] for step in self.report["plan"]["steps"]}


@contextmanager
def requests_during() -> Iterator[list[dict[str, Any]]]:
    """The calls that AWS sees while the block runs; filled in at its end."""
    log = Path(os.environ["LAB_REQUESTS"])
    before = log.stat().st_size if log.exists() else 0
    requests: list[dict[str, Any]] = []
    yield requests
    if log.exists():
        with log.open("rb") as file:
            file.seek(before)
            requests += [json.loads(line) for line in file if line.strip()]


def check_out(root: Path) -> None:
    """Copy the action into a folder as a runner gets it: the repository's files, nothing else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, root / name)


def check_out_release(root: Path) -> None:
    """Copy the action into a folder as it is on a release's tag, with its dependencies."""
    check_out(root)
    make = [sys.executable, "-m", "tools.dist", str(root / "dist")]
    subprocess.run(make, cwd=CHECKOUT, check=True)


class Project:
    """A checkout of a user's repository."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        text = (self.root / name).read_text()
        assert old in text
        (self.root / name).write_text(text.replace(old, new))

    def run(self, *arguments: str, **environment: str) -> Run:
        """Run ``lambda-fast-deploy`` in the checkout."""
        report = self.root.parent / f"report-{secrets.token_hex(4)}.json"
        extra = ("--report", str(report)) if arguments[0] in REPORTING else ()
        with requests_during() as requests, tempfile.TemporaryDirectory() as folder:
            out, log = Path(folder, "out"), Path(folder, "log")
            started = zygote().start(
                [*arguments, *extra], self.root, {**os.environ, **environment}, log, out
            )
            code = started.wait(LONGEST)
            said, told = out.read_text(), log.read_text()
        print(told)
        return Run(
            code=code,
            out=said,
            log=told,
            report=json.loads(report.read_text()) if report.exists() else {},
            requests=requests,
        )

    def deploy(self, message: str = "change", **environment: str) -> Run:
        """Deploy, with a commit message."""
        return self.run("deploy", "--commit-message", message, **environment)

    @contextmanager
    def deploying(self, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Deploy while the block runs, in a process that can be sent signals; its log is a pipe."""
        with subprocess.Popen(
            [sys.executable, "-m", "lambda_fast_deploy", "deploy", *options],
            cwd=self.root,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            yield run


def read_until(run: subprocess.Popen[str], text: str) -> None:
    """Read the log of a run up to a line that contains a text.

    Raises:
        AssertionError: the run ended without one.
    """
    assert run.stderr is not None
    read = []
    for line in run.stderr:
        if text in line:
            return
        read.append(line)
    raise AssertionError(f"no line contains {text!r}:\n{''.join(read)}")


@contextmanager
def faults(*rules: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The lab's AWS with faults while the block runs; at its end filled with what was done."""
    address = f"{os.environ['AWS_ENDPOINT_URL']}/_lab/faults"

    def put(new: tuple[dict[str, Any], ...]) -> None:
        body = json.dumps(new).encode()
        urllib.request.urlopen(urllib.request.Request(address, body, method="PUT")).close()

    done: list[dict[str, Any]] = []
    put(rules)
    try:
        yield done
    finally:
        done += faults_done()
        put(())


def faults_done() -> list[dict[str, Any]]:
    """The faults that calls have met so far."""
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/_lab/faults") as answer:
        met: list[dict[str, Any]] = json.loads(answer.read())["done"]
        return met


def push_upstream(reference: str, marker: str = "", text: str = "") -> None:
    """Push AWS's image under a reference: with a file of its own when a marker is given.

    Or what a Dockerfile makes, whose ``text`` is given.
    """
    data = boto3.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    engine = docker.from_env()
    text = text or f"FROM {os.environ['LAB_PYTHON_IMAGE']}\n"
    text += f"RUN echo {marker} > /marker\n" if marker else ""
    image, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), rm=True)
    image.tag(reference)
    credentials = {"username": user, "password": password}
    for event in engine.api.push(reference, stream=True, decode=True, auth_config=credentials):
        assert "error" not in event


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, old: bytes = b"", new: bytes = b""
) -> None:
    """Pass on what a connection sends, with one text in place of another of the same length."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data.replace(old, new) if old else data)
            await writer.drain()
    writer.close()


@contextmanager
def served(
    socket: Path,
    connect: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
) -> Iterator[None]:
    """A socket whose connections are answered by a coroutine."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.start_unix_server(connect, socket)
    asyncio.run_coroutine_threadsafe(server, loop).result(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def own_buildkit(socket: Path) -> Iterator[None]:
    """The engine's own BuildKit behind a socket, as buildx's ``remote`` driver wants it.

    The engine speaks BuildKit's protocol on a connection that was upgraded at ``/grpc``.
    """
    engine = os.environ["DOCKER_HOST"].removeprefix("unix://")
    upgrade = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_engine, to_engine = await asyncio.open_unix_connection(engine)
        to_engine.write(upgrade)
        await from_engine.readuntil(b"\r\n\r\n")
        await asyncio.gather(pump(reader, to_engine), pump(from_engine, writer))

    with served(socket, connect):
        yield


@contextmanager
def own_builder(socket: Path) -> Iterator[str]:
    """A builder of buildx's ``remote`` driver, by name: the engine's own BuildKit."""
    name = f"own-{secrets.token_hex(4)}"
    buildx = ["docker", "buildx"]
    create = [*buildx, "create", "--name", name, "--driver", "remote", f"unix://{socket}"]
    with own_buildkit(socket):
        subprocess.run(create, check=True, capture_output=True)
        try:
            yield name
        finally:
            subprocess.run([*buildx, "rm", name], check=True, capture_output=True)


class Users:
    """Requests at an address, 20 a second, until the block ends."""

    def __init__(self, url: str, path: str = "/health") -> None:
        self._url, self._path = url, path
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(8)
        self._lock = threading.Lock()
        self.answers: list[tuple[float, int, Any]] = []

    def __enter__(self) -> Users:
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._pool.shutdown()

    def _ask(self) -> None:
        while not self._over.wait(0.05):
            self._pool.submit(self._once)

    def _once(self) -> None:
        begun = time.monotonic()
        try:
            status, body = get(self._url, self._path)
        except OSError as error:
            status, body = 0, str(error)
        with self._lock:
            self.answers.append((begun, status, body))

    def answered_now(self) -> tuple[int, Any]:
        """Wait for the answer to a request that begins from now on: status and JSON."""
        now = time.monotonic()
        while time.monotonic() < now + 30:
            time.sleep(0.05)
            with self._lock:
                later = [(status, body) for begun, status, body in self.answers if begun > now]
            if later:
                return later[0]
        raise AssertionError("no user was answered within 30 s")

    @property
    def failed(self) -> list[tuple[float, int, Any]]:
        """The answers that no user should get."""
        with self._lock:
            return sorted(each for each in self.answers if each[1] != 200)

    @property
    def outage(self) -> float:
        """Seconds from the first failed request to the last."""
        times = [begun for begun, _, _ in self.failed]
        return max(times) - min(times) if times else 0.0


def get(url: str, path: str = "/health") -> tuple[int, Any]:
    """What users get: status and JSON."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}{path}", timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
