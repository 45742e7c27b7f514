"""Images that are made of others in the registry, without a builder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.blob_mounts import BlobMounts
from lambda_fast_deploy.adapters.aws.registry import Manifest, Registry
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.models import ImageRequest, Step
from lambda_fast_deploy.models.image_layers import Replacement
from lambda_fast_deploy.packaging.images.app_tags import AppTags
from lambda_fast_deploy.packaging.images.replaced_image import replaced_image
from lambda_fast_deploy.planning.manifest_check import examine
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import kept_tag

_SMALL = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class ReplacementPush:
    """An image whose blobs are in the registry, and which has no tag yet.

    ``size`` are the bytes of its layers, and ``how`` is how it was made, for people.
    """

    manifest: Manifest
    size: int
    how: str


def push_replacement(
    replacement: Replacement,
    request: ImageRequest,
    step: Step,
    registry: Registry,
    mounts: BlobMounts,
    check: Callable[[], None],
    run_log: RunLog,
) -> ReplacementPush:
    """Make the layers of an image, and upload them.

    Args:
        replacement: the donor, and the entries of the new layers.
        request: the image.
        step: its step.
        registry: the registry of the region.
        mounts: other repositories that may have its blobs.
        check: raises if the files have changed since they were listed.
        run_log: takes the progress.

    Raises:
        BuildFailed: the files changed, or Lambda would refuse the image.
    """

    def advance(sent: int, total: int) -> None:
        run_log.advance(step.id, sent, total, units.pushed(sent, total), step.region)

    with tempfile.TemporaryDirectory() as folder:
        image = replaced_image(replacement, request.source.context, Path(folder))
        what, content = f"image of {request.name}", image.manifest.content
        size = examine(what, content, image.configuration, request.architecture)
        check()
        existing = {layer["digest"] for layer in replacement.donor.manifest["layers"]}
        blobs = [blob for blob in image.blobs if blob.digest not in existing]
        sent = registry.blobs.push(
            request.source.repository,
            blobs,
            advance,
            run_log.cancellation.check,
            ask=sum(blob.size for blob in blobs) > _SMALL,
            mount=mounts.mount,
        )
    count = len(replacement.layers)
    layers = "1 layer" if count == 1 else f"{count} layers"
    how = f"{image.manifest.digest[:19]}, {units.size(size)}, {layers} replaced, "
    return ReplacementPush(image.manifest, size, f"{how}{units.size(sent)} sent")


def tag_replacement(manifest: Manifest, repository: str, tags: AppTags, registry: Registry) -> None:
    """Put an image under all its tags; those that later runs look for are the last.

    Args:
        manifest: the image.
        repository: the name of its repository, which has its blobs.
        tags: its tags.
        registry: the registry of the region.
    """
    others = [tag for tag in tags.of_content if tag not in tags.current]
    for group in ([*others, *tags.of_stem, kept_tag(manifest.digest)], tags.current):
        together(lambda tag: registry.tag(repository, manifest, tag), group)
