"""Plain HTTP, for the addresses that users use."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import GateFailed


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``seconds`` is the time until its last byte."""

    status: int
    body: bytes
    seconds: float


def request(
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> Answer:
    """Send a request; every status is an answer.

    Raises:
        GateFailed: nothing answered.
    """
    if not url.startswith(("https://", "http://")):
        raise GateFailed(f"{url} is not an HTTP address")
    asked = urllib.request.Request(url, data=body or None, method=method)  # noqa: S310
    asked.add_header("User-Agent", "lambda-fast-deploy")
    for name, value in (headers or {}).items():
        asked.add_header(name, value)
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:  # noqa: S310
            return Answer(answer.status, answer.read(), time.monotonic() - begun)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), time.monotonic() - begun)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise GateFailed(f"{method} {url} got no answer: {reason}") from None
