"""The checkout: what a test that asks for changed files needs of it."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy.doctor.finding import Finding, note
from lambda_fast_deploy.models import Settings


def history(settings: Settings) -> Iterator[Finding]:
    """Whether the clone reaches back to the commit that changes are counted from."""
    asking = {
        test.name
        for function in settings.functions
        for test in function.tests
        if any(condition.path for condition in test.when)
    }
    if asking and settings.event.paths is None:
        yield note(
            "This clone does not hold the commit before, so what changed is not known, and tests "
            f"run whatever their path says: {', '.join(sorted(asking))}",
            "Let actions/checkout have fetch-depth: 0.",
        )
