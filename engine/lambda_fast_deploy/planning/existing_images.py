"""Looks up existing images; reads AWS and registries at the same time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, together, workers
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.fingerprints.images.recipe import Lines, recipe_fingerprints, recipes_of
from lambda_fast_deploy.models import (
    Architecture,
    DesiredImages,
    Fingerprints,
    ObservedRegion,
    Settings,
)
from lambda_fast_deploy.planning.existing_artifacts import ExistingArtifacts
from lambda_fast_deploy.planning.observe import observe
from lambda_fast_deploy.planning.upstream_digests import settled
from lambda_fast_deploy.run_log import RunLog

MACHINES = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


def observe_images(
    settings: Settings, local: Fingerprints, clients: Clients, run_log: RunLog
) -> ExistingArtifacts:
    """The same as ``look`` returns, for settings with images.

    The fingerprint of an image depends on the ONBUILD instructions of its upstreams. Reading
    these takes a request per upstream, so they are read for missing images only that are not
    made of others.

    Args:
        settings: the desired state.
        local: the fingerprints of the working tree.
        clients: the APIs to read from.
        run_log: takes notes.
    """
    desired = DesiredImages.of(settings)
    with workers(1) as pool:
        settling = pool.submit(settled, desired, local, clients, run_log)
        observed, failed = observe(settings, settling.result, clients)
        prints = settling.result()
    regions = with_replacements(desired, prints, observed, clients)
    existing = [
        {
            *(f"base:{name}" for name in of.bases),
            *(f"image:{name}" for name in (*of.images, *of.replacements)),
        }
        for of in regions.values()
    ]
    missing = {step for step in prints.recipes if any(step not in some for some in existing)}
    complete = with_foreign(desired, prints, missing, clients, run_log)
    if complete is not prints:
        observed, failed = observe(settings, lambda: complete, clients)
        regions = with_replacements(desired, complete, observed, clients)
    return complete, regions, failed


def with_replacements(
    desired: DesiredImages,
    prints: Fingerprints,
    observed: Mapping[str, ObservedRegion],
    clients: Clients,
) -> dict[str, ObservedRegion]:
    """The regions with the ways to make their missing images without a builder."""
    names = {each.name for each in desired.images}
    if all(names <= state.images.keys() for state in observed.values()):
        return dict(observed)
    from lambda_fast_deploy.planning.replacements import replacements  # most runs need none

    def found(region: str) -> ObservedRegion:
        state, registry = observed[region], clients.registry(region)
        ways = replacements(desired, prints, names - state.images.keys(), state.bases, registry)
        return replace(state, replacements=ways.possible, obstacles=ways.obstacles)

    return dict(zip(observed, together(found, observed), strict=True))


def with_foreign(
    desired: DesiredImages,
    prints: Fingerprints,
    missing: Collection[str],
    clients: Clients,
    run_log: RunLog,
) -> Fingerprints:
    """The fingerprints, with files that only ONBUILD instructions of upstream images copy.

    Args:
        desired: the images.
        prints: the fingerprints under the assumption that upstreams have no ONBUILD.
        missing: the steps of the images that do not exist.
        clients: the APIs to read from.
        run_log: takes notes.

    Returns:
        ``prints`` itself if nothing changes.
    """
    unmerged = bool(desired.event.unmerged)
    recipes = [recipe for recipe in recipes_of(desired) if recipe.step in missing]
    upstreams = {
        (name, MACHINES[recipe.architecture]): None
        for recipe in recipes
        for name in recipe.asked_for(unmerged=unmerged, copied=False)
    }
    triggers, errors = attempts(lambda key: _triggers(*key, desired, prints, clients), upstreams)
    for (name, _), error in errors.items():
        run_log.note(
            f"Could not check ONBUILD instructions of {name}, so the image's fingerprint "
            f"includes the whole build context: {error.message}. {error.remedy}".rstrip()
        )
    foreign: dict[str, Lines] = {}
    for recipe in recipes:
        machine = MACHINES[recipe.architecture]
        instructions = [triggers.get((name, machine)) for name in recipe.upstreams(copied=False)]
        lines = [line for some in instructions for line in some or ()]
        foreign[recipe.step] = None if None in instructions else tuple(lines)
    if not any(recipe is None or recipe for recipe in foreign.values()):
        return prints
    local = replace(prints, recipes=recipe_fingerprints(desired, foreign), foreign=foreign)
    return settled(desired, local, clients, run_log, asked=True)


def _triggers(
    name: str, machine: str, desired: DesiredImages, prints: Fingerprints, clients: Clients
) -> tuple[str, ...]:
    """The ONBUILD of an image, from its registry, or else from the Docker engine's copy.

    The engine is not read for unmerged code.
    """
    digest = prints.digests.get(name)
    image = f"{name}@{digest}" if digest and "@" not in name else name
    try:
        return clients.distribution(desired.region).triggers(image, machine)
    except DeployError:
        local = None if desired.event.unmerged else clients.docker.triggers(name)
        if local is None:
            raise
        return local
