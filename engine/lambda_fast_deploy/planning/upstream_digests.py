"""What images stand on: the digests of the images that they start from, or copy from.

What follows its upstreams must be built again when these move, so registries are asked for their
digests. Where one does not tell, what was made of the same recipe before will do: an upstream that
is down must not stop a deployment.
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
    known_part,
    recipes_of,
    standing_on,
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
    """The fingerprints with those of all images: what they stand on is asked for at once.

    Args:
        desired: the images.
        local: the fingerprints of what the working tree holds.
        clients: where it is asked.
        run_log: takes notes.
        asked: whether the digests have been asked for, and ``local`` has those that are known.
    """
    every = {each.step: each for each in recipes_of(desired)}
    digests = local.digests
    if not asked:
        names = _asked_for(every.values(), run_log, unmerged=bool(desired.event.unmerged))
        digests = _digests(names, desired.region, clients, run_log)

    def followed(step: str) -> dict[str, str]:
        """The digests of what something follows; ``""`` where one is not known."""
        names = every[step].upstreams() if every[step].source.follow_upstream else []
        return {name: digests.get(name, "") for name in names}

    def known(step: str) -> dict[str, str]:
        found = followed(step)
        return found if all(found.values()) else known_part(found)

    def base(name: str, given: Base) -> str:
        step = f"base:{name}"
        found = standing_on(local.recipes[step], known(step))
        if all(followed(step).values()):
            return found
        tag = part_tag(given, found) if known(step) else base_tag(given, found)
        return _newest(given, tag, desired.region, clients) or found

    with workers() as pool:
        bases = results(
            {name: pool.submit(base, name, given) for name, given in desired.bases.items()}
        )
    images = {
        each.name: standing_on(
            local.recipes[each.step], known(each.step), bases.get(each.source.base or "", "")
        )
        for each in desired.images
    }
    return replace(local, bases=bases, images=images, digests=digests)


def _asked_for(every: Iterable[ImageRecipe], run_log: RunLog, *, unmerged: bool) -> list[str]:
    """The images that registries are asked for."""
    found: set[str] = set()
    for each in every:
        if each.source.follow_upstream:
            names = each.asked_for(unmerged=unmerged)
            found |= set(names)
            if len(names) < len(each.upstreams()):
                run_log.note(
                    f"What {each.what} starts from is named by a build argument, and not asked for "
                    "before it is merged; what was made of the same files last counts."
                )
    return sorted(found)


def _digests(
    images: list[str], region: str, clients: Clients, run_log: RunLog
) -> Mapping[str, str]:
    """The digest of each image that is known, ``""`` where nothing answers; others are noted."""
    if not images:
        return {}
    known, unknown = attempts(clients.distribution(region).digest, images)
    for image, error in unknown.items():
        is_gone = isinstance(error, Unreachable)
        other = "or else the copy that the builder has" if is_gone else "if there is anything"
        run_log.note(
            f"Whether {image} has moved could not be found out, so what was made of the same files "
            f"last counts, {other}: {error.message}. {error.remedy}".rstrip()
        )
        known |= {image: ""} if is_gone else {}
    return known


def _newest(base: Base, tag: str, region: str, clients: Clients) -> str:
    """The fingerprint of the image behind a tag of a base, or nothing."""
    prefix = f"{base.tag}-"
    for each in clients.registry(region).tags(base.repository, tag):
        fingerprint = each.removeprefix(prefix)
        if each.startswith(prefix) and each != tag and re.fullmatch("[0-9a-f]{16}", fingerprint):
            return fingerprint
    return ""
