"""An image made of another one: other last layers, and nothing else.

Source: OCI image specification, "Image Manifest" and "Image Configuration".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.aws.image_blobs import Blob
from lambda_fast_deploy.adapters.aws.registry import Manifest
from lambda_fast_deploy.models.image_layers import Replacement
from lambda_fast_deploy.packaging.images.layer_archive import LayerArchive, write_layer

_TIME = "1980-01-01T00:00:00Z"  # as in the layers
_DOCKER = "application/vnd.docker."
_GZIP = {
    True: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    False: "application/vnd.oci.image.layer.v1.tar+gzip",
}
# The results of a build by their layers, for later builds (BuildKit, ``cache-to type=inline``).
_INLINE_CACHE = "moby.buildkit.cache.v0"


@dataclass(frozen=True, slots=True)
class ReplacedImage:
    """An image that is not in the registry yet: its manifest, configuration and new blobs."""

    manifest: Manifest
    configuration: Mapping[str, Any]
    blobs: tuple[Blob, ...]


def replaced_image(replacement: Replacement, root: Path, folder: Path) -> ReplacedImage:
    """Make the layers of an image, its configuration and its manifest.

    The same files on the same stem give the same digest, on every machine.

    Args:
        replacement: its donor, and the entries of its layers.
        root: the folder of the build context.
        folder: for the files of its layers, as long as the result is used.

    Raises:
        Invalid: a file cannot be read, or changed since it was listed.
    """
    donor = replacement.donor
    archives = [
        write_layer(layer, root, folder / str(number))
        for number, layer in enumerate(replacement.layers)
    ]
    configuration = _configuration(donor.configuration, archives)
    blob = Blob.of(_json(configuration))
    layers = donor.manifest["layers"][: -len(archives)]
    kind = _GZIP[donor.media_type.startswith(_DOCKER)]
    added = [
        {"mediaType": kind, "digest": each.blob.digest, "size": each.blob.size} for each in archives
    ]
    content = {
        **donor.manifest,
        "config": {**donor.manifest["config"], "digest": blob.digest, "size": blob.size},
        "layers": [*layers, *added],
    }
    manifest = Manifest(_json(content).decode(), donor.media_type, content)
    return ReplacedImage(manifest, configuration, (*(each.blob for each in archives), blob))


def _configuration(donor: Mapping[str, Any], archives: list[LayerArchive]) -> dict[str, Any]:
    diffs = donor["rootfs"]["diff_ids"][: -len(archives)]
    history, waiting = [dict(each) for each in donor["history"]], len(archives)
    for entry in reversed(history):
        if not waiting:
            break
        entry["created"] = _TIME
        waiting -= not entry.get("empty_layer")
    return {
        **{name: value for name, value in donor.items() if name != _INLINE_CACHE},
        "created": _TIME,
        "history": history,
        "rootfs": {**donor["rootfs"], "diff_ids": [*diffs, *(each.diff for each in archives)]},
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
