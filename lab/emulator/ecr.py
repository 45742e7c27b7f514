"""Amazon ECR's API: what it refuses, and what it reports about images.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from ministack.services import ecr

from lab.emulator import archive, blobs, immutability, permissions
from lab.emulator.answers import Answer, document, failure, success
from lab.emulator.settings import REGISTRY_PASSWORD, REGISTRY_USER, Settings

_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LARGEST_MANIFEST = 4_194_304  # bytes
# ECR user guide, "Container image manifest format support in Amazon ECR"
_KINDS = {
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
}

_create_repository = immutability.create_repository
_describe_images = ecr._describe_images
_batch_delete_image = ecr._batch_delete_image
_put_lifecycle_policy = ecr._put_lifecycle_policy
_put_image = immutability.put_image
_get_authorization_token = ecr._get_authorization_token


def teach(settings: Settings) -> None:
    """Install every behaviour of this module."""

    def repository_uri(name: str) -> str:
        """The address under which any Docker engine on this machine reaches the repository."""
        return f"{settings.address}/{name}"

    def get_authorization_token(request: dict[str, Any]) -> Answer:
        """GetAuthorizationToken: base64 of ``AWS:password`` and the endpoint for docker login."""
        answer = document(_get_authorization_token(request))
        pair = f"{REGISTRY_USER}:{permissions.registry_password()}".encode()
        for entry in answer["authorizationData"]:
            entry["authorizationToken"] = base64.b64encode(pair).decode()
            entry["proxyEndpoint"] = f"http://{settings.address}"
        return success(answer)

    def download_url(request: dict[str, Any]) -> Answer:
        """GetDownloadUrlForLayer: a signed URL, which serves the layer without a login."""
        name, digest = request.get("repositoryName", ""), request.get("layerDigest", "")
        if name not in ecr._repositories:
            return blobs.no_repository(name)
        if digest not in ecr._layer_blobs.get(name, {}):
            return failure("LayersNotFoundException", f"The layer {digest} does not exist")
        signature = f"X-Amz-Signature={REGISTRY_PASSWORD}"
        url = f"http://{settings.address}/v2/{name}/blobs/{digest}?{signature}"
        return success({"downloadUrl": url, "layerDigest": digest})

    ecr._repo_uri = repository_uri
    ecr._get_authorization_token = get_authorization_token
    ecr._get_download_url_for_layer = download_url
    ecr._create_repository = create_repository
    ecr._describe_images = describe_images
    ecr._batch_delete_image = batch_delete_image
    ecr._put_lifecycle_policy = put_lifecycle_policy
    ecr._put_image = put_image
    ecr._v2_put_manifest = v2_put_manifest
    ecr._batch_check_layer_availability = batch_check_layer_availability
    archive.teach()
    blobs.teach()


def image_size(image: dict[str, Any]) -> int:
    """Return the size of an image in bytes as ECR counts it: its layers and its config."""
    try:
        manifest = json.loads(image.get("imageManifest") or "{}")
    except ValueError:
        return 0
    parts = [*manifest.get("layers", []), *manifest.get("manifests", [])]
    parts.append(manifest.get("config", {}))
    return sum(int(part.get("size", 0)) for part in parts)


def create_repository(request: dict[str, Any]) -> Answer:
    """CreateRepository refuses a name outside the documented pattern."""
    if not _NAME.fullmatch(request.get("repositoryName", "")):
        return _invalid("repositoryName", "must satisfy regular expression")
    answer: Answer = _create_repository(request)
    return answer


def describe_images(request: dict[str, Any]) -> Answer:
    """DescribeImages: ImageNotFoundException for an absent image, and real sizes."""
    name = request.get("repositoryName", "")
    for wanted in request.get("imageIds") or [] if name in ecr._repositories else []:
        if not ecr._find_image(name, wanted):
            return failure(
                "ImageNotFoundException",
                "The image with imageId {"
                f"imageDigest:'{wanted.get('imageDigest', 'null')}', "
                f"imageTag:'{wanted.get('imageTag', 'null')}'"
                f"}} does not exist within the repository with name '{name}' "
                f"in the registry with id '{ecr._registry_id()}'",
            )
    answer: Answer = _describe_images(request)
    if answer[0] != 200:
        return answer
    found = document(answer)
    sizes = {image["imageDigest"]: image_size(image) for image in ecr._images.get(name, [])}
    for detail in found["imageDetails"]:
        detail["imageSizeInBytes"] = sizes.get(detail["imageDigest"], 0)
        if not detail.get("imageTags"):
            detail.pop("imageTags", None)
    return success(found)


def batch_delete_image(request: dict[str, Any]) -> Answer:
    """BatchDeleteImage by tag: the image itself goes only with its last tag.

    One that an index lists stays, which is told among the failures (API: ``ImageFailureCode``).
    """
    name = request.get("repositoryName", "")
    untagged, rest, failures = [], [], []
    for wanted in request.get("imageIds", []):
        image = ecr._find_image(name, wanted) if name in ecr._repositories else None
        tag = wanted.get("imageTag")
        if image and tag and not wanted.get("imageDigest") and len(image["imageTags"]) > 1:
            image["imageTags"].remove(tag)
            image["imageId"]["imageTag"] = image["imageTags"][0]
            untagged.append({"imageDigest": image["imageDigest"], "imageTag": tag})
        elif image and (lists := _lists_of(name, image["imageDigest"])):
            says = f"Requested image referenced by manifest list: [{', '.join(lists)}]"
            failures.append(
                {
                    "imageId": wanted,
                    "failureCode": "ImageReferencedByManifestList",
                    "failureReason": says,
                }
            )
        else:
            rest.append(wanted)
    before = list(ecr._images.get(name, []))
    answer: Answer = _batch_delete_image({**request, "imageIds": rest})
    if answer[0] != 200:
        return answer
    blobs.remove(name, [image for image in before if image not in ecr._images[name]])
    deleted = document(answer)
    deleted["imageIds"] = untagged + deleted["imageIds"]
    deleted["failures"] += failures
    return success(deleted)


def _lists_of(name: str, digest: str) -> list[str]:
    """The indexes of a repository that list an image."""
    return [
        image["imageDigest"]
        for image in ecr._images.get(name, [])
        if digest in str(json.loads(image.get("imageManifest") or "{}").get("manifests", ""))
    ]


def put_image(request: dict[str, Any]) -> Answer:
    """PutImage of a digest under a tag it already has: ImageAlreadyExistsException.

    The media type must be in the manifest or beside it (API: ``imageManifestMediaType``). What was
    put is in the registry, too.
    """
    name, text = request.get("repositoryName", ""), request.get("imageManifest", "")
    if name not in ecr._repositories:
        return blobs.no_repository(name)
    try:
        manifest = json.loads(text)
        kind = manifest.get("mediaType") or request.get("imageManifestMediaType")
    except (ValueError, AttributeError):
        return _invalid("imageManifest", "Invalid JSON syntax")
    if len(text.encode()) > _LARGEST_MANIFEST:
        return _invalid("imageManifest", "Member must have length less than or equal to 4194304")
    if not kind:
        return _invalid("imageManifestMediaType", "the image manifest has no mediaType")
    if kind not in _KINDS or kind != request.get("imageManifestMediaType", kind):
        return _invalid("imageManifestMediaType", f"{kind} is not supported, or not the image's")
    digest, tag = ecr._image_digest(text), request.get("imageTag")
    if request.get("imageDigest", digest) != digest:
        return failure(
            "ImageDigestDoesNotMatchException",
            f"Image digest '{request['imageDigest']}' does not match '{digest}'",
        )
    if refusal := _incomplete(name, manifest):
        return refusal
    image = ecr._find_image(name, {"imageDigest": digest})
    if image and (tag is None or tag in image["imageTags"]):
        return failure(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag}' already exists in the "
            f"repository with name '{name}' in registry with id '{ecr._registry_id()}'",
        )
    answer: Answer = _put_image({**request, "imageManifestMediaType": kind})
    if answer[0] == 200:
        ecr._manifest_blobs.setdefault(name, {}).setdefault(digest, text.encode())
    return answer


def v2_put_manifest(name: str, ref: str, headers: dict[str, str], body: bytes) -> Answer:
    """A push of a manifest whose parts were not pushed is refused."""
    try:
        incomplete = _incomplete(name, json.loads(body))
    except ValueError:
        incomplete = None
    if incomplete and name in ecr._repositories:
        says = document(incomplete)["message"]
        refusal: Answer = ecr._registry_error(404, "MANIFEST_BLOB_UNKNOWN", says)
        return refusal
    answer: Answer = immutability.v2_put_manifest(name, ref, headers, body)
    return answer


def _incomplete(name: str, manifest: dict[str, Any]) -> Answer | None:
    """The refusal of a manifest whose blobs, or whose images, its repository does not have."""
    if absent := blobs.absent(name, manifest):
        says = f"Layers with digests '[{', '.join(absent)}]' required for pushing image into "
        says += f"repository with name '{name}' do not exist"
        return failure("LayersNotFoundException", says)
    listed = [each["digest"] for each in manifest.get("manifests", [])]
    if strangers := [each for each in listed if not ecr._find_image(name, {"imageDigest": each})]:
        says = f"The images with digests '[{', '.join(strangers)}]' do not exist"
        return failure("ReferencedImagesNotFoundException", says)
    return None


def _invalid(member: str, constraint: str) -> Answer:
    says = f"Invalid parameter at '{member}' failed to satisfy constraint: '{constraint}'"
    return failure("InvalidParameterException", says)


def put_lifecycle_policy(request: dict[str, Any]) -> Answer:
    """PutLifecyclePolicy refuses a text that is not a policy document."""
    try:
        rules = json.loads(request.get("lifecyclePolicyText", ""))["rules"]
    except (ValueError, KeyError, TypeError):
        rules = None
    if not isinstance(rules, list):
        return _invalid(
            "LifecyclePolicyText", "Lifecycle policy validation failure: not valid JSON"
        )
    answer: Answer = _put_lifecycle_policy(request)
    return answer


def batch_check_layer_availability(request: dict[str, Any]) -> Answer:
    """BatchCheckLayerAvailability tells which layers the repository holds."""
    name = request.get("repositoryName", "")
    if name not in ecr._repositories:
        return blobs.no_repository(name)
    there = ecr._layer_blobs.get(name, {})
    layers = [
        {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE" if digest in there else "UNAVAILABLE",
            "layerSize": len(there.get(digest, b"")),
        }
        for digest in request.get("layerDigests", [])
    ]
    return success({"layers": layers, "failures": []})
