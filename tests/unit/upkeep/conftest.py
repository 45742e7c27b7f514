"""The world with AWS's answers as a test says, and without Docker."""

from __future__ import annotations

import pytest

from engine.adapters.aws.session import Aws
from engine.adapters.world import World
from tests.unit.adapters.conftest import _clients, aws, stub  # noqa: F401


@pytest.fixture
def world(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    return World(aws)
