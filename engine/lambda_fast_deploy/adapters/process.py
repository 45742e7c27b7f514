"""The only module that runs other programs. Arguments are lists; no shell is involved."""

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
from lambda_fast_deploy.masking import LENGTH, SecretMask

PATIENCE = 5.0  # seconds between the signal to end and the signal to kill
LOOK = 0.05  # seconds between two checks whether it has ended
_allowed: frozenset[str] | None = None


def allow_only(*programs: str) -> None:
    """Allow this process to start only these programs from now on, for all callers."""
    global _allowed  # one for the whole process, for all of its threads
    _allowed = frozenset(programs)


def allows(program: str) -> bool:
    """Whether this process may start a program."""
    return _allowed is None or program in _allowed


def _check(command: Sequence[str]) -> None:
    if not allows(command[0]):
        raise DeployFailed(
            f"{Path(command[0]).name} is not started: this run only reads",
            remedy="This is a bug in lambda-fast-deploy. Please report it with this line.",
        )


def output_of(
    command: Sequence[str],
    cwd: Path,
    timeout: float = 30,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """The output of a command; ``None`` if it fails, does not exist, or exceeds its time (s)."""
    _check(command)
    try:
        process = subprocess.run(
            command,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # for a commit message, for example
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout if process.returncode == 0 else None


def path_of(program: str) -> str:
    """The path of a program on PATH; ``""`` if it is not installed."""
    return shutil.which(program) or ""


def output_within(
    command: Sequence[str],
    cwd: Path,
    timeout: float,
    environment: Mapping[str, str],
    stdin: str = "",
) -> tuple[str, bool]:
    """The output of a command within its time (seconds), and whether it ended.

    Its exit code is ignored. ``stdin`` is its input.

    Raises:
        OSError: it cannot be started.
    """
    _check(command)
    try:
        process = subprocess.run(
            command,
            input=stdin.encode(),
            cwd=cwd,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace"), False
    return process.stdout.decode(errors="replace"), True


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
    """Run a command to its end, with a callback for each line of either stream.

    Both streams share one pipe, so that a child cannot block on an unread stream. The values of
    ``hidden`` are masked in its output, also short ones, which the log does not mask. ``beat`` is
    called while it is silent; if that or ``on_line`` raises, the child is ended with all its
    children.

    Raises:
        NotReady: the program is not installed.
        BuildFailed: its status was not 0; its last lines are the detail.
    """
    _check(command)
    tail, mask = deque[str](maxlen=25), SecretMask(hidden)
    short = sorted((each for each in hidden if len(each) < LENGTH), key=len, reverse=True)
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
            start_new_session=True,  # a process group, for signals to all of it
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
            shown = mask(line)
            for secret in short:
                shown = shown.replace(secret, "***")
            tail.append(shown)
            on_line(shown)
        while child.poll() is None:  # its output is closed, but it runs on
            beat()
            time.sleep(LOOK)
    except BaseException:
        _end(child)
        raise
    if child.returncode:
        raise BuildFailed(f"{what} failed (exit {child.returncode})", detail="\n".join(tail))


def _lines(stream: IO[str]) -> Iterator[str]:
    """The lines of a stream; the reading thread closes it, since it may be waiting for more."""
    with stream:
        yield from stream


def _end(child: subprocess.Popen[str]) -> None:
    """End a child with its process group: by a signal, and by force after a while."""
    end = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError):  # it has ended
        os.killpg(child.pid, signal.SIGTERM)
        while time.monotonic() < end:
            child.poll()  # or it stays a zombie
            os.killpg(child.pid, 0)
            time.sleep(LOOK)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
