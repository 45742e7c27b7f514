"""The command itself: it passes its command's exit code on, and leaves nothing running."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]


def lab(*words: str, state: Path) -> list[str]:
    """Return the command line of a lab without Docker."""
    return [sys.executable, "-m", "lab", "--without-docker", "--state", str(state), "--", *words]


def is_running(state: Path) -> bool:
    """Tell whether any process still has this state folder in its environment."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(state).encode() in environ.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_the_exit_code_and_the_environment_pass_through(tmp_path: Path) -> None:
    shell = 'test "$LAB_REQUESTS" && test -z "$AWS_PROFILE" && command -v act && exit 7'
    done = subprocess.run(
        lab("sh", "-c", shell, state=tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "AWS_PROFILE": "somebody"},
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert (
        f"# lab: its environment, for another shell: source {tmp_path}/environment" in done.stderr
    )
    assert "export AWS_ENDPOINT_URL=http://" in (tmp_path / "environment").read_text()
    assert "no Docker" in done.stderr
    assert not is_running(tmp_path)


def test_a_command_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    done = subprocess.run(lab("/none/such", state=tmp_path), cwd=ROOT, capture_output=True)
    assert done.returncode == 1
    assert not is_running(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    state = tmp_path / "state"
    running = subprocess.Popen(
        lab("sh", "-c", f"touch {ready}; exec sleep 60", state=state),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not ready.exists():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(number)
    code = running.wait(20)
    assert code == (128 + number if number != signal.SIGKILL else -number)
    for _ in range(60):
        if not is_running(state):
            return
        time.sleep(0.1)
    raise AssertionError("something still runs")


@pytest.mark.parametrize("fork", [1, 2])  # of the emulator, and of the command
def test_a_signal_during_a_fork_is_not_lost(tmp_path: Path, fork: int) -> None:
    code = f"""
import os, signal, sys
from itertools import count
from lab.__main__ import main
forks = count(1)
os.register_at_fork(
    after_in_parent=lambda: next(forks) == {fork} and signal.raise_signal(signal.SIGTERM)
)
sys.exit(main(["--without-docker", "--state", {str(tmp_path)!r}, "--", "sleep", "60"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=30)
    assert done.returncode == 128 + signal.SIGTERM
    assert not is_running(tmp_path)


def test_folders_of_labs_that_were_killed_are_removed(tmp_path: Path) -> None:
    for name in ("lab-killed", "lab-alive"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock").touch()
    with (tmp_path / "lab-alive/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            [sys.executable, "-m", "lab", "--without-docker", "--", "true"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            check=True,
        )
    assert [folder.name for folder in tmp_path.iterdir()] == ["lab-alive"]
