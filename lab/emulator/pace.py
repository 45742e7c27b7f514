"""How far away AWS is and how long Lambda takes: at hand, and half a second, until it is told.

``PUT /_lab/pace?request=0.04&update=2``: so many seconds come on top of each call, and so many is a
function Pending or InProgress after a change. No more of a network is modelled: neither what TLS
asks for nor how much a line carries.
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from ministack.services import lambda_svc

from lab.emulator.requests import Application, Message, Receive, Send

PATH = "/_lab/pace"


def paced(application: Application) -> Application:
    """Return ``application`` at a pace that can be set."""
    request = 0.0

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal request
        path = scope.get("path", "")
        if path == PATH:
            told = dict(parse_qsl(scope["query_string"].decode()))
            request = float(told["request"])
            lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = float(told["update"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        if request and not path.startswith(("/_ministack/", "/_lab/")):
            await asyncio.sleep(request)
        await application(scope, receive, send)

    return serve
