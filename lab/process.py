"""Run programs, and keep those that stay up on a short leash."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab.layout import LabError

ENDING = (signal.SIGTERM, signal.SIGINT)  # the lab
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
) -> str:
    """Run ``command`` to its end and return its standard output.

    ``env`` replaces the whole environment; ``timeout`` is in seconds. Raises LabError with the
    end of the command's output if it cannot be run or fails.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(words[:3])}: {error}") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise LabError(f"{' '.join(words[:6])} failed with {done.returncode}: {said}")
    return done.stdout


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Deliver the signals that end the lab after the block, which starts a program.

    Python ignores what a handler raises in a callback, such as those of a fork: the signal is lost.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """For a new child: ask the kernel for this signal when the lab itself dies by SIGKILL."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # of ``signals_held``


class Daemons:
    """The programs that stay up while the lab is up. ``stop()`` ends them, newest first.

    Start them from the main thread only: the kernel's parent-death signal belongs to the
    thread that started the child, and would come when a helper thread ends.
    """

    def __init__(self) -> None:
        self._running: list[tuple[subprocess.Popen[bytes], float]] = []

    def start(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
        grace: float = 5,
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in a session of its own, with its output in the file ``log``.

        ``grace`` is how many seconds ``stop()`` waits between SIGTERM and SIGKILL.
        """
        with log.open("ab") as output, signals_held():
            daemon = subprocess.Popen(
                [str(word) for word in command],
                env=dict(env),
                cwd=cwd,
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            self._running.append((daemon, grace))
        return daemon

    def stop(self) -> None:
        """End every daemon and whatever is left of its process group."""
        while self._running:
            daemon, grace = self._running.pop()
            with contextlib.suppress(ProcessLookupError):
                daemon.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(grace)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


class Deadline:
    """Seconds left of a wait; ``pause()`` sleeps a moment and says whether time is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def pause(self, seconds: float = 0.03) -> bool:
        """Sleep; return False when the time is over."""
        time.sleep(seconds)
        return time.monotonic() < self._end
