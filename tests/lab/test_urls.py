"""Function URLs."""

from __future__ import annotations

import urllib.request

from tests.lab.making import Function, archive, fetch


def test_a_url_is_an_address_that_works(live: Function) -> None:
    url = live.open_url()
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/")
    assert fetch(url) == (200, "one")


def test_health_reaches_the_function(function: Function) -> None:
    function.create(archive({"app.py": "def handler(e, c):\n    return {'path': e['rawPath']}"}))
    assert fetch(function.open_url() + "health") == (200, '{"path": "/health"}')


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


def test_a_broken_function_is_a_502(function: Function) -> None:
    function.create(archive({"app.py": "raise RuntimeError('broken')"}))
    assert fetch(function.open_url())[0] == 502
