"""Blobs of ECR's repositories: uploads by the API, mounts, and the end of what no image has.

Docker's side (/v2/...) and the API share one store. Sources: Amazon ECR API reference
(InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload, GetDownloadUrlForLayer,
PutAccountSetting); botocore's model of ECR; ECR user guide, "Blob mounting in Amazon ECR";
containers-roadmap, issue 2860.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, new_uuid
from ministack.services import ecr

from lab.emulator.actions import Need
from lab.emulator.answers import Answer, failure, success
from lab.emulator.permissions import allows

_SMALLEST = 5 << 20  # bytes of a part that is not the last
_LARGEST = 20_971_520  # bytes of a part
_EXPECTED = 10 << 20  # bytes of a part
_MOUNTING = "BLOB_MOUNTING"

_contents: dict[str, bytes] = {}  # each blob once, however many repositories have it
_uploads = AccountRegionScopedDict()  # the parts received, by repository and upload
_settings = AccountRegionScopedDict()
_v2_start_blob_upload = ecr._v2_start_blob_upload


class _Repository(dict[str, bytes]):
    """The blobs of a repository by their digests."""

    def __setitem__(self, digest: str, content: bytes) -> None:
        super().__setitem__(digest, _contents.setdefault(digest, content))


class _Registry(AccountRegionScopedDict):  # type: ignore[misc]
    """The blobs of repositories, by their names."""

    def setdefault(self, name: str, blobs: dict[str, bytes]) -> Any:
        """The blobs of a repository."""
        return super().setdefault(name, _Repository(blobs))


def initiate_layer_upload(request: dict[str, Any]) -> Answer:
    """InitiateLayerUpload: an id, and the size that parts should have."""
    name = request.get("repositoryName", "")
    if name not in ecr._repositories:
        return no_repository(name)
    upload = new_uuid()
    _uploads.setdefault(name, {})[upload] = []
    return success({**_which(name, upload), "partSize": _EXPECTED})


def upload_layer_part(request: dict[str, Any]) -> Answer:
    """UploadLayerPart takes parts in order, none of them twice."""
    name, upload = request.get("repositoryName", ""), request.get("uploadId", "")
    parts: list[bytes] | None = _uploads.get(name, {}).get(upload)
    if name not in ecr._repositories:
        return no_repository(name)
    if parts is None:
        return _no_upload(name, upload)
    content = base64.b64decode(request.get("layerPartBlob", ""))
    first, last = request.get("partFirstByte", 0), request.get("partLastByte", 0)
    if len(content) > _LARGEST:
        return _invalid(f"'layerPartBlob' has {len(content)} bytes, more than {_LARGEST}")
    received = sum(map(len, parts))
    if first != received or last != first + len(content) - 1:
        return failure(
            "InvalidLayerPartException",
            f"Layer part with first byte '{first}' and last byte '{last}' is not valid: "
            f"{received} bytes were received",
            **_which(name, upload),
            lastValidByteReceived=max(received - 1, 0),
        )
    parts.append(content)
    return success({**_which(name, upload), "lastByteReceived": last})


def complete_layer_upload(request: dict[str, Any]) -> Answer:
    """CompleteLayerUpload: parts of 5 MiB at least but for the last, and the digest of them all."""
    name, upload = request.get("repositoryName", ""), request.get("uploadId", "")
    if name not in ecr._repositories:
        return no_repository(name)
    parts: list[bytes] | None = _uploads.get(name, {}).get(upload)
    if parts is None:
        return _no_upload(name, upload)
    if not parts:
        return failure("EmptyUploadException", f"Upload '{upload}' does not contain any parts")
    if any(len(part) < _SMALLEST for part in parts[:-1]):
        return failure("LayerPartTooSmallException", f"Layer parts must be at least {_SMALLEST} B")
    content = b"".join(parts)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    _uploads[name].pop(upload)
    if digest not in request.get("layerDigests", []):
        return failure("InvalidLayerException", f"The digest of the layer is '{digest}'")
    blobs = ecr._layer_blobs.setdefault(name, {})
    if digest in blobs:
        return failure("LayerAlreadyExistsException", f"Layer with digest '{digest}' exists")
    blobs[digest] = content
    return success({**_which(name, upload), "layerDigest": digest})


def absent(name: str, manifest: dict[str, Any]) -> list[str]:
    """The blobs of an image that its repository does not have."""
    there = ecr._layer_blobs.get(name, {})
    return sorted(digest for digest in _listed(manifest) if digest not in there)


def remove(name: str, images: Iterable[dict[str, Any]]) -> None:
    """Remove the manifests of deleted images, and the blobs that no image of theirs has any more.

    ECR may do so at any time (API: ``LayerInaccessibleException``).
    """
    for image in images:
        ecr._manifest_blobs.get(name, {}).pop(image["imageDigest"], None)
        for digest in _listed(_manifest(image)) - _used(name):
            ecr._layer_blobs.get(name, {}).pop(digest, None)


def v2_start_blob_upload(name: str, query: dict[str, Any], body: bytes) -> Answer:
    """A mount of another repository's blob, if the registry allows it, and an image there has it.

    Anything else is answered as if the mount had not been asked for.
    """
    digest, source = query.get("mount", [""])[0], query.get("from", [""])[0]
    readable = Need("ecr:GetDownloadUrlForLayer", ecr._repo_arn(source))
    mounts = _settings.get(_MOUNTING) == "ENABLED" and digest in _used(source) and allows(readable)
    if not mounts:
        query = {key: value for key, value in query.items() if key not in ("mount", "from")}
    answer: Answer = _v2_start_blob_upload(name, query, body)
    return answer


def no_repository(name: str) -> Answer:
    """The error about a repository that does not exist."""
    message = f"The repository with name '{name}' does not exist"
    return failure("RepositoryNotFoundException", message)


def _which(name: str, upload: str) -> dict[str, Any]:
    return {"registryId": ecr._registry_id(), "repositoryName": name, "uploadId": upload}


def _no_upload(name: str, upload: str) -> Answer:
    message = f"Upload with id '{upload}' in the repository with name '{name}' does not exist"
    return failure("UploadNotFoundException", message)


def _invalid(what: str) -> Answer:
    return failure("InvalidParameterException", f"Invalid parameter: {what}")


def _manifest(image: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(image.get("imageManifest") or "{}")
    return manifest


def _listed(manifest: dict[str, Any]) -> set[str]:
    """The blobs that a manifest lists."""
    parts = [*manifest.get("layers", []), manifest.get("config", {})]
    return {part["digest"] for part in parts if "digest" in part}


def _used(name: str) -> set[str]:
    """The blobs of a repository that an image has."""
    images = ecr._images.get(name, [])
    return {digest for image in images for digest in _listed(_manifest(image))}


def teach() -> None:
    """Replace how MiniStack's ECR takes, mounts and forgets blobs."""
    handle_others = ecr.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Answer:
        """GetAccountSetting and PutAccountSetting, which MiniStack does not know."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in ("GetAccountSetting", "PutAccountSetting"):
            answer: Answer = await handle_others(method, path, headers, body, query)
            return answer
        request = json.loads(body)
        if operation == "PutAccountSetting":
            _settings[request["name"]] = request["value"]
        value = _settings.get(request["name"], "DISABLED")
        return success({"name": request["name"], "value": value})

    ecr._layer_blobs = _Registry()
    ecr.handle_request = handle_request
    ecr._initiate_layer_upload = initiate_layer_upload
    ecr._upload_layer_part = upload_layer_part
    ecr._complete_layer_upload = complete_layer_upload
    ecr._v2_start_blob_upload = v2_start_blob_upload
