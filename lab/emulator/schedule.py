"""Runs that are held at each of their events, and let go one event at a time.

A run is known by the name that its SDK puts into the User-Agent (``AWS_SDK_UA_APP_ID=NAME`` in its
environment makes that ``app/NAME``; AWS SDKs reference guide, "Application ID"). Its events are

- each mutating call, before anything of it is carried out; and
- the end of each test: the answer of Invoke or of a function URL, once the function has run. Of
  calls that follow one another without a change between them only the first is an event: the rest
  try again, or measure.

Reads pass. What a run does by other means than the SDK (requests to a function URL) is known by a
User-Agent ``app/NAME`` as well.

- ``PUT /_lab/schedule/NAME``: hold the events of this run from now on
- ``GET``: wait until it is held; answers ``{"event": "UpdateAlias"}``
- ``POST``: let this one event happen
- ``DELETE``: let it go for good
- ``GET /_lab/schedule/NAME/fails``: the address of a test that fails, as soon as its end, an event
  too, is let happen
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from lab.emulator.operations import is_mutating
from lab.emulator.requests import (
    Application,
    Message,
    Receive,
    Send,
    again,
    headers_of,
    identified,
    whole_body,
)

PATH = "/_lab/schedule/"
END_OF_TEST = "end of a test"
_TESTS = ("Invoke", "InvokeFunctionUrl")
_NAME = re.compile(r"(?:^|\s)app/([\w-]+)")


class Run:
    """A run whose events are held, one after the other."""

    def __init__(self) -> None:
        self._coming: asyncio.Queue[tuple[str, asyncio.Event]] = asyncio.Queue()
        self._at: tuple[str, asyncio.Event] | None = None
        self._last = ""
        self._is_free = False

    async def happens(self, event: str) -> None:
        """Return when an event may happen."""
        if self._is_free or self._last == event == END_OF_TEST:
            return
        self._last = event
        may = asyncio.Event()
        self._coming.put_nowait((event, may))
        await may.wait()

    async def held(self) -> str:
        """Wait until it is held; the event."""
        if self._at is None:
            self._at = await self._coming.get()
        return self._at[0]

    def let(self) -> None:
        """Let the event happen that it is held at."""
        if self._at:
            self._at[1].set()
        self._at = None

    def free(self) -> None:
        """Let everything happen."""
        self._is_free = True
        self.let()
        while not self._coming.empty():
            self._coming.get_nowait()[1].set()


def scheduled(application: Application) -> Application:
    """Return ``application`` with runs that can be held; none is until it is told."""
    runs: dict[str, Run] = {}

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        if scope["path"].startswith(PATH):
            await _told(runs, scope, receive, send)
            return
        named = _NAME.search(headers_of(scope).get("user-agent", "")) if runs else None
        run = runs.get(named[1]) if named else None
        if run is None:
            await application(scope, receive, send)
            return
        body = await whole_body(receive)
        receive, operation = again(body, receive), identified(scope, body)[1]
        if operation in _TESTS:
            await application(scope, receive, _when_it_may(run, send))
        else:
            if is_mutating(operation, body):
                await run.happens(operation)
            await application(scope, receive, send)

    return serve


def _when_it_may(run: Run, send: Send) -> Send:
    """Answers that wait until the end of a test may happen."""

    async def respond(message: Message) -> None:
        if message["type"] == "http.response.start":
            await run.happens(END_OF_TEST)
        await send(message)

    return respond


async def _told(runs: dict[str, Run], scope: Message, receive: Receive, send: Send) -> None:
    """Do what a request says about a run."""
    await whole_body(receive)
    name, _, rest = scope["path"].removeprefix(PATH).partition("/")
    method = scope["method"]
    if method == "PUT":
        runs[name] = Run()
        await _answer(send, 204)
        return
    run = runs.get(name)
    if run is None:
        await _answer(send, 500 if rest else 404)
    elif rest:
        await run.happens(END_OF_TEST)
        await _answer(send, 500)
    elif method == "GET":
        event = await _unless_gone(run.held, receive)
        await _answer(send, 200, {"event": event} if event else None)
    else:
        {"POST": run.let, "DELETE": run.free}[method]()
        if method == "DELETE":
            del runs[name]
        await _answer(send, 204)


async def _unless_gone(wait: Callable[[], Any], receive: Receive) -> str | None:
    """Wait for an event, but only as long as whoever asks is there."""
    waiting, gone = asyncio.ensure_future(wait()), asyncio.ensure_future(receive())
    await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    if waiting.done():
        return str(waiting.result())
    waiting.cancel()
    return None


async def _answer(send: Send, status: int, document: dict[str, str] | None = None) -> None:
    body = json.dumps(document).encode() if document else b""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
