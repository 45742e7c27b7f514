"""One question to a registry: which image a name stands for, or what its configuration says.

Nothing but HEAD and GET is sent. Sources: OCI distribution-spec, "Pulling manifests"; distribution,
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

_PAUSE = 2.0  # seconds that a registry may ask for before it is asked once more
_REDIRECTS = 3
_MANIFEST = 4 << 20  # bytes; what registries take at most (distribution-spec, "Pushing manifests")
_TOKEN = 1 << 18  # bytes
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_VISIBLE = re.compile(r"[!-~]+")
# A registry says so of HEAD alone; whether the image is there is not told by it.
_NO_HEAD = {400, 403, 405, 406, 501}
_LOG_IN = (
    "Let a step such as docker/login-action log in before this one, so that docker's config.json "
    "holds the password itself (credential helpers are not run), or say upstream: ignore."
)
_NAME = "Check the name after FROM or --from=."
_IGNORE = "Say upstream: ignore if it shall not be asked."


class RegistryQuery:
    """The way to one image's digest."""

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
        return self._asked(self._digest)

    def triggers(self, machine: str) -> tuple[str, ...]:
        """What ONBUILD lets others do, on one kind of machine."""
        return self._asked(lambda scheme: self._triggers(scheme, machine))

    def _asked(self, ask: Callable[[str], T]) -> T:
        """An answer. As in Docker, a registry on this machine itself needs no TLS."""
        if is_loopback(self._image.host):
            try:
                return ask("http")
            except Unreachable:
                pass  # a server that wants TLS ends a connection without
            except Refused as refusal:
                if refusal.code != "400":  # or answers this
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
            found = configuration.get("config", {}).get("OnBuild") or ()
            return tuple(str(each) for each in found)
        except (LookupError, TypeError, AttributeError):
            says = f"{self._image.registry} has no configuration of {self._what} that can be read"
            raise Refused(says) from None

    def _json(self, url: str) -> Any:
        """What is behind an address; what a digest names must have it."""
        answer = self._manifest("GET", url)
        if answer.status != 200:
            raise self._refusal(answer)
        named, sha256 = url.rpartition("/")[2], hashlib.sha256(answer.body).hexdigest()
        if len(answer.body) > _MANIFEST or (":" in named and named != f"sha256:{sha256}"):
            raise self._refused(answer, "answers something else")
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._refused(answer, "answers what is no JSON") from None

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
            raise self._refused(answer, "answers what is no manifest")
        return f"sha256:{hashlib.sha256(answer.body).hexdigest()}"

    def _manifest(self, method: str, url: str) -> RegistryResponse:
        """The manifest or what is told of it, logged in where that is asked for."""
        answer, is_its_own = self._followed(method, url)
        if answer.status == 401 and is_its_own and not self._authorization:
            self._authorization = self._authorized(answer, url)
            if self._authorization:
                answer, _ = self._followed(method, url)
        return answer

    def _followed(self, method: str, url: str) -> tuple[RegistryResponse, bool]:
        """The answer at the end of redirects, and whether it is still the registry's own.

        Its log-in is for the registry alone: no other host sees it, nor says where it goes.
        """
        asked = url
        for _ in range(_REDIRECTS + 1):
            is_its_own = urlsplit(asked)[:2] == urlsplit(url)[:2]
            headers = {"Accept": ", ".join(MANIFESTS)}
            if is_its_own and self._authorization:
                headers["Authorization"] = self._authorization
            answer = self._ask(method, asked, headers, _MANIFEST)
            leads_to = answer.headers.get("Location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not leads_to:
                return answer, is_its_own
            asked = urljoin(asked, leads_to)
            if not _is_safe(asked, url):
                break
        raise self._refused(answer, "leads to where it is not followed")

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], most: int
    ) -> RegistryResponse:
        """An answer; after 429 a second one, if the registry asks for a short pause only."""
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
        """What a registry wants to see in ``Authorization``; nothing if it cannot be had."""
        for challenge in answer.challenges:
            scheme, _, said = challenge.partition(" ")
            try:
                asked_for = parse_keqv_list(parse_http_list(said))
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
                f"{self._image.registry} wants a log-in where none is sent, for {self._what}",
                remedy=_IGNORE,
            )
        wanted = {"scope": asked_for.get("scope") or f"repository:{self._image.name}:pull"}
        if service := asked_for.get("service"):
            wanted["service"] = service
        realm += ("&" if "?" in realm else "?") + urlencode(wanted)
        pair = stored_login(self._image.registry)
        headers = {"Authorization": f"Basic {pair}"} if pair else {}
        answer = self._ask("GET", realm, headers, _TOKEN)
        if answer.status != 200:
            raise self._refusal(answer, of_token=True)
        try:
            found = json.loads(answer.body)
            token = found.get("token") or found.get("access_token")
        except (ValueError, RecursionError, AttributeError):
            token = None
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            raise self._refused(answer, "gives no token")
        return token

    def _refusal(self, answer: RegistryResponse, *, of_token: bool = False) -> DeployError:
        """The error that a status stands for."""
        registry, code = self._image.registry, str(answer.status)
        if answer.status == 404 and not of_token:
            return NotFound(f"{registry} has no image {self._what} (404)", code=code, remedy=_NAME)
        if answer.status == 429:
            says = f"{registry} has been asked too much from this address (429) for {self._what}"
            return Unavailable(says, code=code, remedy=_LOG_IN)
        if answer.status >= 500:
            says = f"{registry} failed ({code}) when it was asked for {self._what}"
            return Unavailable(says, code=code, remedy=_IGNORE)
        if answer.status in (401, 403):
            says = f"{registry} has no image {self._what}, or does not let it be read ({code})"
            return Refused(says, code=code, remedy=_LOG_IN)
        return self._refused(answer, "did not answer with a manifest")

    def _refused(self, answer: RegistryResponse, what: str) -> Refused:
        says = f"{self._image.registry} {what} ({answer.status}) when asked for {self._what}"
        return Refused(says, code=str(answer.status), remedy=_IGNORE)


def _is_safe(url: str, of_registry: str) -> bool:
    """Whether a registry may send us to an address: over TLS, or within this machine itself."""
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
    """Whether this is a manifest or an index, and not some page (OCI image-spec)."""
    try:
        return bool(json.loads(body)["schemaVersion"] == 2)
    except (ValueError, RecursionError, LookupError, TypeError):
        return False
