"""What Lambda would refuse about an image, found before Lambda sees it.

Sources: Lambda developer guide, "Create a Lambda function using a container image" (manifest
formats, one platform, size); OCI image specification, "Image Manifest" and "Image Configuration".
That a layer must be compressed is told in issues 645 and 777 of rules_oci.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture

LIMIT = 10 * 2**30  # bytes, uncompressed; what is larger compressed is larger uncompressed too

_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
}
_MACHINES = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


def child(index: Mapping[str, Any], architecture: Architecture) -> str:
    """The digest of the image for an architecture in an image index.

    Lambda takes no index, which is what attestations or several platforms make of an image.

    Raises:
        BuildFailed: the index has none for it.
    """
    machine = _MACHINES[architecture]
    platforms = []
    for entry in index.get("manifests", []):
        platform = entry.get("platform", {})
        if platform.get("os") == "linux" and platform.get("architecture") == machine:
            return str(entry["digest"])
        platforms.append(f"{platform.get('os')}/{platform.get('architecture')}")
    there = ", ".join(platforms) or "nothing"
    raise BuildFailed(
        f"the image is an index without linux/{machine}; it has {there}",
        remedy=f"Build it for linux/{machine}, or set the function's architecture.",
    )


def examine(
    what: str,
    manifest: Mapping[str, Any],
    configuration: Mapping[str, Any] | None,
    architecture: Architecture,
) -> int:
    """Refuse an image that Lambda would refuse; the bytes of its layers, as the registry has them.

    Args:
        what: the image, for people.
        manifest: its manifest.
        configuration: its configuration, when that could be read.
        architecture: the function's.

    Raises:
        BuildFailed: with what is wrong and what to do.
    """
    layers = manifest.get("layers", [])
    for layer in layers:
        if (kind := str(layer.get("mediaType", ""))) not in _LAYERS:
            raise BuildFailed(
                f"{what} has a layer of media type {kind or 'none'}, which Lambda does not take",
                remedy="Build it with oci-mediatypes=true and compressed layers, none of them "
                "foreign or encrypted.",
            )
    size = sum(int(layer.get("size", 0)) for layer in layers)
    if size > LIMIT:
        raise BuildFailed(
            f"{what} is {units.gibibytes(size)}; Lambda takes at most 10 GiB",
            remedy="Leave out what the function does not need, such as build tools and models.",
        )
    if configuration is None:
        return size
    machine = _MACHINES[architecture]
    if (found := configuration.get("architecture")) != machine:
        raise BuildFailed(
            f"{what} is built for {found}, the function runs on {machine}",
            remedy=f"Remove --platform from its FROM lines, or set architecture: "
            f"{'arm64' if found == 'arm64' else 'x86_64'} for the function.",
        )
    steps = [step for step in configuration.get("history", []) if not step.get("empty_layer")]
    if len(steps) != len(layers):
        raise BuildFailed(
            f"{what} has {len(layers)} layers, and a history of {len(steps)}: Lambda refuses that",
            remedy="Build it with BuildKit or Docker; other tools can leave the history out.",
        )
    return size
