"""Images whose media types are of one kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_fast_deploy.adapters.aws.registry import Manifest
from lambda_fast_deploy.packaging.images.media_types import uniform

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"


def manifest(kind: str, config: str, *layers: str) -> Manifest:
    """The manifest of an image with these media types."""
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": config, "digest": "sha256:c", "size": 1},
        "layers": [{"mediaType": each, "digest": "sha256:l", "size": 2} for each in layers],
    }
    return Manifest(json.dumps(content), kind, content)


def test_dockers_types_in_a_manifest_of_ocis_become_ocis() -> None:
    layers = (f"{DOCKER}.image.rootfs.diff.tar.gzip", f"{OCI}.layer.v1.tar+gzip")
    mixed = manifest(f"{OCI}.manifest.v1+json", f"{DOCKER}.container.image.v1+json", *layers)
    made = uniform(mixed)
    assert made.media_type == mixed.media_type
    assert made.content == json.loads(made.text)
    assert made.content["config"]["mediaType"] == f"{OCI}.config.v1+json"
    assert {each["mediaType"] for each in made.content["layers"]} == {f"{OCI}.layer.v1.tar+gzip"}
    assert [each["digest"] for each in made.content["layers"]] == ["sha256:l", "sha256:l"]


@pytest.mark.parametrize(
    "image",
    [
        manifest(f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json", f"{OCI}.layer.v1.tar+zstd"),
        manifest(MANIFEST, f"{DOCKER}.container.image.v1+json", f"{DOCKER}.image.rootfs.diff.tar"),
        manifest(f"{OCI}.manifest.v1+json", "", "of.somebody/else"),
    ],
)
def test_what_is_of_one_kind_stays_as_it_is(image: Manifest) -> None:
    assert uniform(image) is image
