"""What the builds of a plan need of this machine, found out before anything is built."""

from __future__ import annotations

from lambda_fast_deploy.adapters import github_cache
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.models import Action, Base, ImageSource, Plan, Settings
from lambda_fast_deploy.packaging.images.builder_choice import buildkit_reason


def check_machine(settings: Settings, plan: Plan, clients: Clients, journal: Journal) -> None:
    """Make sure that builders and secrets are there, and note what makes builds slower.

    Raises:
        NotReady: with what is missing.
    """
    building = {step.id for step in plan.steps if step.action is Action.BUILD}
    bases = [base for name, base in settings.bases.items() if f"base:{name}" in building]
    images = [
        function.source
        for function in settings.functions
        if isinstance(function.source, ImageSource) and f"image:{function.name}" in building
    ]
    check_secrets([*bases, *images])
    check_builders(bases, images, clients, journal)


def check_builders(
    bases: list[Base], images: list[ImageSource], clients: Clients, journal: Journal
) -> None:
    """Make sure that the builders of these images answer, and note what makes builds slower.

    Raises:
        NotReady: with what is missing.
    """
    if images or any(is_for_buildkit(base, clients) for base in bases):
        _check_buildx([*bases, *images], clients, journal)
    if any(not is_for_buildkit(base, clients) for base in bases):
        clients.docker.ready()


def is_for_buildkit(base: Base, clients: Clients) -> str:
    """Why BuildKit builds a base rather than the Docker engine, or nothing."""
    if clients.buildx.is_named:
        return "the builder was named"
    reason = buildkit_reason(base)
    return f"it has {reason}" if reason else ""


def check_secrets(sources: list[Base | ImageSource]) -> None:
    """Make sure that every build secret has a value.

    Raises:
        NotReady: with the variables that have none.
    """
    missing = {
        f"{variable} (of secret {secret})": None
        for source in sources
        for secret, variable in source.secrets.items()
        if not VARIABLES.get(variable)  # GitHub makes an empty text of an unknown secret
    }
    if missing:
        raise NotReady(
            f"a build secret has no value: {', '.join(missing)} is not set, or empty",
            remedy="Export it, or in a workflow name it under env: of the step.",
        )


def _check_buildx(sources: list[Base | ImageSource], clients: Clients, journal: Journal) -> None:
    builder = clients.buildx.builder
    if builder is None or builder.driver == "docker":
        clients.docker.ready()
    if builder is None:
        for source in sources:
            if reason := buildkit_reason(source):
                raise NotReady(
                    f"docker buildx is not available, and {source.dockerfile.name} has {reason}",
                    remedy="Install the buildx plugin, or add docker/setup-buildx-action.",
                )
        journal.note(
            "docker buildx is not available, so images are built without a cache; install the "
            "buildx plugin, or add docker/setup-buildx-action before this step."
        )
        return
    if not builder.exports:
        journal.note(
            "This builder cannot write a registry cache, so images are built from the start on a "
            "fresh machine; add docker/setup-buildx-action before this step."
        )
    elif github_cache.is_known() and (trouble := clients.buildx.github_trouble):
        journal.note(f"GitHub's cache is not used, since {trouble}; the registry cache is.")
