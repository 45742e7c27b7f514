"""Function URLs."""

from __future__ import annotations

import json
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.lab.making import REGION, Function, archive, fetch, refused


def test_a_url_is_an_address_that_works(live: Function) -> None:
    url = live.open_url()
    assert url.startswith("http")
    assert url.endswith("/")
    assert fetch(url) == (200, "one")


def test_health_reaches_the_function(function: Function) -> None:
    function.create(archive({"app.py": "def handler(e, c):\n    return {'path': e['rawPath']}"}))
    assert fetch(function.open_url() + "health") == (200, '{"path": "/health"}')


@pytest.mark.lab
def test_health_reaches_the_function_by_its_host_name_too(live: Function) -> None:
    address, _, identifier = live.open_url().removeprefix("http://").rstrip("/").partition("/")
    host = f"{identifier.rpartition('/')[2]}.lambda-url.us-east-1.on.aws"
    request = urllib.request.Request(f"http://{address}/health", headers={"Host": host})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b"one"


def test_the_url_of_an_alias_serves_its_version(live: Function) -> None:
    live.publish()
    live.api.create_alias(FunctionName=live.name, Name="live", FunctionVersion="1")
    url = live.open_url("live")
    live.update("two")
    assert fetch(url) == (200, "one")
    live.publish()
    live.api.update_alias(FunctionName=live.name, Name="live", FunctionVersion="2")
    assert fetch(url) == (200, "two")
    found = live.api.get_function_url_config(FunctionName=live.name, Qualifier="live")
    assert found["FunctionUrl"] == url
    assert found["FunctionArn"].endswith(f":{live.name}:live")


def test_the_url_of_an_alias_follows_its_weights(live: Function) -> None:
    live.publish()
    live.update("two")
    live.publish()
    live.api.create_alias(
        FunctionName=live.name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    url = live.open_url("live")
    assert {fetch(url)[1] for _ in range(40)} == {"one", "two"}


def test_nobody_may_call_a_url_without_permission(live: Function) -> None:
    where = {"FunctionName": live.name}
    url = live.api.create_function_url_config(AuthType="NONE", **where)["FunctionUrl"]
    assert fetch(url)[0] == 403
    live.api.add_permission(
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
        **where,
    )
    assert fetch(url)[0] == 403
    live.api.add_permission(
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
        **where,
    )
    assert fetch(url)[0] == 200


SLOW = "import time\ndef handler(e, c):\n    time.sleep(5)\n"


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('broken')",
        "def handler(e, c):\n    raise RuntimeError('broken')",
        "import os\ndef handler(e, c):\n    os._exit(1)",
        SLOW,
    ],
)
def test_a_broken_function_is_a_502(function: Function, source: str) -> None:
    function.create(archive({"app.py": source}), Timeout=1)
    assert fetch(function.open_url()) == (502, "Internal Server Error")


@pytest.mark.parametrize(
    ("service", "status"), [(None, 403), ("execute-api", 403), ("lambda", 200)]
)
def test_a_url_with_iam_wants_a_signature_for_lambda(
    live: Function, service: str | None, status: int
) -> None:
    where = {"FunctionName": live.name}
    url = live.api.create_function_url_config(AuthType="AWS_IAM", **where)["FunctionUrl"]
    signed = AWSRequest("GET", url)
    if service:
        SigV4Auth(Credentials("anyone", "secret"), service, REGION).add_auth(signed)
    request = urllib.request.Request(url, headers=dict(signed.headers.items()))
    said = '{"Message":"Forbidden"}' if status == 403 else "one"
    assert fetch(request) == (status, said)


def test_a_function_is_told_the_alias_it_was_called_by(function: Function) -> None:
    source = "def handler(e, c):\n    return c.invoked_function_arn\n"
    function.create(archive({"app.py": source}))
    function.publish()
    function.api.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    assert fetch(function.open_url("live"))[1].endswith(f":{function.name}:live")
    assert function.call("live")[1].endswith(f":{function.name}:live")


def test_each_alias_has_a_policy_of_its_own(live: Function) -> None:
    live.api.publish_version(FunctionName=live.name)
    asked = {"StatementId": "same", "Action": "lambda:InvokeFunction", "Principal": "*"}
    for alias in ("one", "two"):
        live.api.create_alias(FunctionName=live.name, Name=alias, FunctionVersion="1")
        live.api.add_permission(FunctionName=live.name, Qualifier=alias, **asked)
    code, _ = refused(live.api.add_permission, FunctionName=live.name, Qualifier="one", **asked)
    assert code == "ResourceConflictException"
    live.api.remove_permission(FunctionName=live.name, Qualifier="one", StatementId="same")
    policy = live.api.get_policy(FunctionName=live.name, Qualifier="two")["Policy"]
    assert [each["Sid"] for each in json.loads(policy)["Statement"]] == ["same"]
