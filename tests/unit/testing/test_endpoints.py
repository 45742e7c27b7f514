"""Asking one version directly: the event it gets, and what its answer means."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from lambda_fast_deploy.adapters.aws.invocations import Invocations
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import EventKind
from lambda_fast_deploy.testing.endpoints import (
    CannotStart,
    FunctionError,
    UrlAddress,
    VersionAddress,
)
from tests.unit.testing.fakes import FakeInvocations


def asking(body: Any, error: str = "", log: str = "") -> tuple[VersionAddress, FakeInvocations]:
    invocations = FakeInvocations(body, error, log)
    return VersionAddress(cast(Invocations, invocations), "orders", "7"), invocations


def event_of(method: str, path: str, body: bytes = b"") -> dict[str, Any]:
    address, invocations = asking({"statusCode": 200})
    address.request(method, path, body)
    ((name, qualifier, event),) = invocations.asked
    assert (name, qualifier) == ("orders", "7")
    assert json.loads(json.dumps(event)) == event
    found: dict[str, Any] = event
    return found


# ---------------------------------------------------------------- the event


def test_a_request_is_the_event_that_a_function_url_sends() -> None:
    event = event_of("GET", "/health")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/health")
    assert event["rawQueryString"] == ""
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["protocol"]) == ("GET", "/health", "HTTP/1.1")
    assert event["requestContext"]["stage"] == "$default"
    assert isinstance(event["requestContext"]["timeEpoch"], int)
    assert all(name == name.lower() for name in event["headers"])


@pytest.mark.parametrize(
    ("path", "raw", "query", "parameters"),
    [
        ("/a?x=1&y=2", "/a", "x=1&y=2", {"x": "1", "y": "2"}),
        ("/a?x=two%20words&y=a%2Bb", "/a", "x=two%20words&y=a%2Bb", {"x": "two words", "y": "a+b"}),
        ("/a?x=1&x=2", "/a", "x=1&x=2", {"x": "1,2"}),
        ("/a?flag", "/a", "flag", {"flag": ""}),
        ("/a?", "/a", "", {}),
    ],
)
def test_a_query_is_split_and_decoded_as_lambda_does(
    path: str, raw: str, query: str, parameters: dict[str, str]
) -> None:
    event = event_of("GET", path)
    assert (event["rawPath"], event["rawQueryString"]) == (raw, query)
    assert event["queryStringParameters"] == parameters
    assert event["requestContext"]["http"]["path"] == raw


def test_a_body_travels_as_base64_with_its_length() -> None:
    body = bytes(range(256))
    event = event_of("PUT", "/objects/x", body)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body
    assert event["headers"]["content-length"] == "256"
    assert event["requestContext"]["http"]["method"] == "PUT"


@pytest.mark.parametrize("kind", ["http", "rest", "alb"])
@pytest.mark.parametrize(
    ("headers", "body", "sent"),
    [
        ({"Content-Type": "application/json"}, b'{"a": "\xc3\xbc"}', ('{"a": "ü"}', False)),
        ({"content-type": "application/json; charset=utf-8"}, b"{}", ("{}", False)),
        ({"content-type": "Text/Plain"}, b"a", ("a", False)),
        ({"content-type": "application/jsonlines"}, b"a", ("YQ==", True)),
        ({"content-type": "text/plain"}, b"\xff", ("/w==", True)),
        ({"content-type": "text/plain", "content-encoding": "gzip"}, b"a", ("YQ==", True)),
        ({}, b"a", ("YQ==", True)),
    ],
)
def test_a_body_of_text_is_sent_as_text(
    kind: EventKind, headers: dict[str, str], body: bytes, sent: tuple[str, bool]
) -> None:
    """A handler that reads the JSON of its body right away works for its users, too."""
    address, invocations = asking({"statusCode": 200})
    address.by(kind).request("POST", "/orders", body, headers)
    ((_, _, event),) = invocations.asked
    assert (event["body"], event["isBase64Encoded"]) == sent


REST = ("rest", "/a", {"x": "3", "y": "two words"}, {"x": ["1", "3"], "y": ["two words"]})
ALB = ("alb", "/a", {"x": "3", "y": "two%20words"}, None)


@pytest.mark.parametrize(("kind", "path", "last", "every"), [REST, ALB], ids=["rest", "alb"])
def test_a_request_is_the_event_that_an_api_or_a_load_balancer_sends(
    kind: EventKind, path: str, last: dict[str, str], every: dict[str, list[str]] | None
) -> None:
    address, invocations = asking({"statusCode": 200})
    address.by(kind).request("PUT", "/a?x=1&y=two%20words&x=3", b"\xff")
    ((_, _, event),) = invocations.asked
    assert (event["httpMethod"], event["path"]) == ("PUT", path)
    assert event["queryStringParameters"] == last
    assert event.get("multiValueQueryStringParameters") == every
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)
    assert event["headers"]["host"]
    assert not {"rawPath", "version", "routeKey"} & event.keys()
    assert ("elb" in event["requestContext"]) == (kind == "alb")


@pytest.mark.parametrize(("kind", "empty"), [("rest", None), ("alb", "")])
def test_what_is_not_sent_is_as_the_sender_says_it(kind: EventKind, empty: str | None) -> None:
    address, invocations = asking({"statusCode": 200})
    address.by(kind).request("GET", "/a")
    ((_, _, event),) = invocations.asked
    assert (event["body"], event["isBase64Encoded"]) == (empty, False)
    assert not event["queryStringParameters"]


@pytest.mark.parametrize("kind", ["rest", "alb"])
def test_an_api_and_a_load_balancer_take_no_answer_without_a_status(kind: EventKind) -> None:
    address, _ = asking({"plain": "JSON"})
    with pytest.raises(FunctionTestFailed, match="did not return an HTTP response: no statusCode"):
        address.by(kind).request("GET", "/")


def test_another_event_counts_for_the_same_speed() -> None:
    address, _ = asking({"statusCode": 200})
    assert address.by("rest").speedometer is address.speedometer
    assert address.by(None) is address


# ---------------------------------------------------------------- the answer


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        ('{"statusCode": 503}' + "\0" * 8 + "away", 503, b"away"),
        ('{"statusCode": 200, "headers": {}}' + "\0" * 8, 200, b""),
        ("{}" + "\0" * 8 + "a\0b", 200, b"a\0b"),
        ("words" + "\0" * 8 + "away", 200, json.dumps("words" + "\0" * 8 + "away").encode()),
        ("[1]" + "\0" * 8 + "away", 200, json.dumps("[1]" + "\0" * 8 + "away").encode()),
        (
            '{"statusCode": 503}' + "\0" * 7,
            200,
            json.dumps('{"statusCode": 503}' + "\0" * 7).encode(),
        ),
    ],
)
def test_an_answer_that_streams_has_its_status_in_its_prelude(
    said: str, status: int, body: bytes
) -> None:
    address, _ = asking(said)
    answer = address.request("GET", "/")
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        ({"statusCode": 200, "body": "text"}, 200, b"text"),
        ({"statusCode": "404", "body": "ü"}, 404, "ü".encode()),
        ({"statusCode": 204}, 204, b""),
        ({"statusCode": 204, "body": None}, 204, b""),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\xff\x00").decode()}
            | {"isBase64Encoded": True},
            200,
            b"\xff\x00",
        ),
        ({"plain": "JSON"}, 200, b'{"plain": "JSON"}'),
        (["a"], 200, b'["a"]'),
        ("text", 200, b'"text"'),
        (None, 200, b"null"),
    ],
)
def test_an_answer_is_read_as_a_function_url_reads_it(said: Any, status: int, body: bytes) -> None:
    address, _ = asking(said)
    answer = address.request("GET", "/")
    assert (answer.status, answer.body) == (status, body)
    assert answer.seconds >= 0


@pytest.mark.parametrize(
    "said",
    [
        {"statusCode": "many"},
        {"statusCode": None},
        {"statusCode": 200, "body": "YQ", "isBase64Encoded": True},
        {"statusCode": float("inf")},
        {"statusCode": float("nan")},
        {"statusCode": [200]},
        {"statusCode": "9" * 5000},
        {"statusCode": 200, "body": "\ud800"},
    ],
)
def test_an_answer_that_no_function_url_could_send_fails_the_test(said: Any) -> None:
    address, _ = asking(said)
    with pytest.raises(FunctionTestFailed, match="did not return an HTTP response"):
        address.request("GET", "/")


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        ({"Location": "/a"}, "/a"),
        ({"content-type": "x", "location": "https://x/y"}, "https://x/y"),
        ({"Location": 5}, "5"),
        ({}, ""),
        (None, ""),
        ([1], ""),
        ("Location", ""),
    ],
)
def test_a_redirect_tells_where_it_leads(headers: Any, location: str) -> None:
    address, _ = asking({"statusCode": 302, "headers": headers})
    answer = address.request("GET", "/")
    assert (answer.status, answer.location) == (302, location)


def test_a_redirect_of_a_rest_api_may_have_several_values_of_a_header() -> None:
    address, _ = asking({"statusCode": 302, "multiValueHeaders": {"Location": ["/a", "/b"]}})
    assert address.request("GET", "/").location == "/b"


def test_an_invocation_hands_over_its_payload_and_answer() -> None:
    address, invocations = asking({"ok": True})
    assert address.invoke({"a": [1]}) == {"ok": True}
    assert invocations.asked == [("orders", "7", {"a": [1]})]


def test_an_error_of_the_function_brings_its_trace_and_the_end_of_its_log() -> None:
    log = "START\nKeyError\nEND\n"
    body = {
        "errorType": "KeyError",
        "errorMessage": "'BUCKET'",
        "stackTrace": ['  File "/var/task/app.py", line 3\n', "    os.environ[...]\n"],
    }
    address, _ = asking(body, "Unhandled", log)
    with pytest.raises(FunctionTestFailed) as caught:
        address.request("GET", "/health")
    assert caught.value.message == "KeyError: 'BUCKET'"
    assert '  File "/var/task/app.py", line 3' in caught.value.detail
    assert "START\nKeyError\nEND" in caught.value.detail
    assert not isinstance(caught.value, CannotStart)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"errorMessage": "2 timed out after 3.00 seconds"}, "Unhandled: 2 timed out after 3.00"),
        ("not JSON", "Unhandled: not JSON"),
        (None, "Unhandled: None"),
        ({"errorType": "X", "errorMessage": "m", "stackTrace": None}, "X: m"),
        ({"errorType": "X", "errorMessage": "m", "stackTrace": 5}, "X: m"),
        ({"errorType": ["X"], "errorMessage": {}, "stackTrace": [1, None]}, "['X']: {}"),
        ([1], "Unhandled: [1]"),
        (5, "Unhandled: 5"),
    ],
)
def test_an_error_of_any_shape_is_told(body: Any, message: str) -> None:
    address, _ = asking(body, "Unhandled")
    with pytest.raises(FunctionTestFailed) as caught:
        address.invoke({})
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("kind", "hopeless"),
    [
        ("Runtime.ImportModuleError", True),
        ("Runtime.UserCodeSyntaxError", True),
        ("Runtime.HandlerNotFound", True),
        ("Runtime.MalformedHandlerName", True),
        ("Runtime.ExitError", False),
        ("Sandbox.Timedout", False),
        ("ValueError", False),
    ],
)
def test_only_a_function_that_cannot_even_start_is_hopeless(kind: str, hopeless: bool) -> None:
    address, _ = asking({"errorType": kind, "errorMessage": "m"}, "Unhandled")
    with pytest.raises(FunctionTestFailed) as caught:
        address.invoke({})
    assert isinstance(caught.value, CannotStart) is hopeless


START = "INIT_REPORT Init Duration: 9.1 ms\tPhase: init\tStatus: {}\tError Type: KeyError\n"
JSON_START = '{{"type": "platform.initReport", "record": {{"phase": "init", "status": "{}"}}}}\n'


@pytest.mark.parametrize(
    ("body", "log", "has_started"),
    [
        ({"errorType": "KeyError", "requestId": "a-1"}, "", True),
        ({"errorType": "KeyError", "requestId": ""}, "", False),
        ({"errorType": "Runtime.ExitError"}, "", False),
        ({"errorType": "Runtime.ImportModuleError"}, "", False),
        ({"errorType": "KeyError"}, START.format("error"), False),
        ({"errorType": "Sandbox.Timedout"}, START.format("timeout"), False),
        ({"errorType": "KeyError"}, JSON_START.format("error"), False),
        ({"errorType": "KeyError"}, JSON_START.format("success"), True),
        ({"errorType": "KeyError"}, "my INIT_REPORT of Status: error\n", True),
        ("no JSON", "", True),
    ],
)
def test_an_error_of_the_start_is_not_one_of_the_handler(
    body: Any, log: str, has_started: bool
) -> None:
    address, _ = asking(body, "Unhandled", log)
    with pytest.raises(FunctionError) as caught:
        address.invoke({})
    assert caught.value.has_started is has_started


def test_a_url_takes_no_events() -> None:
    with pytest.raises(FunctionTestFailed, match="accepts HTTP requests, not events"):
        UrlAddress("https://x.lambda-url.on.aws/").invoke({})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "", "//x"])
def test_only_http_addresses_are_asked(url: str) -> None:
    with pytest.raises(FunctionTestFailed, match="is not an HTTP address"):
        UrlAddress(url).request("GET", "/health")
