"""Looks up which artifacts of the working tree exist in AWS."""

from __future__ import annotations

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.models import Fingerprints, ObservedRegion, Settings
from lambda_fast_deploy.planning.observe import observe
from lambda_fast_deploy.run_log import RunLog

ExistingArtifacts = tuple[Fingerprints, dict[str, ObservedRegion], dict[str, DeployError]]


def look(
    settings: Settings, local: Fingerprints, clients: Clients, run_log: RunLog
) -> ExistingArtifacts:
    """All fingerprints, the observed regions, and the errors of regions that cannot be read.

    Args:
        settings: the desired state.
        local: the fingerprints of the working tree.
        clients: the APIs to read from.
        run_log: takes notes.
    """
    if settings.has_images:
        from lambda_fast_deploy.planning.existing_images import observe_images

        return observe_images(settings, local, clients, run_log)
    return local, *observe(settings, lambda: local, clients)
