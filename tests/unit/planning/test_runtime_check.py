"""Notes and errors about unknown runtimes, and about those that AWS has deprecated."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lambda_fast_deploy.models.runtime import RUNTIMES, Runtime
from lambda_fast_deploy.models.runtime_lifecycle import AS_OF, LIFECYCLES
from lambda_fast_deploy.planning.runtime_check import runtime_notes
from tests.unit import make

TODAY = date(2026, 11, 27)
SOURCE = f'(Lambda developer guide, "Lambda runtimes", {AS_OF})'


def notes(runtime: str, *, exists: bool, today: date = TODAY) -> list[str]:
    """The notes about a function of a runtime."""
    function = make.function(source=make.zip_source(runtime=Runtime(runtime)))
    settings = make.settings(function)
    current = {function.name: make.existing(make.state())} if exists else {}
    observed = make.observed(functions=current)
    return [each.partition(": ")[2] for each in runtime_notes(settings, observed, today)]


@pytest.mark.parametrize(
    ("runtime", "exists", "says"),
    [
        ("python3.13", True, ""),
        ("nodejs26.x", False, ""),  # newer than the source of the dates
        (
            "python3.9",
            True,
            "AWS deprecated python3.9 on 2025-12-15, and updates functions with it",
        ),
        ("python3.9", False, "AWS deprecated python3.9 on 2025-12-15, and creates functions with"),
        ("go1.x", False, "AWS has created no functions with go1.x since 2024-02-08"),
        ("go1.x", True, "AWS deprecated go1.x on 2024-01-08, and updates functions with it until"),
        ("python2.7", True, "AWS has updated no functions with python2.7 since 2022-05-30"),
    ],
)
def test_a_deprecated_runtime_is_told_with_its_date_and_source(
    runtime: str, exists: bool, says: str
) -> None:
    told = notes(runtime, exists=exists)
    assert len(told) == bool(says)
    assert all(each.startswith(says) and SOURCE in each for each in told)


def test_an_unknown_runtime_is_told_and_left_to_aws() -> None:
    (told,) = notes("python3.99", exists=False)
    assert "does not know runtime python3.99" in told
    assert "AWS decides" in told


def test_dates_are_of_known_runtimes_and_in_order() -> None:
    assert LIFECYCLES.keys() <= set(RUNTIMES)
    for name, dates in LIFECYCLES.items():
        assert dates.no_creation <= dates.no_update, name
        before = min(dates.deprecated, dates.no_creation) - timedelta(days=1)
        assert not notes(name, exists=False, today=before)
