"""How far away AWS is, how long Lambda takes and how many calls it allows, when it is told so.

``PUT /_lab/pace?request=0.04&update=2&quota=1&metrics=60&minute=2&provisioned=3``: so many seconds
come on top of each call; so many is a function Pending or InProgress after a change; more calls of
Lambda's API than this part of an account's quotas are refused; so many seconds does CloudWatch show
a call late, and so many has its minute; so many does an alias with provisioned concurrency take to
serve another version. Each can be left out: nothing, half a second, no quota, nothing, 60 and half
a second.
No more of a network is modelled: neither what TLS asks for nor how much a line carries.
"""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import parse_qsl

from ministack.services import lambda_svc

from lab.emulator import metrics, provisioned
from lab.emulator.requests import Application, Message, Receive, Send, identified

PATH = "/_lab/pace"

# Calls a second, in a region (Lambda quotas, "Lambda API requests"); invocations have their own.
_QUOTAS = {"GetFunction": 100.0, "GetPolicy": 15.0}
_OTHERS = 15.0
_UPDATE = lambda_svc._LAMBDA_STATE_TRANSITION_DELAY


class Quotas:
    """A part of Lambda's quotas; of each, a second's calls can be made at once."""

    def __init__(self, part: float) -> None:
        self._part = part
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, operation: str) -> bool:
        """Whether a call may be made now; it counts as made then."""
        if operation.startswith("Invoke"):
            return True
        rate = _QUOTAS.get(operation, _OTHERS) * self._part
        name, now = operation if operation in _QUOTAS else "others", time.monotonic()
        left, since = self._left.get(name, (rate, now))
        left = min(rate, left + (now - since) * rate)
        allowed = left >= 1
        self._left[name] = (left - allowed, now)
        return allowed


def paced(application: Application) -> Application:
    """Return ``application`` at a pace that can be set."""
    request = 0.0
    quotas: Quotas | None = None

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal request, quotas
        path = scope.get("path", "")
        if path == PATH:
            told = dict(parse_qsl(scope["query_string"].decode()))
            request = float(told.get("request", 0))
            quotas = Quotas(float(told["quota"])) if "quota" in told else None
            lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = float(told.get("update", _UPDATE))
            metrics.late = float(told.get("metrics", 0))
            metrics.minute = int(told.get("minute", 60))
            provisioned.seconds = float(told.get("provisioned", _UPDATE))
            await _answer(send, 204)
            return
        if scope["type"] != "http" or path.startswith(("/_ministack/", "/_lab/")):
            await application(scope, receive, send)
            return
        if request:
            await asyncio.sleep(request)
        if quotas:
            service, operation = identified(scope)
            if service == "lambda" and not quotas.allows(operation):
                await _answer(send, 429, {"message": "Rate exceeded", "Type": "User"})
                return
        await application(scope, receive, send)

    return serve


async def _answer(send: Send, status: int, document: dict[str, str] | None = None) -> None:
    headers = [(b"x-amzn-errortype", b"TooManyRequestsException")] if document else []
    body = json.dumps(document).encode() if document else b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
