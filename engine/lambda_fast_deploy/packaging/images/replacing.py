"""Images that are made of others in the registry, without a builder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.registry import Registry, Repository
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.models import ImageRequest, Step
from lambda_fast_deploy.models.image_layers import Replacement
from lambda_fast_deploy.packaging.images.app_tags import AppTags
from lambda_fast_deploy.packaging.images.manifest_check import examine
from lambda_fast_deploy.packaging.images.replaced_image import replaced_image
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import kept_tag


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image in the registry: its digest, its size in bytes, and how it was made."""

    digest: str
    size: int
    how: str


def replace_image(
    replacement: Replacement,
    request: ImageRequest,
    *,
    step: Step,
    repository: Repository,
    tags: AppTags,
    registry: Registry,
    check: Callable[[], None],
    run_log: RunLog,
) -> MadeImage:
    """Make an image of its donor, and push it under all its tags.

    The tags that later runs look for are set last: when they exist, all others do.

    Args:
        replacement: the donor, and the entries of the new layers.
        request: the image.
        step: its step.
        repository: its repository.
        tags: its tags.
        registry: the registry of the region.
        check: raises if the files have changed since they were listed.
        run_log: takes the progress.

    Raises:
        BuildFailed: the files changed, or Lambda would refuse the image.
    """

    def advance(sent: int, total: int) -> None:
        run_log.advance(step.id, sent, total, units.pushed(sent, total), step.region)

    with tempfile.TemporaryDirectory() as folder:
        image = replaced_image(replacement, request.source.context, Path(folder))
        manifest = image.manifest
        what = f"image of {request.name}"
        size = examine(what, manifest.content, image.configuration, request.architecture)
        check()
        sent = registry.blobs.push(
            repository.name, image.blobs, advance, run_log.cancellation.check
        )
    others = [tag for tag in tags.of_content if tag not in tags.current]
    for group in ([*others, *tags.of_stem, kept_tag(manifest.digest)], tags.current):
        together(lambda tag: registry.tag(repository.name, manifest, tag), group)
    digest, count = manifest.digest, len(replacement.layers)
    layers = "1 layer" if count == 1 else f"{count} layers"
    how = f"{digest[:19]}, {units.size(size)}, {layers} replaced, {units.size(sent)} sent"
    return MadeImage(digest, size, how)
