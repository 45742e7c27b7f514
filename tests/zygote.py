"""Runs of the engine without its start: a process that has imported it forks for each of them.

Each run is ``python -m lambda_fast_deploy`` with a working directory, an environment, arguments and
output of its own; it differs from one that a user starts in nothing but the time that imports take,
which is half of what most runs take of the processor. How it is started is tested elsewhere.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import botocore.loaders


@dataclass
class Process:
    """A run under way. ``ends`` can be read once it is over; ``log`` is what it prints."""

    ends: socket.socket
    log: Path

    def wait(self, seconds: float) -> int:
        """Its exit code, negative for a signal; an error of the socket if it takes longer."""
        self.ends.settimeout(seconds)
        said = self.ends.recv(16)
        self.ends.close()
        return int(said or b"-1")


class Zygote:
    """The process that forks."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = str(Path(self._folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._path)
            listening.listen(64)
            number = listening.fileno()
            command = [sys.executable, "-P", __file__, str(number)]
            self._process = subprocess.Popen(command, pass_fds=[number])

    def start(
        self,
        arguments: list[str],
        root: Path,
        environment: Mapping[str, str],
        log: Path,
        out: Path | int | None = None,
        err: int | None = None,
        hook: str = "",
    ) -> Process:
        """Start a run.

        Args:
            arguments: of the command line.
            root: its working directory.
            environment: all of its variables.
            log: the file to which its standard error is added.
            out: likewise for its standard output, or its file descriptor; that goes to ``log``
                otherwise.
            err: the file descriptor of its standard error, in place of ``log``.
            hook: Python code that its process executes before it is the run.
        """
        ends = socket.socket(socket.AF_UNIX)
        ends.connect(self._path)
        asked = {
            "arguments": arguments,
            "root": str(root),
            "environment": dict(environment),
            "hook": hook,
        }
        with contextlib.ExitStack() as opened:
            streams = [
                each if isinstance(each, int) else opened.enter_context(each.open("a")).fileno()
                for each in (log if out is None else out, log if err is None else err)
            ]
            socket.send_fds(ends, [json.dumps(asked).encode() + b"\n"], streams)
        return Process(ends, log)

    def stop(self) -> None:
        """End the process that forks."""
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


@functools.cache
def zygote() -> Zygote:
    """That of this process, which ends with it."""
    made = Zygote()
    atexit.register(made.stop)
    return made


def read_models_once() -> None:
    """Let all clients of this process and of its forks share the models that botocore reads."""
    loader = botocore.loaders.JSONFileLoader
    read = functools.cache(functools.partial(loader.load_file, loader()))
    loader.load_file = lambda _, path: read(path)


def _serve(listening: socket.socket) -> NoReturn:
    """Fork for each client, and send the exit code of each run that ends, until SIGTERM."""
    _import()
    # No garbage collection, as in a run; nor gc.freeze(), which a run takes for an earlier run's.
    gc.collect()
    gc.disable()
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listening:
                _fork(selector, listening.accept()[0])
            else:
                _tell(selector, key)


def _import() -> None:
    """Import all that a run does, and what botocore reads of its models."""
    import botocore.session
    import docker
    import tenacity

    import lambda_fast_deploy

    del docker, tenacity
    for module in pkgutil.walk_packages(lambda_fast_deploy.__path__, "lambda_fast_deploy."):
        importlib.import_module(module.name)
    read_models_once()
    session = botocore.session.Session()
    session.get_available_regions("lambda")
    for service in ("lambda", "cloudwatch", "cloudformation", "s3", "ecr", "iam", "sts"):
        session.create_client(service, region_name="us-east-1")


def _fork(selector: selectors.BaseSelector, asking: socket.socket) -> None:
    """Start the run that is asked for."""
    said, streams, _, _ = socket.recv_fds(asking, 1 << 20, 2)
    while not said.endswith(b"\n"):
        said += asking.recv(1 << 20)
    run = os.fork()
    if run == 0:
        for key in selector.get_map().values():
            os.close(key.fd)
            if key.data:
                key.data[1].close()
        asking.close()
        _become(streams, **json.loads(said))
    for stream in streams:
        os.close(stream)
    selector.register(os.pidfd_open(run), selectors.EVENT_READ, (run, asking))


def _tell(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Tell the exit code of a run that has ended."""
    run, asking = key.data
    _, status = os.waitpid(run, 0)
    with asking, contextlib.suppress(OSError):  # nobody waits for it any more
        asking.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    selector.unregister(key.fileobj)
    os.close(key.fd)


def _become(
    streams: list[int], arguments: list[str], root: str, environment: dict[str, str], hook: str
) -> NoReturn:
    """Be a run."""
    from lambda_fast_deploy.__main__ import start

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["lambda-fast-deploy", *arguments]
    exec(hook, {})
    start()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
