"""AWS clients that answer what a test says and check every parameter against AWS's own model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.session import Aws
from tests.unit.make import REGION


@pytest.fixture(scope="session")
def _clients() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/nonexistent")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        session = boto3.Session(aws_access_key_id="unit", aws_secret_access_key="unit")
        return {
            s: session.client(s, region_name=REGION)
            for s in ("lambda", "ecr", "s3", "iam", "sts", "cloudwatch", "cloudformation")
        }


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def stub(
    aws: Aws, _clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Stubber]]:
    """A stubber for a service of ``aws``; whatever was promised must have been asked for."""
    stubbers: list[Stubber] = []
    monkeypatch.setattr(aws, "client", lambda service, _region, **_how: _clients[service])

    def of(service: str) -> Stubber:
        stubber = Stubber(_clients[service])
        stubber.activate()
        stubbers.append(stubber)
        return stubber

    yield of
    for stubber in stubbers:
        stubber.deactivate()
        stubber.assert_no_pending_responses()
