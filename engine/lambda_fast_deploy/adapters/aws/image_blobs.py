"""Layers and configurations of images, by ECR's API alone: neither Docker nor a login is needed.

A blob is part of no image until a manifest with its digest is put, and ECR may remove it before
that (API: ``LayerInaccessibleException``). A repository therefore never has half an image.

Source: Amazon ECR API reference and botocore's model of ECR: InitiateLayerUpload,
UploadLayerPart, CompleteLayerUpload, BatchCheckLayerAvailability, GetDownloadUrlForLayer.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.responses import not_understood
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.adapters.registry_http import RegistryConnections
from lambda_fast_deploy.errors import Refused, Unavailable, Unreachable

_BATCH = 100  # digests of one call (API: BatchCheckLayerAvailability)
_PARALLEL = 4  # uploads; the parts of each must arrive in order (API: UploadLayerPart)
_ATTEMPTS = 3
_SECONDS = 60.0  # for a download
# An upload that begins anew can succeed after these errors: ECR no longer knows the upload, or
# parts of it were damaged or lost.
_BEGIN_ANEW = {
    "UploadNotFoundException",
    "InvalidLayerException",
    "InvalidLayerPartException",
    "EmptyUploadException",
    "LayerPartTooSmallException",
}


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes to upload, in memory or in a file; ``open`` returns a new stream of them.

    ``digest`` is that of its bytes (``sha256:…``), and ``size`` their number.
    """

    digest: str
    size: int
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)

    @classmethod
    def of(cls, content: bytes) -> Blob:
        """The blob of some bytes."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return cls(digest, len(content), partial(io.BytesIO, content))


class ImageBlobs:
    """The blobs in the repositories of one region; ``owner`` names another account, if any."""

    def __init__(self, aws: Aws, region: str, owner: Mapping[str, Any] | None = None) -> None:
        self._aws = aws
        self._region = region
        self._owner = owner or {}

    def _call(self, operation: str, repository: str, **parameters: Any) -> Any:
        named = {"repositoryName": repository, **parameters, **self._owner}
        return self._aws.call(self._region, "ecr", operation, **named)

    def read(self, repository: str, digest: str, most: int) -> bytes:
        """A blob, whose digest is verified (API: ``GetDownloadUrlForLayer``).

        Args:
            repository: the name of its repository.
            digest: its digest.
            most: limit on its bytes.

        Raises:
            NotFound: the repository does not have it.
            Unreachable: it cannot be downloaded, or ECR gave no address for it.
            Unavailable: its storage failed.
            Refused: its storage refused it, or it is longer, or has another digest.
        """
        location = self._call("get_download_url_for_layer", repository, layerDigest=digest)
        what = f"{repository}@{digest}"
        if not location["downloadUrl"].startswith(("https://", "http://")):
            raise not_understood("ecr:GetDownloadUrlForLayer", "its downloadUrl is not an address")
        return retry.again(
            lambda: _download(location["downloadUrl"], what, digest, most),
            (Unreachable, Unavailable),
            attempts=_ATTEMPTS,
        )

    def missing(self, repository: str, digests: Iterable[str]) -> frozenset[str]:
        """The blobs that a repository does not have (API: ``BatchCheckLayerAvailability``)."""
        asked = list(dict.fromkeys(digests))
        there: set[str] = set()
        for start in range(0, len(asked), _BATCH):
            answer = self._call(
                "batch_check_layer_availability",
                repository,
                layerDigests=asked[start : start + _BATCH],
            )
            layers = answer.get("layers", ())
            there |= {
                each["layerDigest"] for each in layers if each["layerAvailability"] == "AVAILABLE"
            }
        return frozenset(asked) - there

    def push(
        self,
        repository: str,
        blobs: Collection[Blob],
        advance: Callable[[int, int], None],
        check: Callable[[], None],
        *,
        ask: bool = True,
        mount: Callable[[str, Blob], bool] = lambda _repository, _blob: False,
    ) -> int:
        """Upload the blobs that a repository does not have, several in parallel.

        Args:
            repository: the name of an existing repository.
            blobs: what it must have.
            advance: receives the bytes sent, and those to send, after each part.
            check: is called before each part, and may raise to give up.
            ask: whether to ask which blobs it has. That takes as long as to send a small one.
            mount: tries to get a blob for the repository without an upload.

        Returns:
            The bytes that were uploaded.

        Raises:
            Refused: ECR refused a blob.
            DeployError: as ``Aws.call``.
        """
        absent = {blob.digest: blob for blob in blobs}
        if ask:
            missing = self.missing(repository, absent)
            absent = {digest: blob for digest, blob in absent.items() if digest in missing}
        uploads = list(absent.values())
        progress = _Progress(sum(blob.size for blob in uploads), advance)

        def upload(blob: Blob) -> int:
            reached = partial(progress.reached, blob.digest)
            if mount(repository, blob):
                reached(blob.size)
                return 0
            self._upload(repository, blob, reached, check)
            return blob.size

        return sum(together(upload, uploads, _PARALLEL)) if uploads else 0

    def _upload(
        self, repository: str, blob: Blob, reached: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        """Upload a blob; begins anew if ECR has lost the upload, or received damaged parts."""
        for attempt in range(1, _ATTEMPTS + 1):
            check()
            try:
                self._attempt(repository, blob, reached, check)
            except Refused as refusal:
                if refusal.code == "LayerAlreadyExistsException":
                    return  # another run, or an attempt whose answer was lost
                if refusal.code not in _BEGIN_ANEW:
                    raise
                if not self.missing(repository, [blob.digest]):
                    return
                if attempt == _ATTEMPTS:
                    raise
            else:
                return

    def _attempt(
        self, repository: str, blob: Blob, reached: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        begun = self._call("initiate_layer_upload", repository)
        upload = {"uploadId": begun["uploadId"]}
        first = 0
        with blob.open() as content:
            while first < blob.size:
                check()
                content.seek(first)
                part = content.read(begun["partSize"])
                first = self._part(repository, upload, first, part)
                reached(first)
        self._call("complete_layer_upload", repository, layerDigests=[blob.digest], **upload)

    def _part(self, repository: str, upload: dict[str, str], first: int, part: bytes) -> int:
        """Upload a part; returns the position after the last byte that ECR has.

        A part that ECR already has, since the answer to it was lost, is not consecutive to itself.
        ECR then says which byte is its last.
        """
        try:
            self._call(
                "upload_layer_part",
                repository,
                partFirstByte=first,
                partLastByte=first + len(part) - 1,
                layerPartBlob=part,
                **upload,
            )
        except Refused as refusal:
            resumed = int(refusal.members.get("lastValidByteReceived", -1)) + 1
            if refusal.code != "InvalidLayerPartException" or resumed <= first:
                raise
            return resumed
        return first + len(part)


def _download(url: str, what: str, digest: str, most: int) -> bytes:
    """What is at an address of ECR's storage, which is signed and so appears in no message."""
    answer = RegistryConnections(_SECONDS).ask("GET", url, {}, most)
    if answer.status != 200:
        kind = Unavailable if answer.status >= 500 else Refused
        raise kind(f"the storage of ECR refused {what} ({answer.status})", code=str(answer.status))
    if len(answer.body) > most:
        raise Refused(f"{what} is longer than {units.size(most)}")
    if Blob.of(answer.body).digest != digest:
        raise Refused(f"the storage of ECR has other content for {what}")
    return answer.body


class _Progress:
    """The bytes sent of several uploads."""

    def __init__(self, total: int, advance: Callable[[int, int], None]) -> None:
        self.total = total
        self._advance = advance
        self._sent: dict[str, int] = {}
        self._lock = threading.Lock()

    def reached(self, digest: str, position: int) -> None:
        """Note how far an upload is; one that begins anew starts from zero."""
        with self._lock:
            self._sent[digest] = position
            sent = sum(self._sent.values())
        self._advance(sent, self.total)
