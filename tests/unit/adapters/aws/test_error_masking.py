"""Environments that cannot be read, and refusals that quote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.error_masking import unquoted
from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import NotPermitted, Refused
from tests.unit import make
from tests.unit.adapters.aws.test_lambda_functions import CONFIGURATION

KEY = "arn:aws:kms:eu-central-1:123456789012:key/orders"
ERROR = {"ErrorCode": "AccessDeniedException", "Message": "unable to decrypt"}
TOO_MANY = "the environment variables you have provided exceeded the 4KB limit."
HIDDEN = CONFIGURATION | {"Environment": {"Error": ERROR}, "KMSKeyArn": KEY}


@pytest.fixture
def functions(aws: Aws, stub: Callable[[str], Stubber]) -> Functions:
    found: dict[str, Any] = {"Configuration": HIDDEN}
    stub("lambda").add_response("get_function", found, {"FunctionName": "orders"})
    return Functions(aws, make.REGION)


def test_an_environment_that_matters_must_be_readable(functions: Functions) -> None:
    with pytest.raises(NotPermitted, match="orders cannot be read: AccessDeniedException") as said:
        functions.read("orders", environment=True)
    assert f"kms:Decrypt on {KEY}" in said.value.remedy


def test_one_that_does_not_is_unknown_and_not_empty(functions: Functions) -> None:
    state = functions.read("orders")
    assert state
    assert state.environment_error == "AccessDeniedException: unable to decrypt"
    assert state.environment_key == KEY


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (f"{TOO_MANY} String measured: {{se) (cret}} (Invalid)", f"{TOO_MANY} (Invalid)"),
        (f"{TOO_MANY} String measured: {{secr", TOO_MANY),
        ("Value '{A1=hush-hush}' at 'x' (Y)", "Value '{A1=***}' at 'x' (Y)"),
        ("something else (Invalid)", "something else (Invalid)"),
    ],
)
def test_a_refusal_is_told_without_values(says: str, told: str) -> None:
    variables = {"A1": "hush-hush", "A2": "1"}
    with pytest.raises(Refused) as caught, unquoted({"Environment": {"Variables": variables}}):
        raise Refused(says)
    assert caught.value.message == told
    assert bool(caught.value.remedy) is ("4KB" in says)
