"""Invocations: what is made of every answer and of every refusal that Lambda's API knows."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.response import StreamingBody
from botocore.stub import Stubber

from lambda_fast_deploy.adapters.aws.invocations import (
    LASTING,
    LOG_TAIL,
    MARGIN,
    PASSING,
    Invocation,
    Invocations,
)
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import (
    AnswerTimeout,
    DeployError,
    FunctionTestFailed,
    NotPermitted,
    NotUnderstood,
    Refused,
    Unavailable,
    Unreachable,
)
from tests.unit.make import REGION


@pytest.fixture
def service(stub: Callable[[str], Stubber]) -> Stubber:
    return stub("lambda")


@pytest.fixture
def invocations(aws: Aws) -> Invocations:
    return Invocations(aws, REGION)


def body(content: bytes, length: int | None = None) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content) if length is None else length)


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'{"ok": true}', {"ok": True}),
        (b"", None),
        (b"not JSON \xff", "not JSON \ufffd"),
        (b"<html></html>", "<html></html>"),
        (b"[1, 2]", [1, 2]),
        (b"5", 5),
        (b"9" * 5000, "9" * 5000),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_an_invocation_answers_whatever_the_function_returned(
    service: Stubber, invocations: Invocations, payload: bytes, answer: Any
) -> None:
    service.add_response(
        "invoke",
        {"Payload": body(payload), "FunctionError": "Unhandled", "LogResult": "bG9n"},
        {
            "FunctionName": "orders",
            "Qualifier": "7",
            "Payload": json.dumps({"a": 1}).encode(),
            "LogType": "Tail",
        },
    )
    assert invocations.invoke("orders", "7", {"a": 1}) == Invocation(answer, "Unhandled", "log")


# The last bytes of a log, which begin within a character, and perhaps within a secret.
CUT = f"ü-half of a secret\n{'ü' * 2000}".encode()[-LOG_TAIL:].rjust(LOG_TAIL, b"x")


@pytest.mark.parametrize(
    ("result", "log"),
    [
        ({}, ""),
        ({"LogResult": ""}, ""),
        ({"LogResult": base64.b64encode(b"\xff").decode()}, "\ufffd"),
        ({"LogResult": base64.b64encode(b"half\n" + b"x" * LOG_TAIL).decode()}, "x" * LOG_TAIL),
        ({"LogResult": base64.b64encode(CUT).decode()}, "ü" * 2000),
    ],
)
def test_a_log_is_what_can_be_read_of_it(
    service: Stubber, invocations: Invocations, result: dict[str, str], log: str
) -> None:
    service.add_response("invoke", {"Payload": body(b"1"), **result})
    assert invocations.invoke("orders", "7", None).log == log


@pytest.mark.parametrize("result", ["x", "\u4e2d"])
def test_a_log_that_is_none_is_not_understood(
    service: Stubber, invocations: Invocations, result: str
) -> None:
    service.add_response("invoke", {"Payload": body(b"1"), "LogResult": result})
    with pytest.raises(NotUnderstood, match="its LogResult is not base64"):
        invocations.invoke("orders", "7", None)


# ---------------------------------------------------------------- refusals


def known_errors() -> list[str]:
    model = botocore.session.Session().get_service_model("lambda")
    return sorted(shape.name for shape in model.operation_model("Invoke").error_shapes)


def test_every_error_of_the_api_is_known_to_pass_or_to_last() -> None:
    assert sorted(PASSING | LASTING) == known_errors()
    assert not PASSING & LASTING


def refused(service: Stubber, invocations: Invocations, code: str, status: int) -> DeployError:
    service.add_client_error("invoke", code, "said AWS", status)
    with pytest.raises(DeployError) as caught:
        invocations.invoke("orders", "7", {})
    return caught.value


@pytest.mark.parametrize("status", [400, 409, 429, 500, 502])
@pytest.mark.parametrize("code", known_errors())
def test_only_a_refusal_that_passes_is_worth_another_try(
    service: Stubber, invocations: Invocations, code: str, status: int
) -> None:
    error = refused(service, invocations, code, status)
    assert isinstance(error, Unavailable) is (code in PASSING)
    assert error.message == f"lambda:Invoke in {REGION} was refused: said AWS ({code})"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SomethingNewException", 503, Unavailable),
        ("SomethingNewException", 400, Refused),
        ("AccessDeniedException", 403, NotPermitted),
    ],
)
def test_of_other_refusals_the_status_tells(
    service: Stubber, invocations: Invocations, code: str, status: int, kind: type[DeployError]
) -> None:
    assert type(refused(service, invocations, code, status)) is kind


def raising(aws: Aws, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("lambda", REGION)

    def invoke(**_: Any) -> Any:
        raise error

    monkeypatch.setattr(client, "invoke", invoke)
    monkeypatch.setattr(aws, "client", lambda *_, **__: client)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (
            ReadTimeoutError(endpoint_url="https://x"),
            FunctionTestFailed,
            f"orders did not answer within {3 + MARGIN:.0f} s",
        ),
        (ConnectionClosedError(endpoint_url="https://x"), Unreachable, "Connection was closed"),
        (EndpointConnectionError(endpoint_url="https://x"), Unreachable, "Could not connect"),
    ],
)
def test_an_answer_that_does_not_come_is_told_as_what_it_is(
    aws: Aws,
    invocations: Invocations,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[DeployError],
    says: str,
) -> None:
    raising(aws, error, monkeypatch)
    with pytest.raises(kind) as caught:
        invocations.invoke("orders", "7", {}, 3)
    assert says in caught.value.message
    assert not isinstance(caught.value, AnswerTimeout)


def test_an_answer_that_breaks_off_is_told_too(service: Stubber, invocations: Invocations) -> None:
    service.add_response("invoke", {"Payload": body(b"{", 500)})
    with pytest.raises(Unreachable, match="lambda:Invoke"):
        invocations.invoke("orders", "7", {})


def test_reserved_concurrency_has_a_remedy_of_its_own(
    aws: Aws, invocations: Invocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    said = {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    response: Any = {
        "Error": said,
        "Reason": reason,
        "ResponseMetadata": {"HTTPStatusCode": 429},
    }
    raising(aws, ClientError(response, "Invoke"), monkeypatch)
    with pytest.raises(Unavailable) as caught:
        invocations.invoke("orders", "7", {})
    assert caught.value.message.endswith(f"Rate Exceeded. (TooManyRequestsException, {reason})")
    assert "reserved concurrency" in caught.value.remedy
    assert "get-function-concurrency" in caught.value.remedy


def test_nothing_is_invoked_twice_and_a_function_has_its_own_time(
    aws: Aws, invocations: Invocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    create = aws._session.create_client

    def creating(service: str, **how: Any) -> Any:
        made.append(how["config"])
        return create(service, **how)

    monkeypatch.setattr(aws._session, "create_client", creating)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for timeout in (3.0, 840.0, 3.0):
        with pytest.raises(Unreachable):
            invocations.invoke("orders", "7", {}, timeout)
    assert [config.read_timeout for config in made] == [3 + MARGIN, 840 + MARGIN]
    assert {config.retries["total_max_attempts"] for config in made} == {1}
    assert {config.tcp_keepalive for config in made} == {True}
