"""What is known to be refused by Lambda is found before Lambda sees it."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.planning.manifest_check import LIMIT, child, examine

GZIP = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 10}
CONFIGURATION = {"architecture": "amd64", "history": [{}, {"empty_layer": True}]}
INDEX = {
    "manifests": [
        {"digest": "sha256:a", "platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "sha256:b", "platform": {"os": "linux", "architecture": "amd64"}},
    ]
}


def look(
    configuration: dict[str, Any] | None = CONFIGURATION,
    architecture: Architecture = Architecture.X86_64,
    **layer: Any,
) -> None:
    examine("the image", {"layers": [GZIP | layer]}, configuration, architecture)


def test_an_image_that_lambda_takes_passes() -> None:
    look()
    look(None)
    look(mediaType="application/vnd.oci.image.layer.v1.tar+zstd")
    look(size=LIMIT)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}, "foreign"),
        ({"mediaType": ""}, "media type none"),
        ({"mediaType": "application/vnd.oci.image.layer.v1.tar"}, r"media type \S+tar, which"),
        ({"size": LIMIT + 1}, "10.0 GiB; Lambda's limit is 10 GiB"),
        ({"architecture": Architecture.ARM64}, "built for amd64, but the function runs on arm64"),
        ({"configuration": {"architecture": "amd64"}}, "1 layers but 0 history entries"),
    ],
)
def test_what_lambda_refuses_is_explained(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BuildFailed, match=said) as caught:
        look(**wrong)
    assert caught.value.remedy


def test_of_an_index_the_image_for_the_architecture_is_taken() -> None:
    assert child(INDEX, Architecture.X86_64) == "sha256:b"
    with pytest.raises(BuildFailed, match=r"without linux/arm64; it has .*linux/amd64"):
        child(INDEX, Architecture.ARM64)
