"""The names of images, parsed as Docker does it.

Source: the grammar and the defaults of the reference implementation (distribution/reference).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from lambda_fast_deploy.errors import Invalid, Place, Problem

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}")
_LONGEST = 255  # characters of a name
_HUB = "docker.io"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in a registry: ``docker.io``, ``library/python``, and a tag or a digest."""

    registry: str
    name: str
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}" + (
            f"@{self.digest}" if self.digest else f":{self.tag}"
        )

    @property
    def host(self) -> str:
        """The host of the registry; Docker Hub's differs from its name."""
        return "registry-1.docker.io" if self.registry == _HUB else self.registry


def reference(text: str) -> ImageReference:
    """Parse the name of an image; Docker Hub and the tag ``latest`` are the defaults.

    Raises:
        Invalid: it is not the name of an image.
    """
    rest, is_pinned, digest = text.partition("@")
    first, slash, others = rest.partition("/")
    # Docker Hub has namespaces in place of a host: a host has a dot, a port or a capital.
    if slash and (re.search("[.:A-Z]", first) or first == "localhost"):
        registry, rest = first, others
    else:
        registry = _HUB
    registry = _HUB if registry == f"index.{_HUB}" else registry
    name, has_tag, tag = rest.partition(":")
    name = f"library/{name}" if registry == _HUB and "/" not in name else name
    is_sound = (
        _HOST.fullmatch(registry)
        and _NAME.fullmatch(name)
        and len(f"{registry}/{name}") <= _LONGEST
        and (not has_tag or _TAG.fullmatch(tag))
        and (not is_pinned or _DIGEST.fullmatch(digest))
    )
    if not is_sound:
        raise Invalid([Problem("is not the name of an image", Place(text))])
    return ImageReference(registry, name, tag or "latest", digest)


def registry_of(text: str) -> str:
    """The registry of an image, even if its name is invalid."""
    try:
        return reference(text).registry
    except Invalid:
        return text.partition("/")[0]


def is_loopback(host: str) -> bool:
    """Whether a host, with or without its port, is this machine."""
    name = re.sub(r":[0-9]+$", "", host).strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
