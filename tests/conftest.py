"""Tests that need Docker are left out, loudly, where there is none; never in CI.

Thorough ones run with ``make chaos`` only.
"""

from __future__ import annotations

import gc
import os

import pytest

_THOROUGH = os.environ.get("CHAOS") == "thorough"
gc.disable()  # until all tests are collected, and these are never looked at again
LEFT_OUT = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)  # after -m has chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is thorough, and what needs a Docker engine when the lab has none."""
    later = [item for item in items if item.get_closest_marker("thorough") and not _THOROUGH]
    items[:] = [item for item in items if item not in later]
    config.hook.pytest_deselected(items=later)
    needing = [item for item in items if item.get_closest_marker("docker")]
    if not needing or os.environ.get("LAB_DOCKER"):
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(f"{len(needing)} tests need Docker, and CI must run them all")
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
    config.stash[LEFT_OUT] = len(needing)


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of each garbage collection."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run whose tests all need the engine that is missing is no failure."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and LEFT_OUT in session.config.stash:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was left out."""
    if left := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{left} tests left out: there is no Docker engine here")
