"""Members of the API without a row."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from lambda_fast_deploy.models.function_attributes import BY_MEMBER, attribute_of
from lambda_fast_deploy.models.other_attributes import ONLY_AT_CREATION, others_of

DURABLE = attribute_of("DurableConfig")


def test_what_no_row_has_is_a_parameter_of_an_update_or_a_creation() -> None:
    """What GetFunction tells and no call sets must be left out; a new member is looked at here."""
    model = botocore.session.Session().get_service_model("lambda")
    told = model.shape_for("FunctionConfiguration").members
    update, create = (
        model.operation_model(name).input_shape.members
        for name in ("UpdateFunctionConfiguration", "CreateFunction")
    )
    others = others_of(dict.fromkeys(told, "x"), BY_MEMBER).keys()
    assert others - ONLY_AT_CREATION <= update.keys()
    assert others >= ONLY_AT_CREATION
    assert create.keys() - update.keys() >= ONLY_AT_CREATION


@pytest.mark.parametrize(
    ("desired", "observed", "is_same"),
    [
        ({"A": 1}, {"A": 1, "B": 2}, True),
        ({"A": 1, "B": 2}, {"A": 1}, False),
        ({"A": [{"B": 1}]}, {"A": [{"B": 1, "C": 2}]}, True),
        ({"A": [1]}, {"A": [1, 2]}, False),
        ({"A": {"B": 1}}, None, False),
        ({}, None, True),
        ([], None, True),
        ({"A": {"B": 1}}, {"A": "B"}, False),
    ],
)
def test_aws_may_tell_more_than_was_sent(desired: Any, observed: Any, *, is_same: bool) -> None:
    assert DURABLE.is_same(desired, observed) is is_same


@pytest.mark.parametrize(
    ("sent", "current", "previous", "restored"),
    [
        ({"A": 1}, {"A": 1, "B": 2}, {"A": 3, "B": 2}, {"A": 3, "B": 2}),
        ({"A": 1}, {"A": 1}, None, {}),
        ("arn", "arn", None, ""),
        ({"A": 1}, {"A": 2}, {"A": 3}, None),  # somebody has changed it since
        ({"A": 1}, None, None, None),
    ],
)
def test_what_is_still_as_it_was_sent_is_restored(
    sent: Any, current: Any, previous: Any, restored: Any
) -> None:
    assert DURABLE.restore(sent, current, previous) == restored
