"""The world with AWS's answers as a test says, and without Docker."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.clients import Clients
from tests.unit.adapters.conftest import _clients, aws, stub  # noqa: F401


@pytest.fixture
def clients(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Clients:  # noqa: F811
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    return Clients(aws)
