"""Images in the lab's registry, as the engine sees and changes them, without a Docker engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.registry import Registry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import Refused

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def registry(ecr: Any) -> Registry:
    """The registry as the engine sees it."""
    return Registry(Aws(), ecr.meta.region_name)


def put(ecr: Any, repository: str, tag: str, **more: Any) -> str:
    """Put an image whose manifest does not say what it is; its digest."""
    manifest = json.dumps({"schemaVersion": 2, "annotations": {"says": tag}, **more})
    kind = INDEX if "manifests" in more else OCI
    made = ecr.put_image(
        repositoryName=repository, imageTag=tag, imageManifest=manifest, imageManifestMediaType=kind
    )
    return str(made["image"]["imageId"]["imageDigest"])


def test_a_manifest_that_names_no_media_type_gets_another_tag(
    ecr: Any, repository: str, registry: Registry
) -> None:
    digest = put(ecr, repository, "app")
    registry.tag(repository, registry.manifest(repository, digest), "kept")
    assert registry.digest(repository, "kept") == digest
    (found,) = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": "kept"}], acceptedMediaTypes=[OCI]
    )["images"]
    assert found["imageManifestMediaType"] == OCI


def test_images_that_stay_are_told(ecr: Any, repository: str, registry: Registry) -> None:
    digests = [put(ecr, repository, f"image-{number}") for number in range(102)]
    listed = digests[101]
    put(ecr, repository, "all", manifests=[{"digest": listed}])
    absent = f"sha256:{0:064x}"
    stay = registry.delete(repository, [*digests, absent])
    assert list(stay) == [listed]
    assert "ImageReferencedByManifestList" in stay[listed]
    left = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert len(left) == 2
    with pytest.raises(Refused, match="ImageReferencedByManifestList"):
        registry.untag(repository, "image-101")
    registry.untag(repository, "image-0")  # it is gone already
