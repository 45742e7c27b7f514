"""Whether the history of an image ends with the instructions of a tail.

Sources: OCI image specification, "Image Configuration"; BuildKit writes one entry for each
instruction, in order (``frontend/dockerfile/dockerfile2llb``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.fingerprints.images.tail import Tail


def ends_with(tail: Tail, manifest: Mapping[str, Any], configuration: Mapping[str, Any]) -> bool:
    """Whether the last layers of an image are those of the COPYs of a tail.

    Args:
        tail: the tail.
        manifest: the image's manifest, parsed.
        configuration: its configuration.
    """
    history = configuration.get("history") or []
    diffs = (configuration.get("rootfs") or {}).get("diff_ids") or []
    layers = [each for each in history if not each.get("empty_layer")]
    last = history[-len(tail.instructions) :]
    if not tail.copies or not len(manifest.get("layers", ())) == len(diffs) == len(layers):
        return False
    made = [
        (str(each.get("created_by", "")).split(" ")[0], bool(each.get("empty_layer")))
        for each in last
    ]
    return made == [(each.name, each.name != "COPY") for each in tail.instructions]
