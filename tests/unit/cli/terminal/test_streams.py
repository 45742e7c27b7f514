"""What is printed never fails, and what one stream does not take is told on the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

STREAMS = {"stdout": 1, "stderr": 2}
FAULTS = {
    "gone": "Broken pipe",
    "full": "No space left on device",
    "closed": "it is closed",
}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@contextmanager
def _broken(fault: str) -> Iterator[int]:
    if fault == "full":
        file = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, file = os.pipe()
        os.close(reading)
    yield file
    os.close(file)


def python(
    code: str, broken: tuple[str, ...] = (), fault: str = "gone", **environment: str
) -> Said:
    """What a Python process says that prints by the engine's streams, of which some are broken."""
    start = "from lambda_fast_deploy.cli.terminal.streams import finish, hand_over, hold, say, show"
    code = f"{start}\nhold()\n{code}"
    shell = "".join(f" {STREAMS[each]}>&-" for each in broken) if fault == "closed" else ""
    with _broken(fault) as file:
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -c "$1"{shell}', sys.executable, code],
            stdout=file if "stdout" in broken else subprocess.PIPE,
            stderr=file if "stderr" in broken else subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
            timeout=60,
            check=False,
        )
    return Said(done.returncode, done.stdout or "", done.stderr or "")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_stderr_does_not_take_is_told_on_stdout_at_last(fault: str) -> None:
    code = "say('one'); show('a table'); say('two\\nthree'); finish(); finish()"
    told = f"a table\nstderr cannot be written: {FAULTS[fault]}. Its lines:\n"
    assert python(code, ("stderr",), fault) == Said(0, f"{told}one\ntwo\nthree\n", "")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_stdout_does_not_take_is_told_on_stderr_once(fault: str) -> None:
    says = f"stdout cannot be written, so the result is incomplete: {FAULTS[fault]}\n"
    code = "show('a table'); hand_over('{}'); finish()"
    assert python(code, ("stdout",), fault) == Said(0, "", says)


@pytest.mark.parametrize("fault", FAULTS)
def test_with_both_gone_nothing_fails(fault: str) -> None:
    code = "say('one'); show('two'); hand_over('{}'); finish(); import os; os._exit(3)"
    assert python(code, ("stdout", "stderr"), fault) == Said(3, "", "")


def test_a_document_stands_alone() -> None:
    code = "say('one'); hand_over('{}'); hand_over('[]'); finish()"
    assert python(code, ("stderr",), "full") == Said(0, "{}\n", "")


def test_what_the_encoding_has_not_is_spelled() -> None:
    code = "show('a \\u2026 b'); say('\\ud83d')"
    said = python(code, PYTHONIOENCODING="ascii")
    assert said == Said(0, "a \\u2026 b\n", "\\ud83d\n")


def test_no_file_that_is_opened_later_is_a_standard_stream() -> None:
    code = "import os; say(os.open('/dev/null', os.O_RDONLY) > 2)"
    assert python(code, ("stdout",), "closed") == Said(0, "", "True\n")


def test_a_signal_that_comes_while_a_line_is_written_can_be_told() -> None:
    """The pipe is full, so the line waits in the kernel when the signal comes, and goes on."""
    code = """
import os, signal
from lambda_fast_deploy.cli.terminal.streams import say, show

def tell(*_):
    show("signal")
    say("told")

signal.signal(signal.SIGALRM, tell)
os.set_blocking(2, False)
for size in (4096, 1):
    try:
        while True:
            os.write(2, b"." * size)
    except BlockingIOError:
        pass
os.set_blocking(2, True)
signal.setitimer(signal.ITIMER_REAL, 0.2)
say("line")
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        text=True,
    ) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline() == "signal\n"
        said = child.stderr.read()
    assert child.returncode == 0
    assert sorted(said.lstrip(".").split()) == ["line", "told"]
