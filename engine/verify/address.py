"""Where a function can be asked: one version of it directly, or the address that users use."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from engine.adapters import http
from engine.adapters.aws.denials import allow, denied_action
from engine.adapters.aws.invocations import LONGEST, Invocations
from engine.adapters.http import Answer
from engine.errors import GateFailed
from engine.verify.speed import Speedometer

# Runtime errors that no second try mends (Lambda developer guide, "Lambda runtime errors").
_HOPELESS = (
    "Runtime.ImportModuleError",
    "Runtime.UserCodeSyntaxError",
    "Runtime.HandlerNotFound",
    "Runtime.MalformedHandlerName",
)


# A request's method, address, headers and body; its headers with a signature.
Sign = Callable[[str, str, Mapping[str, str], bytes], dict[str, str]]


class Hopeless(GateFailed):
    """The function cannot even start; asking again is no use."""


class Address(Protocol):
    """Somewhere that answers HTTP requests and, perhaps, invocations."""

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send an HTTP request."""

    def invoke(self, payload: object) -> Any:
        """Send an event; its answer."""


@dataclass(frozen=True, slots=True)
class VersionAddress:
    """One version or alias, asked through Lambda's own API.

    An HTTP request becomes the event that a function URL would send (payload format 2.0, Lambda
    developer guide, "Invoking Lambda function URLs"). ``timeout`` is the function's own, in
    seconds: there is no answer later than that.
    """

    invocations: Invocations
    name: str
    qualifier: str
    timeout: float = LONGEST
    speedometer: Speedometer = field(default_factory=Speedometer)

    def invoke(self, payload: object) -> Any:
        called = self.invocations.invoke(self.name, self.qualifier, payload, self.timeout)
        answer, error, tail = called.answer, called.error, called.log.strip()
        self.speedometer.read(tail)
        if not error:
            return answer
        said = answer if isinstance(answer, dict) else {}
        kind, message = said.get("errorType", error), said.get("errorMessage", answer)
        lines = said.get("stackTrace")
        trace = "".join(map(str, lines)) if isinstance(lines, list) else ""
        raised = Hopeless if kind in _HOPELESS else GateFailed
        raise raised(f"{kind}: {message}", detail=tail if trace in tail else f"{trace}{tail}")

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        begun = time.monotonic()
        answer = self.invoke(_event(method, path, body, headers or {}))
        seconds = time.monotonic() - begun
        if not (isinstance(answer, dict) and "statusCode" in answer):
            # A function URL turns any other answer into a 200 with that JSON.
            return Answer(200, json.dumps(answer).encode(), seconds)
        text = str(answer.get("body") or "")
        try:
            encoded = answer.get("isBase64Encoded")
            content = base64.b64decode(text) if encoded else text.encode()
            return Answer(int(answer["statusCode"]), content, seconds, _location(answer))
        except (TypeError, ValueError, OverflowError) as error:
            raise GateFailed(f"what {self.name} returned is no HTTP answer: {error}") from None


@dataclass(frozen=True, slots=True)
class UrlAddress:
    """An address that users use; requests are signed where ``sign`` gives them headers."""

    url: str
    sign: Sign | None = None

    def invoke(self, payload: object) -> Any:
        raise GateFailed(f"{self.url} takes HTTP requests, not events such as {payload!r}")

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        url = f"{self.url.rstrip('/')}{path}" if path else self.url
        sent = dict(headers or {})
        if self.sign:
            sent = self.sign(method, url, sent, body)
        answer = http.request(method, url, body, sent, timeout=LONGEST)
        if self.sign and answer.status == 403:
            said = answer.body.decode("utf-8", "replace")
            if wanted := denied_action(said):
                raise GateFailed(f"no permission for {wanted}: {said}", remedy=allow(wanted))
        return answer


def _location(answer: Mapping[str, Any]) -> str:
    """Where a redirect leads, by the headers that a function returns."""
    headers = answer.get("headers")
    found = headers.items() if isinstance(headers, dict) else ()
    return next((str(value) for name, value in found if name.lower() == "location"), "")


def _event(method: str, path: str, body: bytes, given: Mapping[str, str]) -> dict[str, Any]:
    raw_path, _, query = path.partition("?")
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    headers = {"host": "lambda-fast-deploy.test", "user-agent": "lambda-fast-deploy"}
    if body:
        headers["content-type"] = "application/octet-stream"
        headers["content-length"] = str(len(body))
    headers |= {name.lower(): value for name, value in given.items()}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": headers,
        "queryStringParameters": parameters,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "lambda-fast-deploy",
            "domainName": "lambda-fast-deploy.test",
            "domainPrefix": "lambda-fast-deploy",
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "lambda-fast-deploy",
            },
            "requestId": "lambda-fast-deploy",
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": int(time.time() * 1000),
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
