"""One query to a registry: the digest of an image, or its configuration.

Only HEAD and GET are sent. Sources: OCI distribution-spec, "Pulling manifests"; distribution,
"Token Authentication Specification".
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from lambda_fast_deploy.adapters.aws.registry import MANIFESTS
from lambda_fast_deploy.adapters.docker_config import stored_login
from lambda_fast_deploy.adapters.image_reference import ImageReference, is_loopback
from lambda_fast_deploy.adapters.registry_http import RegistryConnections, RegistryResponse
from lambda_fast_deploy.errors import DeployError, NotFound, Refused, Unavailable, Unreachable

T = TypeVar("T")

_PAUSE = 2.0  # seconds: the longest pause that a registry may request for a retry
_REDIRECTS = 3
_MANIFEST = 4 << 20  # bytes; registries' limit (distribution-spec, "Pushing manifests")
_TOKEN = 1 << 18  # bytes
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_VISIBLE = re.compile(r"[!-~]+")
# Statuses that only mean that HEAD is not supported, not whether the image exists.
_NO_HEAD = {400, 403, 405, 406, 501}
_LOG_IN = (
    "Log in before this step, for example with docker/login-action, so that docker's config.json "
    "contains the password (credential helpers are not run), or set upstream: ignore."
)
_NAME = "Check the name after FROM or --from=."
_IGNORE = "Set upstream: ignore to skip this check."


class RegistryQuery:
    """A query about one image."""

    def __init__(
        self,
        image: ImageReference,
        wire: RegistryConnections,
        pair: Callable[[ImageReference, str], str],
    ) -> None:
        self._image = image
        self._what = f"{image.name}:{image.tag}" if not image.digest else str(image)
        self._wire = wire
        self._pair = pair
        self._authorization = ""
        self._has_waited = False

    def answer(self) -> str:
        """The digest."""
        return self._with_scheme(self._digest)

    def triggers(self, machine: str) -> tuple[str, ...]:
        """The ONBUILD instructions, for one kind of machine."""
        return self._with_scheme(lambda scheme: self._triggers(scheme, machine))

    def _with_scheme(self, ask: Callable[[str], T]) -> T:
        """An answer. As in Docker, a registry on this machine needs no TLS."""
        if is_loopback(self._image.host):
            try:
                return ask("http")
            except Unreachable:
                pass  # a TLS server closes a connection without TLS
            except Refused as refusal:
                if refusal.code != "400":  # or it answers 400
                    raise
        return ask("https")

    def _triggers(self, scheme: str, machine: str) -> tuple[str, ...]:
        start = f"{scheme}://{self._image.host}/v2/{self._image.name}"
        manifest = self._json(f"{start}/manifests/{self._image.digest or self._image.tag}")
        try:
            for each in manifest.get("manifests", ()):
                platform = each.get("platform", {})
                if (platform.get("os"), platform.get("architecture")) == ("linux", machine):
                    manifest = self._json(f"{start}/manifests/{each['digest']}")
                    break
            configuration = self._json(f"{start}/blobs/{manifest['config']['digest']}")
            instructions = configuration.get("config", {}).get("OnBuild") or ()
            return tuple(str(each) for each in instructions)
        except (LookupError, TypeError, AttributeError):
            says = f"{self._image.registry} has no readable configuration of {self._what}"
            raise Refused(says) from None

    def _json(self, url: str) -> Any:
        """The JSON at an address; a digest in the address is verified."""
        answer = self._manifest("GET", url)
        if answer.status != 200:
            raise self._refusal(answer)
        expected, sha256 = url.rpartition("/")[2], hashlib.sha256(answer.body).hexdigest()
        if len(answer.body) > _MANIFEST or (":" in expected and expected != f"sha256:{sha256}"):
            raise self._refused(answer, "answered with other content")
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._refused(answer, "did not answer with JSON") from None

    def _digest(self, scheme: str) -> str:
        url = f"{scheme}://{self._image.host}/v2/{self._image.name}/manifests/{self._image.tag}"
        answer = self._manifest("HEAD", url)
        digest = answer.headers.get("Docker-Content-Digest", "")
        if answer.status == 200 and _DIGEST.fullmatch(digest):
            return digest
        if answer.status == 200 or answer.status in _NO_HEAD:
            answer = self._manifest("GET", url)
        if answer.status != 200:
            raise self._refusal(answer)
        if len(answer.body) > _MANIFEST or not _is_manifest(answer.body):
            raise self._refused(answer, "did not answer with a manifest")
        return f"sha256:{hashlib.sha256(answer.body).hexdigest()}"

    def _manifest(self, method: str, url: str) -> RegistryResponse:
        """The manifest, or its headers; logs in if the registry requires it."""
        answer, is_its_own = self._followed(method, url)
        if answer.status == 401 and is_its_own and not self._authorization:
            self._authorization = self._authorized(answer, url)
            if self._authorization:
                answer, _ = self._followed(method, url)
        return answer

    def _followed(self, method: str, url: str) -> tuple[RegistryResponse, bool]:
        """The answer after redirects, and whether it is still the registry's own.

        The login is for the registry alone: no other host gets it, nor decides where it is sent.
        """
        address = url
        for _ in range(_REDIRECTS + 1):
            is_its_own = urlsplit(address)[:2] == urlsplit(url)[:2]
            headers = {"Accept": ", ".join(MANIFESTS)}
            if is_its_own and self._authorization:
                headers["Authorization"] = self._authorization
            answer = self._ask(method, address, headers, _MANIFEST)
            leads_to = answer.headers.get("Location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not leads_to:
                return answer, is_its_own
            address = urljoin(address, leads_to)
            if not _is_safe(address, url):
                break
        raise self._refused(answer, "redirected too often, or to an unsafe address")

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], most: int
    ) -> RegistryResponse:
        """An answer; after 429 a second one, if the registry requests a short pause only."""
        answer = self._wire.ask(method, url, headers, most)
        pause = answer.headers.get("Retry-After", "")
        if answer.status != 429 or self._has_waited or not re.fullmatch("[0-9]{1,3}", pause):
            return answer
        if int(pause) > min(_PAUSE, self._wire.left):
            return answer
        self._has_waited = True
        time.sleep(int(pause))
        return self._wire.ask(method, url, headers, most)

    def _authorized(self, answer: RegistryResponse, url: str) -> str:
        """The ``Authorization`` that a registry requires; ``""`` if none is available."""
        for challenge in answer.challenges:
            scheme, _, parameters = challenge.partition(" ")
            try:
                asked_for = parse_keqv_list(parse_http_list(parameters))
            except ValueError:
                continue
            service = asked_for.get("service", "")
            if scheme.lower() == "basic":
                pair = self._pair(self._image, service)
                return f"Basic {pair}" if pair else ""
            if scheme.lower() == "bearer":
                return f"Bearer {self._token(asked_for, url)}"
        return ""

    def _token(self, asked_for: Mapping[str, str], url: str) -> str:
        """A token for reading the image, from the service that its registry names."""
        realm = asked_for.get("realm", "")
        if not _is_safe(realm, url):
            raise Refused(
                f"{self._image.registry} requires a login at an unsafe address, for {self._what}",
                remedy=_IGNORE,
            )
        query = {"scope": asked_for.get("scope") or f"repository:{self._image.name}:pull"}
        if service := asked_for.get("service"):
            query["service"] = service
        realm += ("&" if "?" in realm else "?") + urlencode(query)
        pair = stored_login(self._image.registry)
        headers = {"Authorization": f"Basic {pair}"} if pair else {}
        answer = self._ask("GET", realm, headers, _TOKEN)
        if answer.status != 200:
            raise self._refusal(answer, of_token=True)
        try:
            document = json.loads(answer.body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, RecursionError, AttributeError):
            token = None
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            raise self._refused(answer, "gave no token")
        return token

    def _refusal(self, answer: RegistryResponse, *, of_token: bool = False) -> DeployError:
        """The error of a status."""
        registry, code = self._image.registry, str(answer.status)
        if answer.status == 404 and not of_token:
            return NotFound(f"{registry} has no image {self._what} (404)", code=code, remedy=_NAME)
        if answer.status == 429:
            says = f"{registry} limits requests from this address (429), for {self._what}"
            return Unavailable(says, code=code, remedy=_LOG_IN)
        if answer.status >= 500:
            says = f"{registry} failed ({code}) when asked for {self._what}"
            return Unavailable(says, code=code, remedy=_IGNORE)
        if answer.status in (401, 403):
            says = f"{registry} has no image {self._what}, or refuses access to it ({code})"
            return Refused(says, code=code, remedy=_LOG_IN)
        return self._refused(answer, "did not answer with a manifest")

    def _refused(self, answer: RegistryResponse, what: str) -> Refused:
        says = f"{self._image.registry} {what} ({answer.status}) when asked for {self._what}"
        return Refused(says, code=str(answer.status), remedy=_IGNORE)


def _is_safe(url: str, of_registry: str) -> bool:
    """Whether a registry may send this process to an address: with TLS, or on this machine."""
    try:
        scheme, host, *_ = urlsplit(url)
        is_for_registry = not urlsplit(url).username and bool(urlsplit(url).hostname)
    except ValueError:
        return False
    if not is_for_registry or not _VISIBLE.fullmatch(url):
        return False
    is_plain = scheme == "http" and of_registry.startswith("http:") and is_loopback(host)
    return scheme == "https" or is_plain


def _is_manifest(body: bytes) -> bool:
    """Whether this is a manifest or an index, not some page (OCI image-spec)."""
    try:
        return bool(json.loads(body)["schemaVersion"] == 2)
    except (ValueError, RecursionError, LookupError, TypeError):
        return False
