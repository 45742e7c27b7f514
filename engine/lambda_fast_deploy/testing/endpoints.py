"""Addresses of a function: a version or alias through Lambda's API, or a public URL."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from lambda_fast_deploy.adapters import clock, http
from lambda_fast_deploy.adapters.aws.access_denied import allow, denied_action
from lambda_fast_deploy.adapters.aws.invocations import LONGEST, Invocations
from lambda_fast_deploy.adapters.http import HttpResponse
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import EventKind
from lambda_fast_deploy.testing.http_events import event_of
from lambda_fast_deploy.testing.speed import SpeedMeter

# Runtime errors after which no retry succeeds (Lambda developer guide, "Lambda runtime errors").
_START_ERRORS = (
    "Runtime.ImportModuleError",
    "Runtime.UserCodeSyntaxError",
    "Runtime.HandlerNotFound",
    "Runtime.MalformedHandlerName",
)

_PRELUDE_END = "\0" * 8  # in a streamed response

# Takes method, address, headers and body of a request; returns its headers with a signature.
Sign = Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]


# A failed start in a text log (Lambda developer guide, "Failures during the Init phase"), and in a
# log in JSON (Lambda Telemetry API, "platform.initReport").
_FAILED_START = re.compile(
    r"^INIT_REPORT .*\tStatus: (?:error|timeout)"
    r'|"platform\.initReport".*"status": ?"(?:error|failure|timeout)"',
    re.MULTILINE,
)


class FunctionError(FunctionTestFailed):
    """The function answered an event with an error.

    ``says`` is its type and message. ``has_started`` is false if its code could not be loaded or
    its process exited, so that the error is not the handler's.
    """

    def __init__(self, says: str, *, detail: str = "", has_started: bool = True) -> None:
        super().__init__(says, detail=detail)
        self.has_started = has_started


class CannotStart(FunctionError):
    """The function cannot start; a retry cannot succeed."""


class Address(Protocol):
    """An endpoint for HTTP requests and, if it is a function's, for invocations."""

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send an HTTP request."""

    def invoke(self, payload: object) -> Any:
        """Send an event; returns the answer."""

    def by(self, event: EventKind | None) -> Address:
        """The same address, whose requests become events of this kind, if it is not ``None``."""


@dataclass(frozen=True, slots=True)
class VersionAddress:
    """One version or alias, invoked through the API of Lambda.

    An HTTP request becomes an event of the kind ``event``. ``timeout`` is that of the function, in
    seconds.
    """

    invocations: Invocations
    name: str
    qualifier: str
    timeout: float = LONGEST
    event: EventKind = "http"
    speedometer: SpeedMeter = field(default_factory=SpeedMeter)

    def invoke(self, payload: object) -> Any:
        invocation = self.invocations.invoke(self.name, self.qualifier, payload, self.timeout)
        answer, error, tail = invocation.answer, invocation.error, invocation.log.strip()
        self.speedometer.read(tail)
        if not error:
            return answer
        document = answer if isinstance(answer, dict) else {}
        kind, message = document.get("errorType", error), document.get("errorMessage", answer)
        lines = document.get("stackTrace")
        trace = "".join(map(str, lines)) if isinstance(lines, list) else ""
        # Python's runtime client has no request yet when it imports the code (awslambdaric).
        is_loading = document.get("requestId") == "" or bool(_FAILED_START.search(tail))
        failure = CannotStart if kind in _START_ERRORS else FunctionError
        raise failure(
            f"{kind}: {message}",
            detail=tail if trace in tail else f"{trace}{tail}",
            has_started=not is_loading and not str(kind).startswith("Runtime."),
        )

    def by(self, event: EventKind | None) -> VersionAddress:
        return replace(self, event=event) if event else self

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        start = clock.monotonic()
        answer = unstreamed(self.invoke(event_of(self.event, method, path, body, headers or {})))
        seconds = clock.monotonic() - start
        if not (isinstance(answer, dict) and "statusCode" in answer):
            if self.event != "http":  # "Malformed Lambda proxy response", 502
                raise FunctionTestFailed(
                    f"{self.name} did not return an HTTP response: no statusCode"
                )
            # A function URL returns any other answer as JSON, with status 200.
            return HttpResponse(200, json.dumps(answer).encode(), seconds)
        text = str(answer.get("body") or "")
        try:
            encoded = answer.get("isBase64Encoded")
            content = base64.b64decode(text) if encoded else text.encode()
            return HttpResponse(int(answer["statusCode"]), content, seconds, _location(answer))
        except (TypeError, ValueError, OverflowError) as error:
            raise FunctionTestFailed(
                f"{self.name} did not return an HTTP response: {error}"
            ) from None


@dataclass(frozen=True, slots=True)
class UrlAddress:
    """A public address; ``sign`` signs its requests, if they need it."""

    url: str
    sign: Sign | None = None

    def invoke(self, payload: object) -> Any:
        raise FunctionTestFailed(
            f"{self.url} accepts HTTP requests, not events such as {payload!r}"
        )

    def by(self, event: EventKind | None) -> UrlAddress:
        del event  # the service in front of the function creates it
        return self

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        url = f"{self.url.rstrip('/')}{path}" if path else self.url
        signed = dict(headers or {})
        if self.sign:
            signed = self.sign(method, url, signed, body)
        answer = http.request(method, url, body, signed, timeout=LONGEST)
        if self.sign and answer.status == 403:
            text = answer.body.decode("utf-8", "replace")
            if action := denied_action(text):
                raise FunctionTestFailed(
                    f"no permission for {action}: {text}", remedy=allow(action)
                )
        return answer


def unstreamed(answer: Any) -> Any:
    """An answer in the form of a function without streaming.

    A streamed response has status and headers as JSON, eight NUL bytes, and the body (Lambda
    developer guide, "Writing Lambda functions with response streaming").
    """
    if not isinstance(answer, str) or _PRELUDE_END not in answer:
        return answer
    prelude, _, body = answer.partition(_PRELUDE_END)
    try:
        head = json.loads(prelude)
    except (ValueError, RecursionError):
        return answer
    # The default status is 200 (the same guide).
    return {"statusCode": 200, **head, "body": body} if isinstance(head, dict) else answer


def _location(answer: Mapping[str, Any]) -> str:
    """The target of a redirect in the headers that a function returns."""
    for headers in (answer.get("headers"), answer.get("multiValueHeaders")):
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if name.lower() == "location":
                return str(value[-1] if value and isinstance(value, list) else value)
    return ""
