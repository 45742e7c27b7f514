"""The checkout: the history that tests with the condition path need."""

from __future__ import annotations

from collections.abc import Iterator

from lambda_fast_deploy.doctor.finding import Finding, note
from lambda_fast_deploy.models import Settings


def history(settings: Settings) -> Iterator[Finding]:
    """Whether the clone has the previous commit, which changed files are compared with."""
    tests = {test.name for test in settings.tests if any(condition.path for condition in test.when)}
    if tests and settings.event.paths is None:
        yield note(
            "This clone does not have the previous commit, so changed files are unknown, and these "
            f"tests run regardless of their path: {', '.join(sorted(tests))}",
            "Set fetch-depth: 0 for actions/checkout.",
        )
