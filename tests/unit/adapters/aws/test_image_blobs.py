"""Blobs of images: which are missing, and how an upload goes on after an answer that was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from lambda_fast_deploy.adapters.aws.image_blobs import Blob, ImageBlobs
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Refused
from tests.unit import make

Stub = Callable[[str], Stubber]
UPLOAD = {"uploadId": "00000000-0000-0000-0000-000000000000"}
CONTENT = b"abcdef"
BLOB = Blob.of(CONTENT)


def availability(service: Stubber, **states: bool) -> None:
    layers = [
        {"layerDigest": digest, "layerAvailability": "AVAILABLE" if there else "UNAVAILABLE"}
        for digest, there in states.items()
    ]
    service.add_response("batch_check_layer_availability", {"layers": layers})


def part(service: Stubber, first: int, content: bytes, last_valid: int | None = None) -> None:
    """One part as it is sent; refused with ECR's last valid byte, if that is given."""
    span = {"partFirstByte": first, "partLastByte": first + len(content) - 1}
    sent = {"repositoryName": "app", **UPLOAD, **span, "layerPartBlob": content}
    if last_valid is None:
        service.add_response("upload_layer_part", {}, sent)
    else:
        service.add_client_error(
            "upload_layer_part",
            "InvalidLayerPartException",
            expected_params=sent,
            modeled_fields={"lastValidByteReceived": last_valid},
        )


def begun(service: Stubber) -> None:
    service.add_response("initiate_layer_upload", {**UPLOAD, "partSize": 4})


def pushed(aws: Aws, told: list[Any]) -> int:
    return ImageBlobs(aws, make.REGION).push(
        "app", [BLOB], lambda *each: told.append(each), lambda: None
    )


def test_a_part_that_is_there_already_is_not_sent_again(aws: Aws, stub: Stub) -> None:
    service = stub("ecr")
    told: list[Any] = []
    availability(service, **{BLOB.digest: False})
    begun(service)
    part(service, 0, b"abcd", last_valid=3)
    part(service, 4, b"ef")
    service.add_response(
        "complete_layer_upload",
        {"layerDigest": BLOB.digest},
        {"repositoryName": "app", **UPLOAD, "layerDigests": [BLOB.digest]},
    )
    assert pushed(aws, told) == 6
    assert told == [(4, 6), (6, 6)]
    assert aws.changes == []  # no image has the blob yet


@pytest.mark.parametrize("last_valid", [0, 3])
def test_a_part_after_lost_ones_begins_the_upload_anew(
    aws: Aws, stub: Stub, last_valid: int
) -> None:
    service = stub("ecr")
    told: list[Any] = []
    availability(service, **{BLOB.digest: False})
    for _ in range(3):
        begun(service)
        part(service, 0, b"abcd")
        part(service, 4, b"ef", last_valid=last_valid)
        availability(service, **{BLOB.digest: False})
    with pytest.raises(Refused) as caught:
        pushed(aws, told)
    assert caught.value.code == "InvalidLayerPartException"
    assert told == [(4, 6)] * 3


def test_a_blob_that_came_meanwhile_is_not_uploaded_again(aws: Aws, stub: Stub) -> None:
    service = stub("ecr")
    told: list[Any] = []
    availability(service, **{BLOB.digest: False})
    begun(service)
    part(service, 0, b"abcd")
    service.add_client_error(
        "upload_layer_part", "UploadNotFoundException", expected_params=ANY_PART
    )
    availability(service, **{BLOB.digest: True})
    assert pushed(aws, told) == 6


ANY_PART = {
    "repositoryName": "app",
    **UPLOAD,
    "partFirstByte": 4,
    "partLastByte": 5,
    "layerPartBlob": ANY,
}
