"""Checks an image for what Lambda would refuse, before Lambda gets it.

Sources: Lambda developer guide, "Create a Lambda function using a container image" (manifest
formats, one platform, size); OCI image specification, "Image Manifest" and "Image Configuration".
Issues 645 and 777 of rules_oci report that a layer must be compressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture

LIMIT = 10 * 2**30  # bytes, uncompressed; an image over it compressed is also over it uncompressed

_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
}
_MACHINES = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


def child(index: Mapping[str, Any], architecture: Architecture) -> str:
    """The digest of the image for an architecture in an image index.

    Lambda accepts no index. Builds with attestations or several platforms make one.

    Raises:
        BuildFailed: the index has no image for the architecture.
    """
    machine = _MACHINES[architecture]
    platforms = []
    for entry in index.get("manifests", []):
        platform = entry.get("platform", {})
        if platform.get("os") == "linux" and platform.get("architecture") == machine:
            return str(entry["digest"])
        platforms.append(f"{platform.get('os')}/{platform.get('architecture')}")
    available = ", ".join(platforms) or "nothing"
    raise BuildFailed(
        f"the image is an index without linux/{machine}; it has {available}",
        remedy=f"Build it for linux/{machine}, or set the function's architecture.",
    )


def examine(
    what: str,
    manifest: Mapping[str, Any],
    configuration: Mapping[str, Any] | None,
    architecture: Architecture,
) -> int:
    """Refuse an image that Lambda would refuse; returns the bytes of its layers in the registry.

    Args:
        what: the image, for people.
        manifest: its manifest.
        configuration: its configuration, if it could be read.
        architecture: the function's architecture.

    Raises:
        BuildFailed: Lambda would refuse the image.
    """
    layers = manifest.get("layers", [])
    for layer in layers:
        if (kind := str(layer.get("mediaType", ""))) not in _LAYERS:
            raise BuildFailed(
                f"{what} has a layer of media type {kind or 'none'}, which Lambda does not accept",
                remedy="Build it with oci-mediatypes=true and compressed layers, without foreign "
                "or encrypted layers.",
            )
    size = sum(int(layer.get("size", 0)) for layer in layers)
    if size > LIMIT:
        raise BuildFailed(
            f"{what} is {units.gibibytes(size)}; Lambda's limit is 10 GiB",
            remedy="Remove what the function does not need, such as build tools and models.",
        )
    if configuration is None:
        return size
    machine = _MACHINES[architecture]
    if (machine_of_image := configuration.get("architecture")) != machine:
        raise BuildFailed(
            f"{what} is built for {machine_of_image}, but the function runs on {machine}",
            remedy=f"Remove --platform from its FROM lines, or set architecture: "
            f"{'arm64' if machine_of_image == 'arm64' else 'x86_64'} for the function.",
        )
    steps = [step for step in configuration.get("history", []) if not step.get("empty_layer")]
    if len(steps) != len(layers):
        raise BuildFailed(
            f"{what} has {len(layers)} layers but {len(steps)} history entries, which Lambda "
            "refuses",
            remedy="Build it with BuildKit or Docker; other tools can omit the history.",
        )
    return size
