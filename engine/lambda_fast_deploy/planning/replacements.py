"""Missing images that need no builder: an image of the same stem is in the repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lambda_fast_deploy.adapters.aws.registry import Manifest, Registry
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import DeployError, NotFound
from lambda_fast_deploy.fingerprints.images.context_paths import ContextPaths
from lambda_fast_deploy.fingerprints.images.image_history import ends_with
from lambda_fast_deploy.fingerprints.images.recipe import (
    ImageRecipe,
    fingerprint_with_upstreams,
    recipes_of,
)
from lambda_fast_deploy.fingerprints.images.tail_configuration import with_settings
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer, layers_of
from lambda_fast_deploy.models import DesiredImages, Fingerprints, ImageRequest
from lambda_fast_deploy.models.image_layers import Donor, Layer, Replacement
from lambda_fast_deploy.planning.upstream_digests import known_part
from lambda_fast_deploy.state.image_tags import stem_tag

_CONFIGURATION = 4 << 20  # bytes
_LAYER = 64 << 20  # bytes: a longer download takes longer than a build


@dataclass(frozen=True, slots=True)
class Replacements:
    """Missing images by name: how they are made of others, or why they must be built."""

    possible: Mapping[str, Replacement] = field(default_factory=dict)
    obstacles: Mapping[str, str] = field(default_factory=dict)


def replacements(
    desired: DesiredImages,
    prints: Fingerprints,
    missing: Collection[str],
    bases: Mapping[str, str],
    registry: Registry,
) -> Replacements:
    """How missing images of a region can be made without a builder.

    Args:
        desired: the images.
        prints: their fingerprints.
        missing: the names of the missing ones.
        bases: the digests of the bases in the registry, by name.
        registry: the registry of the region.
    """
    event = desired.event
    if event.asks_for("no-cache") or event.asks_for("rebuild-base"):
        return Replacements()
    recipes = {each.step: each for each in recipes_of(desired, prints.foreign)}
    requests = [each for each in desired.images if each.name in missing]
    shared = {(each.source.repository, prints.images[each.name]): each for each in requests}

    def way(request: ImageRequest) -> Replacement | str:
        recipe = recipes[request.step]
        try:
            digest = bases.get(request.source.base or "", "")
            base = base_of_stem(request, recipe, prints, digest)
            known = known_part(recipe, prints.digests)
            tag = stem_tag(fingerprint_with_upstreams(recipe.stem, known, base))
            return _replacement(recipe, registry, request.source.repository, tag)
        except UncertainLayer as error:
            return str(error)

    found = dict(zip(shared, together(way, shared.values()), strict=True))
    ways = {each.name: found[each.source.repository, prints.images[each.name]] for each in requests}
    return Replacements(
        {name: way for name, way in ways.items() if isinstance(way, Replacement)},
        {name: way for name, way in ways.items() if isinstance(way, str)},
    )


def base_of_stem(
    request: ImageRequest, recipe: ImageRecipe, prints: Fingerprints, digest: str
) -> str:
    """What identifies the base of a stem, or ``""`` if it has none.

    Args:
        request: an image of the stem.
        recipe: its recipe.
        prints: the fingerprints.
        digest: the digest of its base, if it has one.

    Raises:
        UncertainLayer: the image has no stem, because nothing of it can be replaced.
    """
    if recipe.tail.obstacle:
        raise UncertainLayer(recipe.tail.obstacle)
    if not request.source.base:
        return ""
    if not digest:
        raise UncertainLayer("its base is new")
    return f"{prints.bases[request.source.base]}@{digest}"


def _replacement(recipe: ImageRecipe, registry: Registry, repository: str, tag: str) -> Replacement:
    try:
        manifest = registry.manifest(repository, tag)
        return replacement_of(recipe, manifest, partial(registry.blobs.read, repository))
    except NotFound:
        raise UncertainLayer("more is new than what its last lines copy and set") from None
    except DeployError as error:
        raise UncertainLayer(f"an image of it could not be read: {error.message}") from None


def replacement_of(
    recipe: ImageRecipe, manifest: Manifest, read: Callable[[str, int], bytes]
) -> Replacement:
    """How an image is made of another one.

    Args:
        recipe: the recipe of the image.
        manifest: the manifest of an image of the same stem.
        read: returns a blob of it by its digest, of no more than some bytes.

    Raises:
        UncertainLayer: the result of a build is not certain.
        DeployError: a blob cannot be read.
    """
    context, tail = recipe.content, recipe.tail
    if not context.is_certain:
        raise UncertainLayer("its ignore file has patterns whose meaning is not certain")
    try:
        layers = manifest.content["layers"][-len(tail.copies) :]
        digest = str(manifest.content["config"]["digest"])
        needed = [] if all(copy.is_linked for copy in tail.copies) else layers
        if any(layer["size"] > _LAYER for layer in needed):
            remedy = "COPY --link without --chmod needs no look"
            raise UncertainLayer(f"its layers are too large to look into; {remedy}")
        limits = {digest: _CONFIGURATION, **{layer["digest"]: _LAYER for layer in needed}}
        texts = together(lambda key: read(key, limits[key]), limits)
        contents = dict(zip(limits, texts, strict=True))
        entries = _entries(needed, contents)
        configuration = json.loads(contents[digest])
    except (LookupError, TypeError, ValueError):
        raise UncertainLayer("an image of it is in an unknown format") from None
    if not ends_with(tail, manifest.content, configuration):
        raise UncertainLayer("the history of its image does not fit its Dockerfile")
    donor = Donor(manifest.content, manifest.media_type, configuration, entries)
    image = with_settings(tail, donor)
    layers = layers_of(tail, ContextPaths(context), image)
    return Replacement(image, layers, is_set=image.attributes != donor.attributes)


def _entries(
    layers: Iterable[Mapping[str, Any]], contents: Mapping[str, bytes]
) -> tuple[Layer, ...]:
    """The entries of layers, by their descriptors in a manifest."""
    if not layers:
        return ()
    from lambda_fast_deploy.adapters.layer_listing import entries_of  # linked ones need no look

    return tuple(entries_of(contents[each["digest"]], each["mediaType"]) for each in layers)
