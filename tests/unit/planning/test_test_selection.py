"""Every event and flag against the tests that run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambda_fast_deploy.models import (
    Condition,
    Event,
)
from lambda_fast_deploy.planning.test_selection import reason_to_run, reason_to_skip
from lambda_fast_deploy.testing.kinds.http import HttpTest
from tests.unit import make

NIGHTLY = HttpTest(name="nightly", target="/", when=(Condition(event=("schedule",)),))
SMOKE = HttpTest(name="smoke", target="/", when=(Condition(flag=("smoke", "fire")),))
MAIN = HttpTest(
    name="main",
    target="/",
    when=(Condition(branch=("main", "release/*"), path=("src/*",)), Condition(tag=("v*",))),
)
GATES = (make.HEALTH, make.STORAGE, NIGHTLY, SMOKE, MAIN)


def event(name: str, *flags: str, branch: str = "", tag: str = "", paths: str = "") -> Event:
    changed = tuple(paths.split()) if paths else None
    return Event(name, flags=frozenset(flags), branch=branch, tag=tag, paths=changed)


TABLE = [
    (event("push"), "health"),
    (event("push", "test-s3"), "health storage"),
    (event("push", "smoke"), "health smoke"),
    (event("push", "fire", "test-s3"), "health storage smoke"),
    (event("push", "test-all"), "health storage nightly smoke main"),
    (event("push", "unknown"), "health"),
    (event("push", branch="main"), "health main"),  # what changed is not known
    (event("push", branch="main", paths="src/app.py"), "health main"),
    (event("push", branch="release/2", paths="README.md src/a/b.py"), "health main"),
    (event("push", branch="main", paths="README.md"), "health"),
    (event("push", branch="topic", paths="src/app.py"), "health"),
    (event("push", tag="v1"), "health storage nightly smoke main"),  # a release tag
    (event("release", tag="v1"), "health storage nightly smoke main"),
    (event("release"), "health storage nightly smoke main"),
    (event("schedule", branch="topic"), "health nightly"),
    (event("workflow_dispatch", branch="main", paths="src/app.py"), "health main"),
    (event("workflow_dispatch", "test-s3"), "health storage"),
    (event("merge_group", "test-s3"), "health storage"),
    (event("pull_request", "test-all"), "health storage nightly smoke main"),
    (event("local"), "health"),
]


@pytest.mark.parametrize(("given", "names"), TABLE)
def test_what_runs_when_something_changed(given: Event, names: str) -> None:
    ran = [test.name for test in GATES if not reason_to_skip(test, given, changed=True)]
    assert " ".join(ran) == names


@pytest.mark.parametrize(("given", "names"), TABLE)
def test_unchanged_only_what_was_asked_for_in_so_many_words_runs(given: Event, names: str) -> None:
    ran = [test.name for test in GATES if not reason_to_skip(test, given, changed=False)]
    assert ran == [test.name for test in GATES if reason_to_run(test, given)]
    assert set(ran) <= set(names.split())


def test_a_reason_says_what_was_missing() -> None:
    said = reason_to_skip(replace(MAIN), event("push", branch="topic"), changed=True)
    assert said == "runs with branch main or release/* and path src/* or tag v*"
    assert reason_to_skip(SMOKE, event("push"), changed=True) == "runs with [smoke] or [fire]"
