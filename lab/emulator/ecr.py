"""Amazon ECR's API: what it refuses, and what it reports about images.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from ministack.services import ecr

from lab.emulator import archive, immutability, permissions
from lab.emulator.answers import Answer, document, failure, success
from lab.emulator.settings import REGISTRY_PASSWORD, REGISTRY_USER, Settings

_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_TOKEN_LIFE = 12 * 3600  # seconds

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
            return _no_repository(name)
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
    ecr._batch_check_layer_availability = batch_check_layer_availability
    archive.teach()


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
        return failure(
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
            "'must satisfy regular expression'",
        )
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
    answer: Answer = _batch_delete_image({**request, "imageIds": rest})
    if answer[0] != 200:
        return answer
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
    kind = json.loads(request.get("imageManifest") or "{}").get("mediaType")
    kind = kind or request.get("imageManifestMediaType")
    if not kind:
        return failure(
            "InvalidParameterException",
            "Invalid parameter at 'imageManifestMediaType' failed to satisfy constraint: "
            "'the image manifest has no mediaType'",
        )
    request = {**request, "imageManifestMediaType": kind}
    name, tag = request.get("repositoryName", ""), request.get("imageTag")
    image = ecr._find_image(name, {"imageTag": tag}) if tag and name in ecr._repositories else None
    if image and image["imageDigest"] == ecr._image_digest(request.get("imageManifest", "")):
        return failure(
            "ImageAlreadyExistsException",
            f"Image with digest '{image['imageDigest']}' and tag '{tag}' already exists in the "
            f"repository with name '{name}' in registry with id '{ecr._registry_id()}'",
        )
    answer: Answer = _put_image(request)
    if answer[0] == 200:
        text = request["imageManifest"]
        manifests = ecr._manifest_blobs.setdefault(name, {})
        manifests.setdefault(ecr._image_digest(text), text.encode())
    return answer


def put_lifecycle_policy(request: dict[str, Any]) -> Answer:
    """PutLifecyclePolicy refuses a text that is not a policy document."""
    try:
        rules = json.loads(request.get("lifecyclePolicyText", ""))["rules"]
    except (ValueError, KeyError, TypeError):
        rules = None
    if not isinstance(rules, list):
        return failure(
            "InvalidParameterException",
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure: not valid JSON'",
        )
    answer: Answer = _put_lifecycle_policy(request)
    return answer


def batch_check_layer_availability(request: dict[str, Any]) -> Answer:
    """BatchCheckLayerAvailability tells which layers the repository holds."""
    name = request.get("repositoryName", "")
    if name not in ecr._repositories:
        return _no_repository(name)
    blobs = ecr._layer_blobs.get(name, {})
    layers = [
        {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE" if digest in blobs else "UNAVAILABLE",
            "layerSize": len(blobs.get(digest, b"")),
        }
        for digest in request.get("layerDigests", [])
    ]
    return success({"layers": layers, "failures": []})


def _no_repository(name: str) -> Answer:
    message = f"The repository with name '{name}' does not exist"
    return failure("RepositoryNotFoundException", message)
