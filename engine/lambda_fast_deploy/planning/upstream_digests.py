"""The digests of upstream images: those that Dockerfiles start from, or copy from.

An image that follows its upstreams is rebuilt when these move, so their digests are read from
registries. If a registry does not answer, the newest image of the same recipe is reused: an
unavailable upstream must not stop a deployment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, results, workers
from lambda_fast_deploy.errors import Unreachable
from lambda_fast_deploy.fingerprints.images.recipe import (
    ImageRecipe,
    fingerprint_with_upstreams,
    known_digests,
    recipes_of,
)
from lambda_fast_deploy.models import Base, DesiredImages, Fingerprints
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import base_tag, part_tag


def settled(
    desired: DesiredImages,
    local: Fingerprints,
    clients: Clients,
    run_log: RunLog,
    *,
    asked: bool = False,
) -> Fingerprints:
    """The fingerprints including those of all images, with their upstreams' digests.

    Args:
        desired: the images.
        local: the fingerprints of the working tree.
        clients: the APIs to read from.
        run_log: takes notes.
        asked: whether the digests have been read already, and are in ``local``.
    """
    recipes = {each.step: each for each in recipes_of(desired)}
    digests = local.digests
    if not asked:
        names = _names_to_look_up(recipes.values(), run_log, unmerged=bool(desired.event.unmerged))
        digests = _digests(names, desired.region, clients, run_log)

    def known(step: str) -> dict[str, str]:
        return known_part(recipes[step], digests)

    def base(name: str, settings: Base) -> str:
        step = f"base:{name}"
        fingerprint = fingerprint_with_upstreams(local.recipes[step], known(step))
        if all(followed(recipes[step], digests).values()):
            return fingerprint
        tag = part_tag(settings, fingerprint) if known(step) else base_tag(settings, fingerprint)
        return _newest(settings, tag, desired.region, clients) or fingerprint

    with workers() as pool:
        bases = results(
            {
                name: pool.submit(base, name, base_settings)
                for name, base_settings in desired.bases.items()
            }
        )
    images = {
        each.name: fingerprint_with_upstreams(
            local.recipes[each.step], known(each.step), bases.get(each.source.base or "", "")
        )
        for each in desired.images
    }
    return replace(local, bases=bases, images=images, digests=digests)


def followed(recipe: ImageRecipe, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of the upstreams that an image follows; ``""`` if unknown."""
    names = recipe.upstreams() if recipe.source.follow_upstream else []
    return {name: digests.get(name, "") for name in names}


def known_part(recipe: ImageRecipe, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of its upstreams that count for its fingerprint, as far as they are known."""
    upstreams = followed(recipe, digests)
    return upstreams if all(upstreams.values()) else known_digests(upstreams)


def _names_to_look_up(
    recipes: Iterable[ImageRecipe], run_log: RunLog, *, unmerged: bool
) -> list[str]:
    """The upstream images whose digests are read."""
    names_: set[str] = set()
    for each in recipes:
        if each.source.follow_upstream:
            names = each.asked_for(unmerged=unmerged)
            names_ |= set(names)
            if len(names) < len(each.upstreams()):
                run_log.note(
                    f"The upstream image of {each.what} comes from a build argument and is not "
                    "looked up before the code is merged; the newest image of the same files is "
                    "reused."
                )
    return sorted(names_)


def _digests(
    images: list[str], region: str, clients: Clients, run_log: RunLog
) -> Mapping[str, str]:
    """The digest of each image, ``""`` if its registry is unreachable; a note for each failure."""
    if not images:
        return {}
    digests, errors = attempts(clients.distribution(region).digest, images)
    for image, error in errors.items():
        is_gone = isinstance(error, Unreachable)
        other = "or else the builder's copy" if is_gone else "if there is one"
        run_log.note(
            f"Could not check {image} for updates; reusing the newest image of the same files, "
            f"{other}: {error.message}. {error.remedy}".rstrip()
        )
        digests |= {image: ""} if is_gone else {}
    return digests


def _newest(base: Base, tag: str, region: str, clients: Clients) -> str:
    """The fingerprint of the image behind a tag of a base, or ``""``."""
    prefix = f"{base.tag}-"
    for each in clients.registry(region).tags(base.repository, tag):
        fingerprint = each.removeprefix(prefix)
        if each.startswith(prefix) and each != tag and re.fullmatch("[0-9a-f]{16}", fingerprint):
            return fingerprint
    return ""
