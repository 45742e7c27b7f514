"""How many cases are tried, and how many were; none of them may reach the network."""

from __future__ import annotations

import os
import socket
from collections import Counter
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from docs.reliability import keep
from tests.input.targets import TRIED

THOROUGH = os.environ.get("CHAOS") == "thorough"

settings.register_profile(
    "input",
    max_examples=3000 if THOROUGH else 250,
    deadline=None,  # the targets have one of their own
    database=None,
    derandomize=not THOROUGH,
    suppress_health_check=list(HealthCheck),
)


settings.load_profile("input")  # before the tests are read, which take what is loaded then


@pytest.fixture
def thorough() -> bool:
    """Whether every case is tried, and not some of them."""
    return THOROUGH


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("bad input has led to a call")

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", refuse)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases there were; ``make chaos`` keeps that."""
    if cases := sum(TRIED.values()):
        terminalreporter.write_line(f"{cases} cases tried: {_listed(TRIED)}")
        keep({"input": TRIED})


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number} of {what}" for what, number in sorted(counts.items()))
