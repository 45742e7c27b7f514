"""ECR's archive: an image there is known, and nobody can pull it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import ecr

from lab.emulator.answers import Answer, document, failure, success

_STATUS = "_status"  # of an image; without one it is ACTIVE

_handle_request = ecr.handle_request


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> Answer:
    """UpdateImageStorageClass, which MiniStack does not know, and what follows from it."""
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation == "UpdateImageStorageClass":
        return _update(json.loads(body))
    answer: Answer = await _handle_request(method, path, headers, body, query)
    if answer[0] == 200 and operation == "DescribeImages":
        return _described(json.loads(body), answer)
    if answer[0] == 200 and operation == "BatchGetImage":
        return _got(json.loads(body), answer)
    return answer


def _update(request: dict[str, Any]) -> Answer:
    name, wanted = request["repositoryName"], request["imageId"]
    image = ecr._find_image(name, wanted) if name in ecr._repositories else None
    if image is None:
        return failure("ImageNotFoundException", f"The image {wanted} does not exist")
    image[_STATUS] = "ARCHIVED" if request["targetStorageClass"] == "ARCHIVE" else "ACTIVE"
    return success({**request, "imageStatus": image[_STATUS]})


def _archived(name: str) -> set[str]:
    images = ecr._images.get(name, [])
    return {image["imageDigest"] for image in images if image.get(_STATUS) == "ARCHIVED"}


def _described(request: dict[str, Any], answer: Answer) -> Answer:
    """Those that are named, or those that are ACTIVE (API: ``DescribeImagesFilter``)."""
    said, archived = document(answer), _archived(request["repositoryName"])
    for each in said["imageDetails"]:
        each["imageStatus"] = "ARCHIVED" if each["imageDigest"] in archived else "ACTIVE"
    if not request.get("imageIds"):
        wanted = request.get("filter", {}).get("imageStatus", "ACTIVE")
        said["imageDetails"] = [
            each for each in said["imageDetails"] if wanted in ("ANY", each["imageStatus"])
        ]
    return success(said)


def _got(request: dict[str, Any], answer: Answer) -> Answer:
    """None that is archived: it is among the failures (API: ``ImageFailureCode``)."""
    said, archived = document(answer), _archived(request["repositoryName"])
    lost = [each for each in said["images"] if each["imageId"]["imageDigest"] in archived]
    said["images"] = [each for each in said["images"] if each not in lost]
    said["failures"] += [
        {
            "imageId": each["imageId"],
            "failureCode": "ImageInaccessible",
            "failureReason": "The image is archived",
        }
        for each in lost
    ]
    return success(said)


def teach() -> None:
    """Replace how MiniStack's ECR answers."""
    ecr.handle_request = handle_request
