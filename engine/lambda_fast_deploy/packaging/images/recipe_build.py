"""A recipe as a build: its Dockerfile with pinned digests, and its fingerprints."""

from __future__ import annotations

from lambda_fast_deploy.fingerprints.images.recipe import (
    ImageRecipe,
    fingerprint_with_upstreams,
    parts_of,
)
from lambda_fast_deploy.fingerprints.images.upstream_images import UnknownImage
from lambda_fast_deploy.models import Fingerprints, ImageBuild


def build_of(
    recipe: ImageRecipe, what: str, references: tuple[str, ...], fingerprints: Fingerprints
) -> ImageBuild:
    """The build of a recipe, named ``what`` for people, with the digests from registries."""
    source, names = recipe.source, recipe.upstreams()
    followed = names if source.follow_upstream else []
    digests = {name: fingerprints.digests.get(name) for name in followed}
    # For an unreachable registry, the builder's copy is used.
    pulls = None in digests.values() or recipe.names_base
    try:
        text = recipe.pinned({name: digest for name, digest in digests.items() if digest})
    except UnknownImage:
        text, pulls = recipe.dockerfile.text, True
    return ImageBuild(
        what=what,
        references=references,
        context=source.context,
        dockerfile=source.dockerfile,
        build_args=source.build_args,
        platform=recipe.architecture.platform,
        text=text,
        kinds=recipe.content.kinds,
        upstreams=tuple(names),
        pulls=pulls,
        secrets=source.secrets,
    )


def fingerprint_parts(
    recipe: ImageRecipe, fingerprints: Fingerprints, of_base: str = "", of_files: str = ""
) -> list[str]:
    """The fingerprints by which an image is found if only some upstream digests are known.

    The first is that of no digests, the last that of all. ``of_files`` is the fingerprint of its
    files, by default of all.
    """
    names = recipe.upstreams() if recipe.source.follow_upstream else []
    digests = {name: digest for name in names if (digest := fingerprints.digests.get(name))}
    complete = of_files or fingerprints.recipes[recipe.step]
    prints = [fingerprint_with_upstreams(complete, part, of_base) for part in parts_of(digests)]
    return prints if len(prints) > 1 else [*prints, *prints]
