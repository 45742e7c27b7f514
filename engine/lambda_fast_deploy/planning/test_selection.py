"""Selects the tests of a run."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from lambda_fast_deploy.models import Condition, Event, FunctionTest

_EVERY = Condition()


def reason_to_run(test: FunctionTest, event: Event) -> str:
    """Why the event or a condition asks for a test, or ``""``."""
    if event.is_release:
        return "a release runs every test"
    if event.asks_for("test-all"):
        return "the commit message says [test-all]"
    fitting = next((each for each in test.when if fits(each, event)), _EVERY)
    if flags := [flag for flag in fitting.flag if event.asks_for(flag)]:
        return f"the commit message says [{flags[0]}]"
    return ""


def reason_to_skip(test: FunctionTest, event: Event, *, changed: bool) -> str:
    """Why a test does not run, or ``""`` if it runs."""
    if reason_to_run(test, event):
        return ""
    if test.when and not any(fits(condition, event) for condition in test.when):
        return f"runs with {' or '.join(map(_described, test.when))}"
    return "" if changed else "nothing changed"


def fits(condition: Condition, event: Event) -> bool:
    """Whether all parts of a condition are true. Unknown changed files count as a match."""
    return (
        (not condition.flag or any(event.asks_for(flag) for flag in condition.flag))
        and (not condition.event or event.name in condition.event)
        and _any(condition.branch, [event.branch])
        and _any(condition.tag, [event.tag])
        and (event.paths is None or _any(condition.path, event.paths))
    )


def _any(patterns: tuple[str, ...], values: Iterable[str]) -> bool:
    present = [value for value in values if value]
    return not patterns or any(fnmatchcase(v, pattern) for v in present for pattern in patterns)


def _described(condition: Condition) -> str:
    """A condition in words."""
    words = [
        *([" or ".join(f"[{flag}]" for flag in condition.flag)] if condition.flag else []),
        *(
            f"{kind} {' or '.join(patterns)}"
            for kind in ("event", "branch", "tag", "path")
            if (patterns := getattr(condition, kind))
        ),
    ]
    return " and ".join(words) or "every run"
