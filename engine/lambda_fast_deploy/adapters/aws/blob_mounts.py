"""Blobs that a repository gets from another one of the same registry, instead of an upload.

ECR's API has no call for this, but its registry protocol has. ECR mounts a blob only if the
registry's setting ``BLOB_MOUNTING`` allows it and an image of the other repository has the blob.
Sources: OCI distribution-spec, "Mounting a blob from another repository"; ECR user guide, "Blob
mounting in Amazon ECR"; containers-roadmap, issue 2860.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlencode

from lambda_fast_deploy.adapters.aws.image_blobs import Blob
from lambda_fast_deploy.adapters.aws.registry import Login, Registry
from lambda_fast_deploy.adapters.image_reference import is_loopback
from lambda_fast_deploy.adapters.registry_http import RegistryConnections
from lambda_fast_deploy.errors import DeployError, NotFound
from lambda_fast_deploy.units import MIB

_WORTH = 5 * MIB  # bytes; a smaller blob is uploaded in less time than a login takes
_SECONDS = 10.0  # for an answer
_MOST = 1 << 16  # bytes of an answer
_MOUNTED = 201  # any other status is that of an upload that begins, or a refusal


class BlobMounts:
    """Mounts of blobs of some repositories; after the first one that fails there are no others."""

    def __init__(self, registry: Registry, sources: Collection[str]) -> None:
        """Take the registry of a region, and the names of the repositories that may have blobs."""
        self._registry = registry
        self._sources = sorted(sources)
        self._login: Login | None = None
        self._are_allowed = True
        self._lock = threading.Lock()

    def mount(self, repository: str, blob: Blob) -> bool:
        """Whether a repository has got a blob from another one, which is tried for large ones.

        An error only means that the blob must be uploaded.
        """
        if blob.size < _WORTH:
            return False
        with self._lock:
            try:
                source = self._source(repository, blob) if self._are_allowed else ""
                if not source:
                    return False
                self._are_allowed = self._mounted(repository, blob.digest, source)
            except DeployError:
                self._are_allowed = False
            return self._are_allowed

    def _source(self, repository: str, blob: Blob) -> str:
        """A repository that has a blob, or ``""``."""
        for name in self._sources:
            with suppress(NotFound):  # another run step may create it
                if name != repository and not self._registry.blobs.missing(name, [blob.digest]):
                    return name
        return ""

    def _mounted(self, repository: str, digest: str, source: str) -> bool:
        login = self._login = self._login or self._registry.login()
        pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        scheme = "http" if is_loopback(login.host) else "https"
        query = urlencode({"mount": digest, "from": source})
        url = f"{scheme}://{login.host}/v2/{repository}/blobs/uploads/?{query}"
        wire = RegistryConnections(_SECONDS)
        return wire.ask("POST", url, {"Authorization": f"Basic {pair}"}, _MOST).status == _MOUNTED
