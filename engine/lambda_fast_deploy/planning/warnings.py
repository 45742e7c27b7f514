"""What people may not expect of a deploy that is planned, and what they can do about it."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy import units
from lambda_fast_deploy.models import (
    Function,
    ObservedFunction,
    ObservedRegion,
    Plan,
    Store,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT


def cautions(
    function: Function,
    region: str,
    plan: Plan,
    observed_region: ObservedRegion,
    store: Store | None,
) -> Iterator[str]:
    """What is to be said of a function before it is deployed to a region.

    Args:
        function: the function.
        region: where.
        plan: what will be done.
        observed_region: what the region has.
        store: where zips go that are too large for a call, if anywhere.
    """
    observed = observed_region.functions.get(function.name)
    if observed is None:
        return
    steps = plan.function(region, function.name)
    is_code_new, is_configured = (
        step is not None and step.action.changes for step in (steps.code, steps.configuration)
    )
    if function.has_alias and observed.alias is None and (is_code_new or is_configured):
        yield (
            f"Alias {function.alias} of {function.name} is new in {region}: who calls "
            f"{function.name} itself gets $LATEST, which changes before the tests. Let them call "
            f"{function.name}:{function.alias}; or write alias: $LATEST, if they are to stay."
        )
    if is_code_new and store is None and _is_large(function, observed):
        yield (
            f"The code that {function.name} has in {region} is "
            f"{units.size(observed.latest.code_size)} zipped: should the deploy fail, it takes "
            "a bucket "
            "to put it back. Name one: artifacts: {bucket: NAME, create: true}."
        )


def _is_large(function: Function, observed: ObservedFunction) -> bool:
    """Whether the zip that is there is too large for a call."""
    is_zip = isinstance(function.source, ZipSource)
    return is_zip and observed.latest.code_size > DIRECT_LIMIT
