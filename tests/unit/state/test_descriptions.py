"""What the description of an alias says of the versions of its users."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambda_fast_deploy.models import AliasState, Event, Speed
from lambda_fast_deploy.state import descriptions, marks

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders:live"
TESTED = descriptions.of_alias("4", Speed(0.2, 0.01), 3.5, now=NOW, has_url=True)
RETURNED = descriptions.of_alias("", Speed(), 3.5, back_from="7", now=NOW)  # to the first version


def alias(version: str, description: str) -> AliasState:
    return AliasState(ARN, version, description, "revision")


@pytest.mark.parametrize(
    ("found", "proved"),
    [
        (None, ""),
        (alias("5", TESTED), "5"),
        (alias("5", "written by somebody"), "5"),
        (alias("5", descriptions.under_test("ab12", "4", TESTED)), "4"),
        (alias("1", descriptions.under_test("ab12", "7", RETURNED)), "7"),
        (alias("1", descriptions.under_test("ab12", "", RETURNED)), ""),
        (alias("1", f"{marks.DELETING}ab12"), ""),
        (alias("4", f"{marks.PUTTING_BACK}ab12, {TESTED}"), "4"),
    ],
)
def test_an_undo_goes_back_to_the_version_that_was_proved(
    found: AliasState | None, proved: str
) -> None:
    assert descriptions.proved_by(found) == proved


@pytest.mark.parametrize(
    ("description", "run"),
    [
        (TESTED, ""),
        ("written by somebody", ""),
        (descriptions.under_test("ab12", "4", TESTED), "ab12"),
        (f"{marks.DELETING}ab12", "ab12"),
        (descriptions.putting_back("ab12", TESTED), "ab12"),
    ],
)
def test_a_mark_names_its_run(description: str, run: str) -> None:
    assert descriptions.run_of(alias("5", description)) == run


def test_a_mark_says_what_it_is_and_goes_without_a_trace() -> None:
    assert alias("5", TESTED).is_settled
    assert alias("5", descriptions.under_test("ab12", "4", TESTED)).is_under_test
    going = alias("5", f"{marks.PUTTING_BACK}ab12, {TESTED}")
    assert going.is_going
    assert not going.is_settled
    assert descriptions.without_mark(going.description) == TESTED
    assert descriptions.without_mark(TESTED) == TESTED
    assert descriptions.wants_url(TESTED)
    assert not descriptions.wants_url(RETURNED)
    assert not descriptions.is_rollback(alias("5", descriptions.under_test("ab12", "4", TESTED)))
    assert descriptions.is_rollback(alias("4", descriptions.under_test("ab12", "5", RETURNED)))
    assert len(descriptions.under_test("0123456789ab", "12345", TESTED)) < 256  # API: Description


@pytest.mark.parametrize(
    ("description", "deployed"),
    [
        (descriptions.of_version(Event(name="push", commit="c0ffee"), "4", now=NOW), True),
        ("deployed 2026-05-01", False),
        ("deployed 2026-05-01T10:00:00 by hand", False),
        ("deployed 2026-Q3", False),
        ("deployed 2026-99-99T10:00:00+00:00", False),
    ],
)
def test_what_others_write_about_a_version_is_no_record(description: str, deployed: bool) -> None:
    """``status`` tells the age of a version by it, and is not to fail of it."""
    assert bool(descriptions.origin_of(description).deployed) is deployed
