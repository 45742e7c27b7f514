"""Blobs of ECR's repositories: uploaded by the API, mounted, and gone with their last image."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.lab.making import CONFIG, REGION, Session, account, manifest, refused

MIB = 1 << 20
LARGEST = 20_971_520  # bytes of a part (API: UploadLayerPart)
Which = dict[str, Any]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def api() -> Any:
    """ECR's API, without the help of ``Registry``."""
    return boto3.client("ecr")


@pytest.fixture
def repository(api: Any, name: str) -> str:
    """The URI of an empty repository called ``name``."""
    return str(api.create_repository(repositoryName=name)["repository"]["repositoryUri"])


@pytest.fixture
def upload(api: Any, name: str, repository: str) -> Which:
    """An upload that was begun, as its calls name it."""
    begun = api.initiate_layer_upload(repositoryName=name)
    assert 5 * MIB <= begun["partSize"] <= LARGEST
    return {"repositoryName": name, "uploadId": begun["uploadId"]}


def send(api: Any, upload: Which, first: int, content: bytes) -> Any:
    """UploadLayerPart: ``partLastByte`` is the last byte itself."""
    span = {"partFirstByte": first, "partLastByte": first + len(content) - 1}
    return api.upload_layer_part(**upload, **span, layerPartBlob=content)


def push(api: Any, name: str, content: bytes) -> str:
    begun = api.initiate_layer_upload(repositoryName=name)
    upload = {"repositoryName": name, "uploadId": begun["uploadId"]}
    send(api, upload, 0, content)
    done = api.complete_layer_upload(**upload, layerDigests=[digest_of(content)])
    return str(done["layerDigest"])


def available(api: Any, name: str, *digests: str) -> list[bool]:
    found = api.batch_check_layer_availability(repositoryName=name, layerDigests=list(digests))
    return [layer["layerAvailability"] == "AVAILABLE" for layer in found["layers"]]


def test_a_layer_is_uploaded_in_parts(api: Any, name: str, repository: str, upload: Which) -> None:
    """Amazon ECR API reference, UploadLayerPart and CompleteLayerUpload."""
    parts = (b"a" * 5 * MIB, b"b" * 5 * MIB, b"c")
    layer = b"".join(parts)
    for number, part in enumerate(parts):
        received = send(api, upload, number * 5 * MIB, part)
        assert received["lastByteReceived"] == number * 5 * MIB + len(part) - 1
    done = api.complete_layer_upload(**upload, layerDigests=[digest_of(layer)])
    assert done["layerDigest"] == digest_of(layer)
    assert available(api, name, digest_of(layer)) == [True]
    push(api, name, CONFIG)
    text = json.loads(manifest(0))
    text["layers"][0] |= {"digest": digest_of(layer), "size": len(layer)}
    api.put_image(repositoryName=name, imageManifest=json.dumps(text), imageTag="a")
    where = api.get_download_url_for_layer(repositoryName=name, layerDigest=digest_of(layer))
    with urllib.request.urlopen(where["downloadUrl"]) as answer:
        assert answer.read() == layer


def test_parts_are_consecutive(api: Any, upload: Which) -> None:
    """API: InvalidLayerPartException, which says from where the upload goes on."""
    send(api, upload, 0, b"a" * 5 * MIB)
    for first in (0, 5 * MIB - 1, 5 * MIB + 1):
        with pytest.raises(ClientError) as caught:
            send(api, upload, first, b"b")
        assert caught.value.response["Error"]["Code"] == "InvalidLayerPartException"
        assert caught.value.response["lastValidByteReceived"] == 5 * MIB - 1
    span = {"partFirstByte": 5 * MIB, "partLastByte": 5 * MIB + 1}
    assert refused(api.upload_layer_part, **upload, **span, layerPartBlob=b"b")[0] == (
        "InvalidLayerPartException"
    )
    send(api, upload, 5 * MIB, b"b")


def test_parts_have_limits(api: Any, upload: Which) -> None:
    """API: the constraint of ``layerPartBlob``; LayerPartTooSmallException."""
    span = {"partFirstByte": 0, "partLastByte": LARGEST}
    code = refused(api.upload_layer_part, **upload, **span, layerPartBlob=bytes(LARGEST + 1))[0]
    assert code == "InvalidParameterException"
    send(api, upload, 0, b"a")
    send(api, upload, 1, b"b")
    code = refused(api.complete_layer_upload, **upload, layerDigests=[digest_of(b"ab")])[0]
    assert code == "LayerPartTooSmallException"


def test_an_upload_is_its_repositorys(api: Any, upload: Which) -> None:
    strange = {**upload, "uploadId": "00000000-0000-0000-0000-000000000000"}
    digests = {"layerDigests": [digest_of(b"a")]}
    span = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": b"a"}
    for call, more in ((api.upload_layer_part, span), (api.complete_layer_upload, digests)):
        assert refused(call, **strange, **more)[0] == "UploadNotFoundException"
        absent = {**upload, "repositoryName": "none/such"}
        assert refused(call, **absent, **more)[0] == "RepositoryNotFoundException"
    code = refused(api.initiate_layer_upload, repositoryName="none/such")[0]
    assert code == "RepositoryNotFoundException"


