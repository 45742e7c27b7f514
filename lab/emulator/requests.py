"""The request log: one JSON line for every AWS call that the emulator answered."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from lab.emulator.answers import Answer
from lab.emulator.operations import is_mutating, registry_operation, rest_operation

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request")
_RPC = re.compile(r"/service/\w+/operation/(\w+)")  # the protocol "Smithy RPC v2 CBOR"
_PRESIGNED = re.compile(r"[^/]+/\d{8}/[^/]*/([^/]+)/aws4_request")

_SHORT = 10_000  # bytes of a body that is looked into; a dry run of more counts as a change


def logged(application: Application, log: Path) -> Application:
    """Return ``application`` with a log of its requests, written when each is answered."""

    async def logger(scope: Message, receive: Receive, send: Send) -> None:
        # The emulator's own pages (health, downloads behind Code.Location) are no AWS calls.
        if scope["type"] != "http" or scope["path"].startswith(("/_ministack/", "/_lab/")):
            await application(scope, receive, send)
            return
        headers = headers_of(scope)
        body = bytearray()
        is_form_encoded = is_form(scope)
        is_short = 0 < int(headers.get("content-length") or 0) <= _SHORT
        answered = taken = 0

        async def overhear() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if is_form_encoded or is_short:
                body.extend(message.get("body", b""))
            return message

        async def respond(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                # Written before the client sees the answer: what it did is in the log by then.
                line = entry(scope, bytes(body), answered) | {"bytes": taken}
                with log.open("a") as lines:
                    lines.write(json.dumps(line) + "\n")
            await send(message)

        await application(scope, overhear, respond)

    return logger


def headers_of(scope: Message) -> dict[str, str]:
    """Return the headers of a request, their names in lower case."""
    return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}


def is_form(scope: Message) -> bool:
    """Tell whether a request's body is a form, which names its operation."""
    return "x-www-form-urlencoded" in headers_of(scope).get("content-type", "")


async def whole_body(receive: Receive, most: int | None = None) -> bytes:
    """Return the body of a request, or its first pieces up to ``most`` bytes and a little more."""
    body = b""
    while most is None or len(body) < most:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def again(body: bytes, receive: Receive) -> Receive:
    """Return a request's body once more, and what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def first() -> Message:
        return messages.pop() if messages else await receive()

    return first


async def respond(scope: Message, send: Send, answer: Answer) -> None:
    """Send an answer to a request."""
    status, headers, content = answer
    names = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": names})
    body = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": body})


def identified(scope: Message, body: bytes = b"") -> tuple[str, str]:
    """Return the service and the AWS operation of a request; ``body`` matters if it is a form."""
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    return identify(scope["method"], scope["path"], query, headers_of(scope), body)


def entry(scope: Message, body: bytes, status: int) -> dict[str, Any]:
    """Return the log line of one request: its service, operation, status, and if it mutates."""
    method, path = scope["method"], scope["path"]
    service, operation = identified(scope, body)
    return {
        "time": round(time.time(), 3),
        "service": service,
        "operation": operation,
        "method": method,
        "path": path,
        "status": status,
        "mutating": is_mutating(operation, body),
    }


def identify(
    method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], form: bytes
) -> tuple[str, str]:
    """Return the service and the AWS operation of a request."""
    if path.startswith("/_aws/lambda-url/") or ".lambda-url." in headers.get("host", ""):
        return "function-url", "InvokeFunctionUrl"
    registry = path in ("/v2", "/v2/") or path.endswith("/tags/list")
    if registry or "/blobs/" in path or "/manifests/" in path:
        return "registry", registry_operation(method, path, query)
    signed = _SCOPE.search(headers.get("authorization", ""))
    signed = signed or _PRESIGNED.match(query.get("X-Amz-Credential", [""])[0])
    service = signed[1] if signed else "s3"  # only S3 serves unsigned requests
    if headers.get("x-amz-target"):
        return service, headers["x-amz-target"].rpartition(".")[2]
    if rpc := _RPC.fullmatch(path):
        return service, rpc[1]
    action = parse_qs(form.decode("latin-1")).get("Action") or query.get("Action")
    if action:
        return service, action[0]
    return service, rest_operation(service, method, path, query, headers)
