"""What counts as the right answer to an event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambda_fast_deploy.testing.endpoints import FunctionError
from tests.unit.testing.fakes import INVOKED, FakeAddress, failure, run

REFUSES = replace(INVOKED, error="Missing jobId")


@pytest.mark.parametrize(
    ("answer", "expected", "passes"),
    [
        ({"statusCode": 200}, {}, True),
        ({"statusCode": "204"}, {}, True),
        ({"statusCode": 500}, {}, False),
        ({"statusCode": "404"}, {}, False),
        ({"statusCode": 302}, {"body": "x"}, False),
        ({"statusCode": None}, {}, True),
        ({"statusCode": 404}, {"statusCode": 404}, True),
        ({"status": 500}, {}, True),
        ([{"statusCode": 500}], {}, True),
        ('{"statusCode": 503}' + "\0" * 8 + "busy", {}, False),
        ('{"statusCode": 200}' + "\0" * 8 + "fine", {"body": "fine"}, True),
    ],
)
def test_an_http_answer_is_one_of_success_unless_another_is_expected(
    answer: Any, expected: dict[str, Any], passes: bool
) -> None:
    test, address = replace(INVOKED, json=expected), FakeAddress(answer)
    if passes:
        assert run(test, address).startswith("invoked")
    else:
        assert "answered statusCode" in failure(test, address).message


def test_the_remedy_is_to_expect_the_status() -> None:
    assert "json: {statusCode: 404}" in failure(INVOKED, FakeAddress({"statusCode": 404})).remedy


def test_an_error_can_be_expected() -> None:
    refused = FakeAddress(FunctionError("ValueError: Missing jobId in event"))
    says = run(REFUSES, refused)
    assert says == "invoked, failed as expected: ValueError: Missing jobId in event"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"ok": True}, "expected an error with 'Missing jobId', got {"),
        (
            FunctionError("KeyError: 'x'"),
            "expected an error with 'Missing jobId', got KeyError: 'x'",
        ),
        (FunctionError("KeyError: Missing jobId", has_started=False), "KeyError: Missing jobId"),
    ],
)
def test_only_that_error_of_the_handler_passes(answer: Any, says: str) -> None:
    assert says in failure(REFUSES, FakeAddress(answer)).message
