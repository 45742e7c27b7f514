"""How a function URL differs from the desired one."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_fast_deploy.models import FunctionUrl, Url
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.models.function_url import cors_of

ORIGINS = {"AllowOrigins": ["*"]}


@pytest.mark.parametrize(
    ("desired", "observed", "says"),
    [
        (Url("public"), None, "url public"),
        (Url("public"), FunctionUrl("x", "iam"), "url iam → public"),
        (Url("iam"), FunctionUrl("x", "iam", cors=ORIGINS, stream=True), ""),
        (Url("none"), FunctionUrl("x", "iam"), "url iam → none"),
        (Url("iam", cors={}), FunctionUrl("x", "iam", cors={"AllowCredentials": False}), ""),
        (
            Url("iam", cors={"AllowHeaders": ["X-Key"]}),
            FunctionUrl("x", "iam", cors={"AllowHeaders": ["x-key"]}),
            "",
        ),
        (
            Url("iam", cors=ORIGINS, stream=True),
            FunctionUrl("x", "iam"),
            "url.cors none → origins *, url.stream false → true",
        ),
    ],
)
def test_only_what_is_given_is_compared(desired: Url, observed: Any, says: str) -> None:
    assert shown(desired.changes(observed)) == says


def test_the_keys_of_cors_are_read_as_the_api_has_them() -> None:
    given = {"origins": ["*"], "credentials": "true", "max-age": 60.0}
    assert cors_of(given) == {"AllowOrigins": ["*"], "AllowCredentials": True, "MaxAge": 60}
    assert Url("iam", {}, stream=False).parameters == {
        "AuthType": "AWS_IAM",
        "Cors": {},
        "InvokeMode": "BUFFERED",
    }
