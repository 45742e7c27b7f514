"""Tests by a command: one attempt, and its output."""

from __future__ import annotations

import time

import pytest

from lambda_fast_deploy.testing.kinds.command import CommandTest
from tests.unit.testing.fakes import FakeAddress, answer, failure, run


def command(*words: str, within: float = 30.0) -> CommandTest:
    return CommandTest(name="smoke", command=words, within=within)


def test_a_command_passes_with_status_0_and_is_told_what_it_tests() -> None:
    script = 'echo first; echo "version $FUNCTION_VERSION"'
    assert run(command("sh", "-c", script), FakeAddress(answer(200))) == "version 8"


@pytest.mark.parametrize(
    ("test", "said", "shown"),
    [
        (command("sh", "-c", "echo why; exit 3"), "sh failed (exit 3)", "why"),
        (command("no-such-program"), "'no-such-program' cannot be run", ""),
        (command("sleep", "9", within=0.5), "sleep did not finish within 0.5 s", ""),
    ],
)
def test_a_command_that_fails_is_run_once_and_shows_its_output(
    test: CommandTest, said: str, shown: str
) -> None:
    begun = time.monotonic()
    error = failure(test, FakeAddress(answer(200)))
    assert error.message.startswith(f"test smoke failed: {said}")
    assert error.detail == shown
    assert time.monotonic() - begun < 3
