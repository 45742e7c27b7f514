"""The runtimes that zips are built for, beside those that Lambda's API has."""

from __future__ import annotations

import re

import botocore.session
import pytest

from lambda_fast_deploy.config.sections.shared import OTHER_RUNTIMES, RUNTIMES


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The runtimes that the pinned SDK knows."""
    model = botocore.session.Session().get_service_model("lambda")
    return set(model.shape_for("Runtime").enum)


def test_every_runtime_is_built_for_or_known_by_name(names: set[str]) -> None:
    assert set(RUNTIMES) <= names
    others = names - set(RUNTIMES)
    assert "provided.al2023" in others
    unnamed = {name for name in others if not re.fullmatch(OTHER_RUNTIMES, name)}
    assert unnamed <= {"nodejs", "custom"}  # names that no function is created with


@pytest.mark.parametrize("version", [r"python3\.(\d+)", r"nodejs(\d+)\.x"])
def test_the_newest_version_is_built_for(names: set[str], version: str) -> None:
    found = [match for name in names if (match := re.fullmatch(version, name))]
    assert max(found, key=lambda match: int(match[1])).group() in RUNTIMES
