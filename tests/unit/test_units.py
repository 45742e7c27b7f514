"""Sizes and times as people read them."""

from __future__ import annotations

import pytest

from lambda_fast_deploy import units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.size(0), "0.0 kB"),
        (units.size(1_400), "1.4 kB"),
        (units.size(50_000_000), "50.0 MB"),
        (units.size(2_300_000_000), "2.3 GB"),
        (units.megabytes(6_000_000), "6 MB"),
        (units.gibibytes(3 * 2**30), "3.0 GiB"),
        (units.pushed(2_000_000, 34_000_000), "pushed 2 of 34 MB"),
        (units.milliseconds(0.2517), "252 ms"),
        (units.milliseconds(0.0004), "<1 ms"),
        (units.milliseconds(None), ""),
        (units.seconds(600.0), "600 s"),
        (units.seconds(1.26, 1), "1.3 s"),
        (units.seconds(1.266, 2, width=5), " 1.27 s"),
        (units.minutes(1700), "28 minutes"),
        (units.minutes(90, 1), "1.5 minutes"),
    ],
)
def test_a_value_is_told_in_its_unit(text: str, expected: str) -> None:
    assert text == expected
