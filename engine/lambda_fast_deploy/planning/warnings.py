"""Warnings about a planned deploy, with what to do about each."""

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
from lambda_fast_deploy.models.function_attributes import ATTRIBUTES
from lambda_fast_deploy.models.other_attributes import ONLY_AT_CREATION
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, QUOTAS


def cautions(
    function: Function,
    region: str,
    plan: Plan,
    observed_region: ObservedRegion,
    store: Store | None,
) -> Iterator[str]:
    """The warnings about a function before its deploy to a region.

    Args:
        function: the function.
        region: the region.
        plan: the plan.
        observed_region: the observed region.
        store: the bucket for zips that are too large for an API call, if any.
    """
    observed = observed_region.functions.get(function.name)
    yield from _above_quotas(function)
    if observed is None:
        return
    for member, value in function.configuration.also.items():
        if member in ONLY_AT_CREATION and observed.latest.others.get(member) != value:
            yield (
                f"{member} of {function.name} in {region} stays as it is: Lambda sets it only when "
                "it creates a function."
            )
    steps = plan.function(region, function.name)
    is_code_new, is_configured = (
        step is not None and step.action.changes for step in (steps.code, steps.configuration)
    )
    if function.has_alias and observed.alias is None and (is_code_new or is_configured):
        yield (
            f"Alias {function.alias} of {function.name} is new in {region}. Callers of "
            f"{function.name} without alias get $LATEST, which changes before the tests. Change "
            f"them to call {function.name}:{function.alias}, or set alias: $LATEST."
        )
    if is_code_new and store is None and _is_large(function, observed):
        yield (
            f"The live code of {function.name} in {region} is "
            f"{units.size(observed.latest.code_size)} zipped, so a rollback needs a bucket. "
            "Set artifacts: {bucket: NAME, create: true}."
        )


def _above_quotas(function: Function) -> Iterator[str]:
    """What the API accepts, and Lambda's quotas may not."""
    for attribute in ATTRIBUTES:
        value, quota = attribute.desired(function), QUOTAS.get(attribute.key)
        if quota and value is not None and value > quota:
            yield (
                f"{attribute.key} of {function.name} is {value} {attribute.unit}; most functions "
                f"can have {quota} {attribute.unit}, and Lambda decides."
            )


def _is_large(function: Function, observed: ObservedFunction) -> bool:
    """Whether the live zip is too large for an API call."""
    is_zip = isinstance(function.source, ZipSource)
    return is_zip and observed.latest.code_size > DIRECT_LIMIT
