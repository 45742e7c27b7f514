"""Plain HTTP, for the addresses of functions."""

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

# Lambda's limit for answers is 6 MB, and API Gateway's 10 MB (Lambda quotas, "Function
# configuration, deployment, and execution"; API Gateway quotas); streams may be longer, but no
# test reads that much.
LARGEST = 20_000_000  # bytes
PIECE = 65_536  # bytes per read


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer.

    ``seconds`` is the time until its last byte. ``location`` is the target of a redirect.
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
    """Send one request as it is; every status is an answer.

    A redirect is an answer too and is not followed: the headers are for this address only. The
        proxy
    of this machine is used (HTTPS_PROXY, HTTP_PROXY; NO_PROXY).

    Args:
        method: such as GET.
        url: the address, of HTTP or HTTPS.
        body: the body.
        headers: of the request.
        timeout: seconds without data, and for the whole body.
        most: limit on the bytes of the answer's body.

    Raises:
        FunctionTestFailed: there was no answer, or it is not HTTP or longer than ``most``.
    """
    if not url.startswith(("https://", "http://")):
        raise FunctionTestFailed(f"{shown(url)} is not an HTTP address")
    what = f"{method} {shown(url)}"
    begun = time.monotonic()
    try:
        connection, target, more = _connection(urlsplit(url), url, timeout)
        with closing(connection):
            all_headers = {"User-Agent": "lambda-fast-deploy", **more, **(headers or {})}
            connection.request(method, target, body or None, all_headers)
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
    """An address without possible secrets: its query, its fragment, a user and a password."""
    scheme, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    parts = f"{scheme}{slashes}{host}{slash}{path}"
    short = parts.partition("#")[0].partition("?")[0]
    return short if short == parts else f"{short}?…"


def _connection(
    parts: SplitResult, url: str, timeout: float
) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """A connection to an address, the request target on it, and headers for a proxy."""
    host = parts.hostname or ""
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    is_open = parts.scheme == "http"
    kind = http.client.HTTPConnection if is_open else _secure
    if not (proxy := proxy_for(url)):
        return kind(host, parts.port, timeout=timeout), target, {}
    through = urlsplit(proxy)
    login = _login(through)
    connection = kind(through.hostname or "", through.port or 80, timeout=timeout)
    if is_open:
        return connection, url.partition("#")[0], login
    connection.set_tunnel(host, parts.port or 443, login)
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
        FunctionTestFailed: it is longer than ``most`` bytes.
        TimeoutError: ``end``, a time of ``time.monotonic``, has passed.
        http.client.IncompleteRead: it is incomplete.
    """
    content = bytearray()
    while piece := answer.read1(PIECE):
        content += piece
        if len(content) > most:
            says = f"{what} answered {answer.status} with more than {units.megabytes(most)}"
            raise FunctionTestFailed(says, remedy="Request a shorter answer in the test.")
        if time.monotonic() > end:
            raise TimeoutError
    if answer.length:  # read1 does not notice an early end
        raise http.client.IncompleteRead(bytes(content), answer.length)
    return bytes(content)
