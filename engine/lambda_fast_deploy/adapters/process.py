"""The only runner of other programs. Arguments are lists; no shell is involved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from lambda_fast_deploy.adapters.heartbeat import beating
from lambda_fast_deploy.errors import BuildFailed, DeployFailed, NotReady

PATIENCE = 5.0  # seconds between asking a command to end and ending it
LOOK = 0.05  # seconds between two looks whether it has ended
_allowed: frozenset[str] | None = None


def allow_only(*programs: str) -> None:
    """Let this process start no other programs from now on, whoever asks for one."""
    global _allowed  # one for the whole process, and so for all of its threads
    _allowed = frozenset(programs)


def allows(program: str) -> bool:
    """Whether this process may start a program."""
    return _allowed is None or program in _allowed


def _check(command: Sequence[str]) -> None:
    if not allows(command[0]):
        raise DeployFailed(
            f"{Path(command[0]).name} is not started: this run only reads",
            remedy="This is a fault of lambda-fast-deploy; please report it with this line.",
        )


def output_of(
    command: Sequence[str],
    cwd: Path,
    timeout: float = 30,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """What a command prints; ``None`` when it fails, is not there, or lasts too long (seconds)."""
    _check(command)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # of a commit message, say
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def path_of(program: str) -> str:
    """Where a program is on PATH; empty if it is not installed."""
    return shutil.which(program) or ""


def output_within(
    command: Sequence[str],
    cwd: Path,
    timeout: float,
    environment: Mapping[str, str],
    given: str = "",
) -> tuple[str, bool]:
    """What a command prints until it ends or its time (seconds) is over, and whether it ended.

    Its exit code does not count. ``given`` is what it reads.

    Raises:
        OSError: it cannot be started.
    """
    _check(command)
    try:
        done = subprocess.run(
            command,
            input=given.encode(),
            cwd=cwd,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace"), False
    return done.stdout.decode(errors="replace"), True


def run(
    command: Sequence[str],
    *,
    what: str,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    hidden: Sequence[str] = (),
    beat: Callable[[], None] = lambda: None,
    cwd: Path | None = None,
) -> None:
    """Run a command to its end, handing over each line it prints on either stream.

    Both streams go through one pipe, so a chatty child cannot block on the one nobody reads. The
    values of ``hidden`` are replaced in what it prints. ``beat`` is called while it is silent; when
    that raises, or ``on_line`` does, the child is ended, and every child of its own.

    Raises:
        NotReady: the program is not installed.
        BuildFailed: it ended with another status than 0; its last lines are the detail.
    """
    _check(command)
    tail: deque[str] = deque(maxlen=25)
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a group that signals reach as a whole
        )
    except OSError as error:
        needed = f"{what} needs {command[0]!r}, which" if what != command[0] else repr(what)
        raise NotReady(
            f"{needed} cannot be run: {error.strerror}",
            remedy=f"Install {command[0]} on this machine or runner, and put it on PATH.",
        ) from None
    assert child.stdout is not None
    try:
        for line in map(str.rstrip, beating(_lines(child.stdout), beat)):
            for secret in hidden:
                line = line.replace(secret, "***")
            tail.append(line)
            on_line(line)
        while child.poll() is None:  # it has closed its output, and goes on
            beat()
            time.sleep(LOOK)
    except BaseException:
        _end(child)
        raise
    if child.returncode:
        raise BuildFailed(f"{what} failed (exit {child.returncode})", detail="\n".join(tail))


def _lines(stream: IO[str]) -> Iterator[str]:
    """The lines of a stream, which is closed by whoever reads it: that may be waiting for more."""
    with stream:
        yield from stream


def _end(child: subprocess.Popen[str]) -> None:
    """End a child with its whole group: as it likes, or after a while by force."""
    end = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):  # it has ended
        os.killpg(child.pid, signal.SIGTERM)
        while time.monotonic() < end:
            child.poll()  # or it is there for ever
            os.killpg(child.pid, 0)
            time.sleep(LOOK)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
