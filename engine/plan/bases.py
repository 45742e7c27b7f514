"""What each base image is: its own content, and the digests of the images that it starts from.

A base must be built again when ``FROM`` moves, so the registry is asked for those digests. When
it cannot be asked, or the user does not want to follow, the newest base of the same recipe will do:
an upstream that is down must not stop a deployment.
"""

from __future__ import annotations

from engine.adapters.files import read_text
from engine.adapters.parallel import results, workers
from engine.adapters.world import World
from engine.content.dockerfile import upstreams
from engine.content.fingerprint import of_base, standing_on
from engine.journal import Journal
from engine.model import Base, Settings


def base_tag(base: Base, fingerprint: str) -> str:
    """The tag that a base image is found by."""
    return f"{base.tag}-{fingerprint}"


def base_fingerprints(settings: Settings, world: World, journal: Journal) -> dict[str, str]:
    """The fingerprint of each base; the images that they start from are looked up together."""
    with workers() as pool:
        return results(
            {
                name: pool.submit(_fingerprint, base, settings.regions[0], world, journal)
                for name, base in settings.bases.items()
            }
        )


def _fingerprint(base: Base, region: str, world: World, journal: Journal) -> str:
    recipe = of_base(base)
    if not base.follow_upstream:
        return recipe
    images = upstreams(read_text(base.dockerfile), base.build_args)
    if not images:
        return recipe
    with workers() as pool:
        login = world.registry(region).login
        digests = results(
            {image: pool.submit(world.docker.digest, image, login) for image in images}
        )
    unknown = [image for image, digest in digests.items() if not digest]
    if not unknown:
        return standing_on(recipe, digests)
    journal.note(
        f"Whether {', '.join(unknown)} has moved could not be found out; the newest base of the "
        "same recipe is used."
    )
    return _newest(base, recipe, region, world)


def _newest(base: Base, recipe: str, region: str, world: World) -> str:
    """The fingerprint of the newest base of a recipe in the registry, or the recipe's own."""
    prefix = f"{base.tag}-"
    for tag in world.registry(region).tags(base.repository, base_tag(base, recipe)):
        fingerprint = tag.removeprefix(prefix)
        if tag.startswith(prefix) and fingerprint != recipe and len(fingerprint) == len(recipe):
            return fingerprint
    return recipe
