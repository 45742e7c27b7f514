"""Plain HTTP, for the addresses that users use."""

from __future__ import annotations

import base64
import http.client
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.registry_http import proxy_for, trust
from lambda_fast_deploy.errors import FunctionTestFailed, Unreachable

# Lambda answers with 6 MB at most, and API Gateway with 10 MB (Lambda quotas, "Function
# configuration, deployment, and execution"; API Gateway quotas); what a function streams may be
# longer, and no test looks at so much.
LARGEST = 20_000_000  # bytes
PIECE = 65_536  # bytes that are read at once


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer.

    ``seconds`` is the time until its last byte. ``location`` is where a redirect leads.
    """

    status: int
    body: bytes
    seconds: float
    location: str = ""


def request(
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 30.0,
    most: int = LARGEST,
) -> HttpResponse:
    """Send one request, as it is given; every status is an answer.

    A redirect is an answer as well. Nobody follows it: what the headers say is for this address.
    The proxy of this machine is used (HTTPS_PROXY, HTTP_PROXY; NO_PROXY).

    Args:
        method: such as GET.
        url: the address, of HTTP or HTTPS.
        body: what to send.
        headers: of the request.
        timeout: seconds that may pass without anything arriving, and for reading the body.
        most: bytes that the body of the answer may have.

    Raises:
        GateFailed: nothing answered, or what did is no HTTP or longer than ``most``.
    """
    if not url.startswith(("https://", "http://")):
        raise FunctionTestFailed(f"{shown(url)} is not an HTTP address")
    what = f"{method} {shown(url)}"
    begun = time.monotonic()
    try:
        connection, target, more = _way(urlsplit(url), url, timeout)
        with closing(connection):
            sent = {"User-Agent": "lambda-fast-deploy", **more, **(headers or {})}
            connection.request(method, target, body or None, sent)
            answer = connection.getresponse()
            content = _read(answer, what, begun + timeout, most)
            spent = time.monotonic() - begun
            return HttpResponse(answer.status, content, spent, answer.headers.get("Location", ""))
    except TimeoutError:
        raise FunctionTestFailed(f"{what} did not answer within {units.seconds(timeout)}") from None
    except (OSError, http.client.HTTPException, ValueError, Unreachable) as error:
        reason = str(error) or type(error).__name__
        raise FunctionTestFailed(f"{what} got no answer: {' '.join(reason.split())}") from None


def shown(url: str) -> str:
    """An address without what may be a secret: its query, its fragment, a user and a password."""
    scheme, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    whole = f"{scheme}{slashes}{host}{slash}{path}"
    short = whole.partition("#")[0].partition("?")[0]
    return short if short == whole else f"{short}?…"


def _way(
    asked: SplitResult, url: str, timeout: float
) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection to an address, what to ask for on it, and headers that only a proxy needs."""
    host = asked.hostname or ""
    target = f"{asked.path or '/'}?{asked.query}" if asked.query else asked.path or "/"
    is_open = asked.scheme == "http"
    kind = http.client.HTTPConnection if is_open else _secure
    if not (proxy := proxy_for(url)):
        return kind(host, asked.port, timeout=timeout), target, {}
    through = urlsplit(proxy)
    login = _login(through)
    connection = kind(through.hostname or "", through.port or 80, timeout=timeout)
    if is_open:
        return connection, url.partition("#")[0], login
    connection.set_tunnel(host, asked.port or 443, login)
    return connection, target, {}


def _secure(host: str, port: int | None, timeout: float) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=trust())


def _login(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _read(answer: http.client.HTTPResponse, what: str, end: float, most: int) -> bytes:
    """The body of an answer.

    Raises:
        GateFailed: it is longer than ``most`` bytes.
        TimeoutError: ``end``, as ``time.monotonic`` tells it, has passed.
        http.client.IncompleteRead: it breaks off.
    """
    content = bytearray()
    while piece := answer.read1(PIECE):
        content += piece
        if len(content) > most:
            says = f"{what} answered {answer.status} with more than {units.megabytes(most)}"
            raise FunctionTestFailed(says, remedy="Let the test ask for something shorter.")
        if time.monotonic() > end:
            raise TimeoutError
    if answer.length:  # read1 takes an early end for the end
        raise http.client.IncompleteRead(bytes(content), answer.length)
    return bytes(content)
