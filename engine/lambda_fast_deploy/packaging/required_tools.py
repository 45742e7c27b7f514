"""What the builds of a plan need on this machine, checked before the first build."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Action, Base, DesiredImages, ImageSource, Step
from lambda_fast_deploy.run_log import RunLog


def check_machine(
    desired: DesiredImages, steps: Iterable[Step], clients: Clients, run_log: RunLog
) -> None:
    """Check that builders and secrets are available, and begin to start the builders.

    What makes builds slower is noted.

    Raises:
        NotReady: a builder or a secret is missing.
    """
    sources = desired.sources_of({step.id for step in steps if step.action is Action.BUILD})
    if not sources:
        return
    from lambda_fast_deploy.packaging.images.builders import check_builders  # for builds

    check_secrets(sources)
    for builder in check_builders(sources, clients, run_log.note).values():
        builder.begin(run_log.cancellation.check)


def check_secrets(sources: Iterable[Base | ImageSource]) -> None:
    """Check that every build secret has a value.

    Raises:
        NotReady: with the variables without a value.
    """
    missing = {
        f"{variable} (of secret {secret})": None
        for source in sources
        for secret, variable in source.secrets.items()
        if not VARIABLES.get(variable)  # GitHub passes an unknown secret as an empty text
    }
    if missing:
        raise NotReady(
            f"a build secret has no value: {', '.join(missing)} is not set, or empty",
            remedy="Export it, or in a workflow set it under env: of the step.",
        )
