"""The bounds of attributes are those of the SDK's model; values that exceed them are reported."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lambda_fast_deploy.config.sections.attributes import ASYNC, RETENTION, VPC
from lambda_fast_deploy.config.sections.functions import FUNCTION
from lambda_fast_deploy.schema.shapes import IntegerShape


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.Session().get_service_model("lambda")


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (FUNCTION.keys["memory"].shape, "MemorySize"),
        (FUNCTION.keys["timeout"].shape, "Timeout"),
        (FUNCTION.keys["storage"].shape, "EphemeralStorageSize"),
        (ASYNC.keys["retries"].shape, "MaximumRetryAttempts"),
    ],
)
def test_numbers_have_the_bounds_of_the_api(model: Any, shape: IntegerShape, name: str) -> None:
    bounds = model.shape_for(name).metadata
    assert (shape.low, shape.high) == (bounds["min"], bounds["max"])


def test_the_age_of_events_has_the_bounds_of_the_api(model: Any) -> None:
    bounds = model.shape_for("MaximumEventAgeInSeconds").metadata
    assert (bounds["min"], bounds["max"]) == (60, 21600)


def test_the_keys_of_a_network_are_those_of_the_api(model: Any) -> None:
    assert len(VPC.keys) == len(model.shape_for("VpcConfig").members)


def test_days_of_retention_are_those_of_the_api() -> None:
    assert sorted(RETENTION) == list(RETENTION)
