"""Tests that only ask whether the code loads."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.testing.endpoints import CannotStart, FunctionError
from lambda_fast_deploy.testing.kinds.loads import LoadsTest
from tests.unit.testing.fakes import ONE_TRY, FakeAddress, failure, run

LOADS = LoadsTest(name="loads", event={"Records": []}, within=ONE_TRY)


def test_a_handler_that_answers_or_refuses_has_loaded() -> None:
    assert run(LOADS, FakeAddress("done")) == "loaded; the handler accepted the event"
    says = run(LOADS, FakeAddress(FunctionError("ValueError: no records")))
    assert says == "loaded; the handler refused the event: ValueError: no records"


@pytest.mark.parametrize(
    "error",
    [
        CannotStart("Runtime.ImportModuleError: no module", has_started=False),
        FunctionError("KeyError: 'BUCKET'", has_started=False),
        FunctionTestFailed("orders did not answer within 20 s"),
    ],
)
def test_code_that_does_not_load_fails(error: FunctionTestFailed) -> None:
    assert error.message in failure(LOADS, FakeAddress(error)).message
