"""Repositories of images on the lab's AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest


@pytest.fixture
def ecr() -> Any:
    """The ECR API."""
    return boto3.client("ecr")


@pytest.fixture
def repository(ecr: Any, name: str) -> Iterator[str]:
    """The name of an empty repository."""
    ecr.create_repository(repositoryName=name)
    yield name
    ecr.delete_repository(repositoryName=name, force=True)
