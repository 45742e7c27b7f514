"""Functions that a configuration once deployed and no longer has, known by their tag."""

from __future__ import annotations

from lambda_fast_deploy.adapters.aws.tagged import tagged_functions
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import NotPermitted
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state import marks


def former_functions(
    settings: Settings, clients: Clients, run_log: RunLog
) -> list[tuple[str, str]]:
    """The region and the name of each such function; notes a search that IAM does not allow."""
    if not settings.configuration:
        return []
    names = {*settings.left_out, *(function.name for function in settings.functions)}
    former = []
    for region in settings.regions:
        try:
            tagged = tagged_functions(
                clients.aws, region, marks.CONFIGURATION, settings.configuration
            )
        except NotPermitted as denied:
            run_log.note(
                f"Functions that this configuration no longer has are not shown: {denied.message}"
            )
            continue
        functions = clients.functions(region)
        former += [
            (region, name) for name in tagged if name not in names and functions.read(name)
        ]  # a deleted function can still be found for a while
    return former
