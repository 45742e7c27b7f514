"""Faults are injected one after the other; a thorough run tries them all."""

from __future__ import annotations

import os
import secrets

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough ones to ``make chaos``."""
    if os.environ.get("CHAOS") == "thorough":
        return
    left = [item for item in items if item.get_closest_marker("thorough")]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)


@pytest.fixture
def name() -> str:
    """A function name that no other test uses."""
    return f"fn-{secrets.token_hex(4)}"
