"""What is there of what Dockerfiles make: AWS and registries are asked at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, workers
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.fingerprints.images.recipe import Lines, recipe_fingerprints, recipes_of
from lambda_fast_deploy.models import Architecture, DesiredImages, Fingerprints, Settings
from lambda_fast_deploy.planning.existing_artifacts import Looked
from lambda_fast_deploy.planning.observe import observe
from lambda_fast_deploy.planning.upstream_digests import settled
from lambda_fast_deploy.run_log import RunLog

MACHINES = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


def look_for_images(
    settings: Settings, local: Fingerprints, clients: Clients, run_log: RunLog
) -> Looked:
    """The same as ``look`` returns, where there are images.

    An image gets the fingerprint of a Dockerfile whose upstreams have no ONBUILD only once it is
    known that they have none. So their configurations are read for what is not there alone.

    Args:
        settings: what is asked for.
        local: the fingerprints of what the working tree holds.
        clients: where it is asked.
        run_log: takes notes.
    """
    desired = DesiredImages.of(settings)
    with workers(1) as pool:
        settling = pool.submit(settled, desired, local, clients, run_log)
        observed, failed = observe(settings, settling.result, clients)
        prints = settling.result()
    there = [
        {*(f"base:{name}" for name in of.bases), *(f"image:{name}" for name in of.images)}
        for of in observed.values()
    ]
    missing = {step for step in prints.recipes if any(step not in some for some in there)}
    found = with_foreign(desired, prints, missing, clients, run_log)
    if found is prints:
        return prints, observed, failed
    return found, *observe(settings, lambda: found, clients)


def with_foreign(
    desired: DesiredImages,
    prints: Fingerprints,
    missing: Collection[str],
    clients: Clients,
    run_log: RunLog,
) -> Fingerprints:
    """The fingerprints with what ONBUILD of other people's images makes count.

    Args:
        desired: the images.
        prints: the fingerprints as they would be if these had no ONBUILD.
        missing: the steps of those images that are not there.
        clients: where it is asked.
        run_log: takes notes.

    Returns:
        The same, if nothing counts that did not before.
    """
    unmerged = bool(desired.event.unmerged)
    every = [each for each in recipes_of(desired) if each.step in missing]
    asked = {
        (name, MACHINES[each.architecture]): None
        for each in every
        for name in each.asked_for(unmerged=unmerged, copied=False)
    }
    known, unknown = attempts(lambda key: _triggers(*key, desired, prints, clients), asked)
    for (name, _), error in unknown.items():
        run_log.note(
            f"Whether ONBUILD of {name} copies anything could not be found out, so all of the "
            f"build context counts: {error.message}. {error.remedy}".rstrip()
        )
    foreign: dict[str, Lines] = {}
    for each in every:
        machine = MACHINES[each.architecture]
        told = [known.get((name, machine)) for name in each.upstreams(copied=False)]
        lines = [line for some in told for line in some or ()]
        foreign[each.step] = None if None in told else tuple(lines)
    if not any(each is None or each for each in foreign.values()):
        return prints
    local = replace(prints, recipes=recipe_fingerprints(desired, foreign), foreign=foreign)
    return settled(desired, local, clients, run_log, asked=True)


def _triggers(
    name: str, machine: str, desired: DesiredImages, prints: Fingerprints, clients: Clients
) -> tuple[str, ...]:
    """The ONBUILD of an image; that of the engine's own copy where no registry tells.

    For what is not merged the engine is not asked.
    """
    digest = prints.digests.get(name)
    image = f"{name}@{digest}" if digest and "@" not in name else name
    try:
        return clients.distribution(desired.region).triggers(image, machine)
    except DeployError:
        held = None if desired.event.unmerged else clients.docker.triggers(name)
        if held is None:
            raise
        return held
