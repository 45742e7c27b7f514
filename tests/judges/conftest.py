"""How many seeded cases each judge tries: all of them with ``JUDGES=thorough``, else a share."""

from __future__ import annotations

import os

import pytest

THOROUGH = os.environ.get("JUDGES") == "thorough"
TOLD: list[str] = []


@pytest.fixture
def thorough() -> bool:
    """Whether every case is tried, and not a share of them."""
    return THOROUGH


@pytest.fixture
def told() -> list[str]:
    """Lines that the run's end shows: what a judge has counted."""
    return TOLD


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was counted."""
    for line in TOLD:
        terminalreporter.write_line(line)
