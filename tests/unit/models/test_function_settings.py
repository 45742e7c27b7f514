"""Attributes with API calls of their own: what is sent, and what takes it back."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.function_attributes import TAGS
from lambda_fast_deploy.models.function_settings import Call, FunctionSetting, SettingTarget
from tests.unit import make

CONCURRENCY = FunctionSetting(
    "reserved-concurrency",
    "ReservedConcurrentExecutions",
    get="get_function_concurrency",
    put="put_function_concurrency",
    delete="delete_function_concurrency",
)
RECURSION = FunctionSetting(
    "recursive-loop",
    "RecursiveLoop",
    get="get_function_recursion_config",
    put="put_function_recursion_config",
    default="Terminate",
    words={"allow": "Allow", "terminate": "Terminate"},
)


def test_its_permissions_are_those_of_its_calls() -> None:
    put, get = "lambda:PutFunctionRecursionConfig", "lambda:GetFunctionRecursionConfig"
    assert RECURSION.feature.actions == (put, get)
    assert RECURSION.feature.changes() == (put,)
    assert TAGS.feature.changes() == ("lambda:TagResource",)


def test_a_value_is_shown_in_the_words_of_the_configuration() -> None:
    assert RECURSION.read("allow") == "Allow"
    assert RECURSION.observe({}, make.function()) == "Terminate"
    assert RECURSION.difference("Allow", "Allow") is None
    assert RECURSION.change("Terminate", "Allow") == AttributeChange(
        "recursive-loop", "terminate", "allow"
    )
    assert str(CONCURRENCY.change("", 5)) == "reserved-concurrency 5"


WHICH = {"FunctionName": "orders"}


@pytest.mark.parametrize(
    ("sent", "current", "previous", "calls"),
    [
        (5, 5, "", [Call("delete_function_concurrency", WHICH)]),
        (
            5,
            5,
            3,
            [Call("put_function_concurrency", WHICH | {"ReservedConcurrentExecutions": 3})],
        ),
        (5, 7, 3, []),  # somebody has changed it since
        (5, 5, 5, []),
    ],
)
def test_a_value_goes_back_unless_somebody_has_changed_it(
    sent: int, current: int, previous: int | str, calls: list[Call]
) -> None:
    target = SettingTarget(make.function(), make.ARN)
    assert CONCURRENCY.restore(target, sent, current, previous) == calls
