"""Requests to registries: no redirects, one deadline for all, and answers of limited size."""

from __future__ import annotations

import functools
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.image_reference import is_loopback
from lambda_fast_deploy.errors import Unreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """An HTTP answer. ``body`` is cut at the requested limit."""

    status: int
    headers: Mapping[str, str]
    challenges: tuple[str, ...]
    body: bytes


def within(seconds: float, what: str, work: Callable[[], T]) -> T:
    """The result of an operation, or an error after ``seconds``.

    Raises:
        Unreachable: ``what`` took longer.
    """
    try:
        return Deadline.after(seconds).bound(work)
    except OutOfTime:
        raise Unreachable(f"{what} gave no answer within {seconds:.0f} seconds") from None


class RegistryConnections:
    """Connections for the duration of one query."""

    def __init__(self, seconds: float) -> None:
        """Take the time limit for all requests."""
        self._end = time.monotonic() + seconds
        self._pools: dict[str, urllib3.PoolManager] = {}

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self._end - time.monotonic()

    def ask(self, method: str, url: str, headers: Mapping[str, str], most: int) -> RegistryResponse:
        """Send a request; every status is an answer, of which ``most`` bytes are read.

        Raises:
            Unreachable: there was no answer, or it cannot be read.
        """
        try:
            return self._ask(method, url, headers, most)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            host = urlsplit(url).netloc
            raise Unreachable(f"{host} cannot be reached: {_reason(error)}") from None

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], most: int
    ) -> RegistryResponse:
        answer = self._pool(url).request(
            method,
            url,
            headers={
                "User-Agent": "lambda-fast-deploy",
                "Accept-Encoding": "identity",
                **headers,
            },
            timeout=urllib3.Timeout(total=max(self.left, 0.001)),
            redirect=False,
            retries=False,
            preload_content=False,
        )
        body = answer.read(most + 1, decode_content=False)
        if len(body) > most:
            answer.close()
        else:
            answer.release_conn()
        challenges = tuple(answer.headers.getlist("WWW-Authenticate"))
        return RegistryResponse(answer.status, answer.headers, challenges, body)

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Connections to a host, by this machine's proxy for it, if any."""
        scheme, proxy = urlsplit(url).scheme, proxy_for(url)
        if f"{scheme} {proxy}" not in self._pools:
            context = trust() if scheme == "https" else None
            self._pools[f"{scheme} {proxy}"] = (
                _through(proxy, context) if proxy else urllib3.PoolManager(ssl_context=context)
            )
        return self._pools[f"{scheme} {proxy}"]


def proxy_for(url: str) -> str:
    """This machine's proxy for an external address, or ``""``."""
    scheme, host, *_ = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _through(proxy: str, context: ssl.SSLContext | None) -> urllib3.PoolManager:
    user = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, ssl_context=context)


def trust() -> ssl.SSLContext:
    """The certificates that this machine trusts (SSL_CERT_FILE), and those for its AWS tools.

    Raises:
        Unreachable: AWS_CA_BUNDLE has no certificates.
    """
    own = tuple(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return _trusted(os.environ.get("AWS_CA_BUNDLE"), own)


@functools.cache  # reading them takes longer than a request
def _trusted(bundle: str | None, _own: tuple[str | None, ...]) -> ssl.SSLContext:
    """The certificates; OpenSSL itself reads the other variables."""
    context = ssl.create_default_context()
    if bundle:
        try:
            context.load_verify_locations(bundle)
        except OSError as error:
            says = f"AWS_CA_BUNDLE names {bundle}, which cannot be read: {error.strerror}"
            raise Unreachable(says) from None
    return context


def _reason(error: Exception) -> str:
    """Why there was no answer, in words without the addresses of objects and proxies."""
    if isinstance(error, urllib3.exceptions.ProxyError):
        return "the proxy of this machine (HTTPS_PROXY) refused the connection"
    if isinstance(error, urllib3.exceptions.LocationValueError):
        return "its address, or that of this machine's proxy (HTTPS_PROXY), is not usable"
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its name cannot be resolved"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return str(error).rpartition("] ")[2] or "no connection"
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return "no answer in time"
    if isinstance(error, (urllib3.exceptions.SSLError, ssl.SSLError)):
        return str(error).rpartition(": ")[2].partition(" (")[0]
    return "its answer cannot be read"
