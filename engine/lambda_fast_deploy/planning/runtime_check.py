"""Notes about runtimes that this version does not know, or that AWS has deprecated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from lambda_fast_deploy.models import ObservedRegion, Settings
from lambda_fast_deploy.models.runtime import RUNTIMES
from lambda_fast_deploy.models.runtime_lifecycle import AS_OF, LIFECYCLES

_SOURCE = f'Lambda developer guide, "Lambda runtimes", {AS_OF}'


def runtime_notes(
    settings: Settings, observed: Mapping[str, ObservedRegion], today: date
) -> Iterator[str]:
    """The notes about the runtimes of all functions, on a day."""
    for region, function in settings.targets:
        if function.runtime:
            is_new = function.name not in observed[region].functions
            yield from runtime_note(function.name, function.runtime, today, is_new=is_new)


def runtime_note(name: str, runtime: str, today: date, *, is_new: bool) -> Iterator[str]:
    """The note about the runtime of a function, if any, on a day."""
    if runtime not in RUNTIMES:
        yield (
            f"{name}: this version of lambda-fast-deploy does not know runtime {runtime}, so it "
            "checks no handler; AWS decides whether to accept it."
        )
    elif says := _of_lifecycle(runtime, today, is_new=is_new):
        yield f"{name}: {says} ({_SOURCE})."


def _of_lifecycle(runtime: str, today: date, *, is_new: bool) -> str:
    dates = LIFECYCLES.get(runtime)
    if dates is None or today < min(dates.deprecated, dates.no_creation):
        return ""
    if is_new and dates.no_creation <= today:
        return f"AWS has created no functions with {runtime} since {dates.no_creation}"
    if dates.no_update <= today:
        return f"AWS has updated no functions with {runtime} since {dates.no_update}"
    until = f"{'creates' if is_new else 'updates'} functions with it"
    last = dates.no_creation if is_new else dates.no_update
    return f"AWS deprecated {runtime} on {dates.deprecated}, and {until} until {last}"
