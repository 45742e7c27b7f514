"""What each base image is: its own content, and the digests of the images that it starts from.

A base must be built again when ``FROM`` moves, so the registry is asked for those digests. When
it does not tell, or the user does not want to follow, the newest base of the same recipe will do:
an upstream that is down must not stop a deployment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.adapters.files import read_text
from engine.adapters.parallel import attempts, results, workers
from engine.adapters.world import World
from engine.content.fingerprint import standing_on
from engine.content.upstreams import upstreams
from engine.errors import DeployError
from engine.journal import Journal
from engine.model import Base, Settings


def base_tag(base: Base, fingerprint: str) -> str:
    """The tag that a base image is found by."""
    return f"{base.tag}-{fingerprint}"


def base_fingerprints(
    settings: Settings, recipes: Mapping[str, str], world: World, journal: Journal
) -> dict[str, str]:
    """The fingerprint of each base; the images that they start from are looked up together."""
    starts = {name: _starts(base) for name, base in settings.bases.items()}
    images = sorted({image for each in starts.values() for image in each})
    digests: Mapping[str, str] = {}
    if settings.event.unmerged:
        # What a build argument brings, of a variable of the run perhaps, is told to no host.
        written = {name: _written(base) for name, base in settings.bases.items()}
        for name, each in starts.items():
            if not set(each) <= set(written[name]):
                journal.note(
                    f"What base {name} starts from is named by a build argument, and not asked for "
                    "before it is merged; the newest base of the same recipe is used."
                )
        images = sorted({image for each in written.values() for image in each} & set(images))
    if images:
        digests, unknown = _digests(images, settings, world)
        for image, error in unknown.items():
            journal.note(
                f"Whether {image} has moved could not be found out, so the newest base of the same "
                f"recipe is used: {error.message}. {error.remedy}".rstrip()
            )
    with workers() as pool:
        return results(
            {
                name: pool.submit(
                    _fingerprint,
                    base,
                    recipes[name],
                    starts[name],
                    digests,
                    settings.regions[0],
                    world,
                )
                for name, base in settings.bases.items()
            }
        )


def _starts(base: Base) -> list[str]:
    """The images that a base starts from, if it shall be built again when they move."""
    if not base.follow_upstream:
        return []
    return list(upstreams(read_text(base.dockerfile), base.build_args))


def _written(base: Base) -> list[str]:
    """The images that a base's Dockerfile itself names."""
    return list(upstreams(read_text(base.dockerfile), {})) if base.follow_upstream else []


def _digests(
    images: Iterable[str], settings: Settings, world: World
) -> tuple[dict[str, str], dict[str, DeployError]]:
    """The digest of each image that is known, and why the others are not.

    Of an image that no registry tells of, the Docker engine's own copy counts, since a build would
    use that; but for what is not merged, no program is asked.
    """
    known, unknown = attempts(world.distribution(settings.regions[0]).digest, images)
    if not settings.event.unmerged:
        held = {image: digest for image in unknown if (digest := world.docker.held(image))}
        known |= held
        unknown = {image: error for image, error in unknown.items() if image not in held}
    return known, unknown


def _fingerprint(
    base: Base,
    recipe: str,
    starts: list[str],
    digests: Mapping[str, str],
    region: str,
    world: World,
) -> str:
    if not starts:
        return recipe
    if all(image in digests for image in starts):
        return standing_on(recipe, {image: digests[image] for image in starts})
    return _newest(base, recipe, region, world)


def _newest(base: Base, recipe: str, region: str, world: World) -> str:
    """The fingerprint of the newest base of a recipe in the registry, or the recipe's own."""
    prefix = f"{base.tag}-"
    for tag in world.registry(region).tags(base.repository, base_tag(base, recipe)):
        fingerprint = tag.removeprefix(prefix)
        if tag.startswith(prefix) and fingerprint != recipe and len(fingerprint) == len(recipe):
            return fingerprint
    return recipe
