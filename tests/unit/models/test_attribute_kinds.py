"""What a row of the table of attributes does with values."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.models.attribute import Attribute
from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.function_attributes import ATTRIBUTES, BY_MEMBER

SNAP_START = Attribute(
    "snap-start",
    "SnapStart",
    "None",
    inner="ApplyOn",
    words={"off": "None", "on": "PublishedVersions"},
    recent=True,
)


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.key)
def test_what_is_observed_is_sent_as_it_was(attribute: Attribute) -> None:
    nothing = attribute.observe({})
    assert nothing == attribute.default
    assert attribute.is_same(attribute.send(nothing), attribute.send(attribute.default))


def test_a_structure_and_words_are_put_around_a_value() -> None:
    assert SNAP_START.name == "snap_start"
    assert SNAP_START.read("on") == "PublishedVersions"
    assert SNAP_START.observe({"SnapStart": {"ApplyOn": "PublishedVersions"}}) == SNAP_START.read(
        "on"
    )
    assert SNAP_START.send("None") == {"ApplyOn": "None"}
    change = SNAP_START.change({"ApplyOn": "None"}, {"ApplyOn": "PublishedVersions"})
    assert change == AttributeChange("snap-start", "off", "on")


def test_marks_leave_out_the_default_of_what_they_did_not_know() -> None:
    assert SNAP_START.is_left_out_of_marks({"ApplyOn": "None"})
    assert not SNAP_START.is_left_out_of_marks({"ApplyOn": "PublishedVersions"})
    assert not BY_MEMBER["MemorySize"].is_left_out_of_marks(128)
