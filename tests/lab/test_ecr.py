"""ECR's API, without a Docker engine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.lab.making import CONFIG, Function, manifest, refused

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@pytest.fixture
def repository(ecr: Any, name: str) -> str:
    """The URI of an empty repository called ``name``."""
    return str(ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"])


@pytest.mark.lab
def test_addresses_are_on_loopback(ecr: Any, name: str, repository: str) -> None:
    port = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]
    assert repository == f"127.0.0.1:{port}/{name}"
    token = ecr.get_authorization_token()["authorizationData"][0]
    assert token["proxyEndpoint"] == f"http://127.0.0.1:{port}"
    assert base64.b64decode(token["authorizationToken"]).startswith(b"AWS:")


def test_the_registry_wants_a_login(ecr: Any, name: str, repository: str) -> None:
    """As ECR: its challenge, its 404, and the digest of an image without the image."""
    registry = f"http://{repository.partition('/')[0]}/"
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    login = {"Authorization": f"Basic {token}"}

    def asked(method: str, path: str, **headers: str) -> tuple[int, Any, bytes]:
        request = urllib.request.Request(f"{registry}v2/{path}", headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    wrong = {"Authorization": "Basic " + base64.b64encode(b"AWS:wrong").decode()}
    for path in ("", f"{name}/manifests/none"):
        for headers in ({}, wrong):
            status, said, _ = asked("GET", path, **headers)
            assert status == 401
            challenge = f'Basic realm="{registry}",service="ecr.amazonaws.com"'
            assert said["WWW-Authenticate"] == challenge
    for path, code in ((name, "MANIFEST_UNKNOWN"), (f"{name}-none", "NAME_UNKNOWN")):
        status, _, body = asked("GET", f"{path}/manifests/none", **login)
        assert (status, json.loads(body)["errors"][0]["code"]) == (404, code)
    text = manifest(1)
    ecr.put_image(repositoryName=name, imageManifest=text, imageTag="one")
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    for reference in ("one", digest):
        status, said, body = asked("HEAD", f"{name}/manifests/{reference}", **login)
        assert (status, said["Docker-Content-Digest"], body) == (200, digest, b"")
    assert asked("GET", f"{name}/manifests/{digest}", **login)[2] == text.encode()


def test_an_absent_image_is_an_error(ecr: Any, name: str, repository: str) -> None:
    missing = {"repositoryName": name, "imageIds": [{"imageTag": "none"}]}
    assert refused(ecr.describe_images, **missing)[0] == "ImageNotFoundException"
    assert ecr.batch_get_image(**missing)["failures"][0]["failureCode"] == "ImageNotFound"


def test_the_size_of_an_image_is_that_of_its_layers(ecr: Any, name: str, repository: str) -> None:
    ecr.put_image(repositoryName=name, imageManifest=manifest(4711), imageTag="a")
    found = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "a"}])
    assert found["imageDetails"][0]["imageSizeInBytes"] == 4711 + len(CONFIG)


def test_an_image_goes_with_its_last_tag(ecr: Any, name: str, repository: str) -> None:
    for tag in ("a", "b"):
        ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag=tag)
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "b"}])
    left = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert [image["imageTags"] for image in left] == [["a"]]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "a"}])
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []


def test_tags_of_an_immutable_repository_stay(ecr: Any, name: str) -> None:
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    image = {"repositoryName": name, "imageTag": "a"}
    ecr.put_image(imageManifest=manifest(1), **image)
    assert refused(ecr.put_image, imageManifest=manifest(1), **image)[0] == (
        "ImageAlreadyExistsException"
    )
    assert refused(ecr.put_image, imageManifest=manifest(2), **image)[0] == (
        "ImageTagAlreadyExistsException"
    )


def test_bad_names_and_bad_policies_are_refused(ecr: Any, name: str, repository: str) -> None:
    invalid = "InvalidParameterException"
    assert refused(ecr.create_repository, repositoryName="Upper")[0] == invalid
    assert (
        refused(
            ecr.put_lifecycle_policy,
            repositoryName=name,
            lifecyclePolicyText="{no json" + " " * 100,
        )[0]
        == invalid
    )


def test_a_function_is_pinned_to_the_digest(
    ecr: Any, name: str, repository: str, function: Function
) -> None:
    def put(size: int) -> str:
        image = ecr.put_image(repositoryName=name, imageManifest=manifest(size), imageTag="a")
        return str(image["image"]["imageId"]["imageDigest"])

    first = put(1)
    function.create(Code={"ImageUri": f"{repository}:a"})
    put(2)
    found = function.api.get_function(FunctionName=name)
    assert found["Code"]["ResolvedImageUri"] == f"{repository}@{first}"
    assert found["Configuration"]["CodeSha256"] == first.removeprefix("sha256:")
    assert not any(key.startswith("_") for key in found["Configuration"])


def test_images_that_lambda_refuses(
    ecr: Any, name: str, repository: str, function: Function
) -> None:
    index = json.dumps({"schemaVersion": 2, "manifests": []})
    kind = "application/vnd.oci.image.index.v1+json"
    ecr.put_image(
        repositoryName=name, imageManifest=index, imageManifestMediaType=kind, imageTag="index"
    )
    for tag in ("index", "none"):
        error, _ = refused(function.create, Code={"ImageUri": f"{repository}:{tag}"})
        assert error == "InvalidParameterValueException"


def test_media_types_of_docker_in_a_manifest_of_ocis_are_refused(
    ecr: Any, name: str, repository: str, function: Function
) -> None:
    """Lambda developer guide, "Container image settings": either format. Both at once: unknown."""
    layer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    text = manifest(1).replace('"mediaType": "layer"', f'"mediaType": "{layer}"')
    mixed = json.dumps({**json.loads(text), "mediaType": OCI})
    ecr.put_image(repositoryName=name, imageManifest=mixed, imageTag="mixed")
    ecr.put_image(repositoryName=name, imageManifest=text, imageTag="docker")
    error, _ = refused(function.create, Code={"ImageUri": f"{repository}:mixed"})
    assert error == "InvalidParameterValueException"
    function.create(Code={"ImageUri": f"{repository}:docker"})


def test_layers_in_the_registry_are_known_to_the_api(ecr: Any, name: str, repository: str) -> None:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    digest = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
    upload = f"http://{repository.partition('/')[0]}/v2/{name}/blobs/uploads/?digest={digest}"
    login = {"Authorization": f"Basic {token}"}
    absent = "sha256:" + "0" * 64
    urllib.request.urlopen(urllib.request.Request(upload, CONFIG, login, method="POST"))
    found = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[digest, absent])[
        "layers"
    ]
    assert [layer["layerAvailability"] for layer in found] == ["AVAILABLE", "UNAVAILABLE"]
    layer = {"repositoryName": name, "layerDigest": digest}
    url = ecr.get_download_url_for_layer(**layer)["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == CONFIG
    layer["layerDigest"] = absent
    assert refused(ecr.get_download_url_for_layer, **layer)[0] == "LayersNotFoundException"


def test_a_filter_excludes_tags_from_immutability(ecr: Any, name: str) -> None:
    made = ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "cache*"}],
    )["repository"]
    found = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert made["imageTagMutability"] == found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert found["imageTagMutabilityExclusionFilters"][0]["filter"] == "cache*"

    def put(tag: str, says: str) -> Any:
        text = json.dumps({**json.loads(manifest(1)), "annotations": {"says": says}})
        return ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=text)

    put("cache-1", "one")
    put("cache-1", "two")
    put("release", "one")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        put("release", "two")
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        put("cache-1", "three")


def test_a_manifest_needs_a_media_type(ecr: Any, name: str, repository: str) -> None:
    bare = {k: v for k, v in json.loads(manifest(1)).items() if k != "mediaType"}
    image = {"repositoryName": name, "imageTag": "a", "imageManifest": json.dumps(bare)}
    assert refused(ecr.put_image, **image)[0] == "InvalidParameterException"
    ecr.put_image(**image, imageManifestMediaType=OCI)
    (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "a"}])["images"]
    assert found["imageManifestMediaType"] == OCI
    assert json.loads(found["imageManifest"]) == bare


def test_an_image_that_an_index_lists_is_not_deleted(ecr: Any, name: str, repository: str) -> None:
    put = ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag="a")
    listed = {"imageDigest": put["image"]["imageId"]["imageDigest"]}
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{"digest": listed["imageDigest"]}],
    }
    ecr.put_image(repositoryName=name, imageManifest=json.dumps(index), imageTag="all")
    for which in (listed, {"imageTag": "a"}):
        answer = ecr.batch_delete_image(repositoryName=name, imageIds=[which])
        assert answer["imageIds"] == []
        (failure,) = answer["failures"]
        assert failure["failureCode"] == "ImageReferencedByManifestList"
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "all"}])
    assert ecr.batch_delete_image(repositoryName=name, imageIds=[listed])["failures"] == []


def test_layers_that_are_not_compressed_are_refused_later(
    ecr: Any, name: str, repository: str, function: Function
) -> None:
    for tag, kind in (("plain", LAYER), ("gzip", f"{LAYER}+gzip")):
        text = manifest(1).replace('"mediaType": "layer"', f'"mediaType": "{kind}"')
        ecr.put_image(repositoryName=name, imageManifest=text, imageTag=tag)
    function.create(Code={"ImageUri": f"{repository}:gzip"})
    function.api.update_function_code(FunctionName=name, ImageUri=f"{repository}:plain")
    while True:
        found = function.api.get_function_configuration(FunctionName=name)
        if found["LastUpdateStatus"] != "InProgress":
            break
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Failed")
    assert "UnsupportedImageLayerDetected" in found["LastUpdateStatusReason"]


def test_an_archived_image_is_known_and_not_handed_out(
    ecr: Any, name: str, repository: str
) -> None:
    """ECR user guide, "Archiving an image"; API: ``ImageStatus``, ``DescribeImagesFilter``."""
    put = ecr.put_image(repositoryName=name, imageManifest=manifest(1), imageTag="a")
    which = {"repositoryName": name, "imageIds": [{"imageTag": "a"}]}
    (found,) = ecr.describe_images(**which)["imageDetails"]
    assert found["imageStatus"] == "ACTIVE"
    ecr.update_image_storage_class(
        repositoryName=name, imageId=put["image"]["imageId"], targetStorageClass="ARCHIVE"
    )
    (found,) = ecr.describe_images(**which)["imageDetails"]
    assert found["imageStatus"] == "ARCHIVED"
    assert ecr.describe_images(repositoryName=name)["imageDetails"] == []
    given = ecr.batch_get_image(**which)
    assert (given["images"], len(given["failures"])) == ([], 1)
