"""The media types of an image: OCI's only, or Docker's only.

Docker's own builder on the containerd image store writes an OCI manifest with layers of Docker's
types (moby: ``daemon/containerd/image_builder.go``). Lambda documents both kinds, but no mix
(Lambda developer guide, "Create a Lambda function using a container image").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.adapters.aws.registry import Manifest

_OCI = "application/vnd.oci.image."
_OF_DOCKER = {
    "application/vnd.docker.container.image.v1+json": f"{_OCI}config.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar": f"{_OCI}layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{_OCI}layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{_OCI}layer.v1.tar+zstd",
}


def uniform(manifest: Manifest) -> Manifest:
    """The same image with OCI types only, if its manifest is of OCI; its blobs do not change."""
    if manifest.media_type != f"{_OCI}manifest.v1+json":
        return manifest
    content = dict(manifest.content)
    content["config"] = _typed(content.get("config", {}))
    content["layers"] = [_typed(layer) for layer in content.get("layers", [])]
    if content == manifest.content:
        return manifest
    return replace(manifest, text=json.dumps(content), content=content)


def _typed(blob: Mapping[str, Any]) -> dict[str, Any]:
    kind = blob.get("mediaType", "")
    return {**blob, "mediaType": _OF_DOCKER.get(kind, kind)}
