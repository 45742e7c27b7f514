"""Faults on demand: calls that AWS or its registry refuses, delays, or drops in the middle.

``PUT /_lab/faults`` takes a list of rules (JSON) in place of those before; ``GET`` tells what
has been done to whom. The first rule that names the operation of a call applies:

- ``operation``: a regular expression for the whole name, as in the request log
- ``path``, ``agent``, ``signed``: regular expressions that the path with its query, the User-Agent
  and the Authorization, which has the region, must contain as well
- ``skip``: let so many such calls pass first; ``times``: then meet so many (default: every one);
  ``lasts``: for so many seconds from the first of them
- ``until``: once the rule was met, it ends when a call of that name was answered
- and one of: ``status`` with ``body`` and ``headers``; ``cut``: take so many bytes of the request's
  body, then drop the connection; ``lost``: carry it out, and drop the connection in place of an
  answer; ``clock``: answer with a Date that is so many seconds later; ``seconds``: carry it out so
  late; ``held``: carry it out when other rules are put
- with ``cut`` or ``lost``, ``seconds`` is how long the connection stays silent before it is dropped
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from lab.emulator.requests import (
    Application,
    Message,
    Receive,
    Send,
    again,
    headers_of,
    identified,
    is_form,
    whole_body,
)

PATH = "/_lab/faults"


def faulty(application: Application) -> Application:
    """Return ``application`` with faults in front of it; none until it is told."""
    rules: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        if scope["path"] == PATH:
            if scope["method"] == "PUT":
                for each in rules:
                    each["is_over"] = True
                rules[:] = json.loads(await whole_body(receive))
                done.clear()
            await _answer(send, 200, json.dumps({"rules": rules, "done": done}), {})
            return
        if not rules:
            await application(scope, receive, send)
            return
        body = b""
        if is_form(scope):  # its body tells which operation it is
            body = await whole_body(receive)
            receive = again(body, receive)
        operation = identified(scope, body)[1]
        rule = _applying(rules, operation, scope)
        if rule is None:
            await application(scope, receive, send)
        else:
            done.append({"operation": operation, "rule": dict(rule)})
            await _break(rule, application, scope, receive, send)
        rules[:] = [
            each for each in rules if not (each.get("met") and each.get("until") == operation)
        ]

    return serve


def _asked(scope: Message) -> str:
    return f"{scope['path']}?{scope['query_string'].decode()}"


def _applying(rules: list[dict[str, Any]], operation: str, scope: Message) -> dict[str, Any] | None:
    headers = headers_of(scope)
    asked = {
        "path": _asked(scope),
        "agent": headers.get("user-agent", ""),
        "signed": headers.get("authorization", ""),
    }
    for rule in rules:
        if not re.fullmatch(rule["operation"], operation) or rule.get("times") == 0:
            continue
        if not all(re.search(rule.get(key, ""), text) for key, text in asked.items()):
            continue
        if rule.get("skip", 0):
            rule["skip"] -= 1
            continue
        if "times" in rule:
            rule["times"] -= 1
        rule["met"] = True
        if "lasts" in rule and time.monotonic() > rule.setdefault("end", _end(rule)):
            continue
        return rule
    return None


def _end(rule: Mapping[str, Any]) -> float:
    return time.monotonic() + float(rule["lasts"])


async def _break(
    rule: dict[str, Any], application: Application, scope: Message, receive: Receive, send: Send
) -> None:
    if "cut" in rule:
        await whole_body(receive, rule["cut"])
        await asyncio.sleep(rule.get("seconds", 0))
        _drop(send)
    elif rule.get("lost"):

        async def nobody(_: Message) -> None:
            """Take an answer that never arrives."""

        await application(scope, receive, nobody)
        await asyncio.sleep(rule.get("seconds", 0))
        _drop(send)
    elif "clock" in rule:
        await application(scope, receive, _dated(send, rule["clock"]))
    elif "status" in rule:
        await whole_body(receive)
        await _answer(send, rule["status"], rule.get("body", ""), rule.get("headers", {}))
    else:
        await asyncio.sleep(rule.get("seconds", 0))
        while rule.get("held") and not rule.get("is_over"):
            await asyncio.sleep(0.02)
        await application(scope, receive, send)


def _dated(send: Send, ahead: float) -> Send:
    """Answers whose Date is ``ahead`` seconds later than it is."""
    date = formatdate(time.time() + ahead, usegmt=True).encode()

    async def respond(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message["headers"] if pair[0].lower() != b"date"]
            message = {**message, "headers": [*others, (b"date", date)]}
        await send(message)

    return respond


async def _answer(send: Send, status: int, body: str, more: Mapping[str, str]) -> None:
    headers = {"content-type": "application/json"} | {k.lower(): v for k, v in more.items()}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body.encode()})


def _drop(send: Send) -> None:
    """Reset the connection: ASGI has no word for it, so the server's own transport is reached."""
    cycle: Any = getattr(send, "__self__")  # noqa: B009
    cycle.transport.abort()
