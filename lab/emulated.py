"""Start the emulator as a program of its own, and wait until it answers."""

from __future__ import annotations

import os
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lab.engine.machine import Engine
from lab.layout import REPOSITORY, LabError
from lab.process import Daemons, Deadline, tail

ACCOUNT = "000000000000"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/lambda-execution"
_PREFERRED_PORT = 4566
# What the emulator (and with it every zip function) may know of this machine's environment.
_PASSED_ON = ("HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


def listen(hosts: Sequence[str]) -> list[socket.socket]:
    """Listen on 4566, or some other port that is free on all ``hosts``; the same on each.

    The emulator is handed these sockets: a port that is only looked up can be taken by another lab
    that starts at the same moment.
    """
    for wanted in (_PREFERRED_PORT, 0, 0, 0):
        found: list[socket.socket] = []
        try:
            for host in hosts:
                port = int(found[0].getsockname()[1]) if found else wanted
                found.append(socket.socket())
                found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                found[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found[-1].bind((host, port))
                found[-1].listen(100)
        except OSError:
            for one in found:
                one.close()
        else:
            return found
    raise LabError(f"no port is free on {', '.join(hosts)}")


class Emulator:
    """A running emulator. ``port`` is where it answers on 127.0.0.1."""

    def __init__(
        self,
        daemons: Daemons,
        state: Path,
        *,
        environment: Path,
        runtime: Path,
        engine: Engine,
    ) -> None:
        """Start it where this machine and the engine's containers reach it."""
        sockets = listen(engine.emulator_hosts)
        self.port = int(sockets[0].getsockname()[1])
        self.requests = state / "requests.jsonl"
        self.requests.touch()
        self._log = state / "emulator.log"
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        env |= {"PATH": "/usr/local/bin:/usr/bin:/bin"} | engine.emulator_env(self.port)
        self.temporary = state / "tmp"
        self.temporary.mkdir(exist_ok=True)
        env |= {
            "TMPDIR": str(self.temporary),  # unpacked functions go with the state folder
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",  # else it listens on 8883 as well
            "LOG_LEVEL": "WARNING",
            "LAB_LISTEN": ",".join(str(one.fileno()) for one in sockets),
            "LAB_REQUESTS": str(self.requests),
            "LAB_RUNTIME_PYTHON": str(runtime / "bin" / "python"),
        }
        # `-m` with this folder finds the lab's package without a PYTHONPATH, which functions
        # would inherit.
        self._process = daemons.start(
            [environment / "bin" / "python", "-m", "lab.emulator"],
            log=self._log,
            env=env,
            cwd=REPOSITORY,
            pass_fds=[one.fileno() for one in sockets],
        )
        for one in sockets:
            one.close()

    @property
    def url(self) -> str:
        """The endpoint for every AWS client on this machine."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self, seconds: float = 60) -> None:
        """Wait until it answers. Raises LabError with its log if it ends or takes too long."""
        deadline = Deadline(seconds)
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError) as error:
                if self._process.poll() is not None or not deadline.pause():
                    raise LabError(f"the emulator is not up: {tail(self._log)}") from error