def test_a_layer_has_its_digest_and_is_there_once(api: Any, name: str, upload: Which) -> None:
    """API: EmptyUploadException, InvalidLayerException, LayerAlreadyExistsException."""
    one, other = digest_of(b"a"), digest_of(b"b")
    assert refused(api.complete_layer_upload, **upload, layerDigests=[one])[0] == (
        "EmptyUploadException"
    )
    send(api, upload, 0, b"a")
    assert refused(api.complete_layer_upload, **upload, layerDigests=[other])[0] == (
        "InvalidLayerException"
    )
    assert available(api, name, one, other) == [False, False]
    assert push(api, name, b"a") == one
    with pytest.raises(api.exceptions.LayerAlreadyExistsException):
        push(api, name, b"a")


def test_an_image_needs_all_its_blobs(api: Any, name: str, repository: str) -> None:
    """API: PutImage, LayersNotFoundException and ReferencedImagesNotFoundException."""
    image = {"repositoryName": name, "imageTag": "a"}
    push(api, name, bytes(1))
    assert refused(api.put_image, imageManifest=manifest(1), **image)[0] == (
        "LayersNotFoundException"
    )
    push(api, name, CONFIG)
    api.put_image(imageManifest=manifest(1), **image)
    assert refused(api.put_image, imageManifest=manifest(2), **image)[0] == (
        "LayersNotFoundException"
    )
    index = {"schemaVersion": 2, "manifests": [{"digest": digest_of(b"none")}]}
    kind = "application/vnd.oci.image.index.v1+json"
    text = json.dumps({**index, "mediaType": kind})
    code = refused(api.put_image, imageManifest=text, **image)[0]
    assert code == "ReferencedImagesNotFoundException"


def test_what_is_no_manifest_is_refused(ecr: Any, name: str, repository: str) -> None:
    """API: PutImage, its constraints, and ImageDigestDoesNotMatchException."""
    image = {"repositoryName": name, "imageTag": "a"}
    long = {**json.loads(manifest(1)), "annotations": {"long": "a" * 4_194_304}}
    strange = {**json.loads(manifest(1)), "mediaType": "application/json"}
    for text in ("{no json", "[]", json.dumps(long), json.dumps(strange)):
        code = refused(ecr.put_image, imageManifest=text, **image)[0]
        assert code == "InvalidParameterException"
    wrong = {"imageManifest": manifest(1), "imageDigest": digest_of(b"other")}
    assert refused(ecr.put_image, **wrong, **image)[0] == "ImageDigestDoesNotMatchException"
    ecr.put_image(imageManifest=manifest(1), imageDigest=digest_of(manifest(1).encode()), **image)
    code = refused(ecr.put_image, repositoryName=name, imageManifest=manifest(1))[0]
    assert code == "ImageAlreadyExistsException"


@pytest.mark.lab
def test_blobs_go_with_their_last_image(ecr: Any, name: str, repository: str) -> None:
    """API: LayerInaccessibleException. ECR may remove such a blob at any time; the lab does so."""
    images = {tag: manifest(size) for tag, size in (("a", 1), ("b", 2))}
    for tag, text in images.items():
        ecr.put_image(repositoryName=name, imageManifest=text, imageTag=tag)
    digests = [digest_of(content) for content in (bytes(1), bytes(2), CONFIG)]
    assert available(ecr, name, *digests) == [True, True, True]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "b"}])
    assert available(ecr, name, *digests) == [True, False, True]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "a"}])
    assert available(ecr, name, *digests) == [False, False, False]


@pytest.fixture
def other(ecr: Any, name: str) -> str:
    """A second repository, which has a blob ``mine`` in an image and a blob ``stray`` in none."""
    other = f"{name}-other"
    ecr.create_repository(repositoryName=other)
    ecr.put_image(repositoryName=other, imageManifest=manifest(1), imageTag="a")
    push(ecr, other, b"stray")
    return other


def mount(uri: str, source: str, digest: str, token: str) -> int:
    """What the registry answers to a mount: 201, or 202 as to the begin of an upload."""
    registry, _, name = uri.partition("/")
    url = f"http://{registry}/v2/{name}/blobs/uploads/?mount={digest}&from={source}"
    login = {"Authorization": f"Basic {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, b"", login, method="POST")) as answer:
        return int(answer.status)


@pytest.fixture
def mounting(ecr: Any) -> Iterator[None]:
    """The registry's setting, for one test."""
    setting = ecr.get_account_setting(name="BLOB_MOUNTING")["value"]
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    yield
    ecr.put_account_setting(name="BLOB_MOUNTING", value=setting)


def token_of(ecr: Any) -> str:
    return str(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])


@pytest.mark.lab
def test_blobs_are_not_mounted_unless_the_registry_allows_it(
    ecr: Any, name: str, repository: str, other: str
) -> None:
    """ECR user guide, "Blob mounting in Amazon ECR"."""
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    assert mount(repository, other, digest_of(bytes(1)), token_of(ecr)) == 202
    assert available(ecr, name, digest_of(bytes(1))) == [False]


@pytest.mark.lab
def test_a_blob_of_an_image_is_mounted(
    ecr: Any, name: str, repository: str, other: str, mounting: None, user: Session
) -> None:
    """ECR user guide, "Blob mounting in Amazon ECR"; containers-roadmap, issue 2860."""
    mine, stray = digest_of(bytes(1)), digest_of(b"stray")
    assert mount(repository, other, stray, token_of(ecr)) == 202
    own = f"arn:aws:ecr:{REGION}:{account()}:repository/{name}"
    stranger = user(("ecr:GetAuthorizationToken", "*"), ("ecr:*", own)).client("ecr")
    assert mount(repository, other, mine, token_of(stranger)) == 202
    assert available(ecr, name, mine, stray) == [False, False]
    assert mount(repository, other, mine, token_of(ecr)) == 201
    assert available(ecr, name, mine, stray) == [True, False]
