"""What is kept of a stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.errors import Conflict
from lambda_fast_deploy.stacks.snapshots import Snapshot, Snapshots, digest_of


class Objects(Bucket):
    """A bucket in memory. ``meanwhile`` is what another run does before the next write."""

    def __init__(self) -> None:
        self._stored: dict[str, tuple[bytes, str]] = {}
        self.meanwhile: Callable[[], object] | None = None

    def read(self, key: str) -> tuple[bytes, str] | None:
        return self._stored.get(key)

    def put(self, key: str, content: bytes, etag: str = "") -> str:
        if happens := self.meanwhile:
            self.meanwhile = None
            happens()
        if etag and self._stored[key][1] != etag:
            raise Conflict("it has changed")
        self._stored[key] = content, f"{len(self._stored)} {hash(content)}"
        return self._stored[key][1]


def snapshot(template: str) -> Snapshot:
    """A state of a stack that has passed its tests."""
    return Snapshot(template, {}, (), {})


def test_a_digest_tells_whether_a_secret_is_the_same_and_no_more() -> None:
    known = digest_of("one")
    assert digest_of("one", known) == known
    assert digest_of("two", known) != known
    assert digest_of("one") != known  # salted: nobody can look it up
    assert "one" not in known


def test_a_line_ends_with_what_is_known_to_have_passed_and_has_each_state_once() -> None:
    passed = snapshot("{}")
    first = replace(snapshot("{A: 1}"), back=passed.line)
    second = replace(snapshot("{A: 2}"), back=first.line)
    assert passed.line == (passed.id,)
    assert second.line == (second.id, first.id, passed.id)
    assert {each.tested_id for each in (passed, first, second)} == {passed.id}
    again = replace(first, back=second.line)
    assert again.line == second.line
    assert again.tested_id == passed.id


def test_what_has_passed_is_not_given_up() -> None:
    stored = Snapshots(Objects(), "s")
    passed = stored.put(snapshot("{}"))
    assert stored.give_up(passed.id) == passed
    assert stored.get(passed.id) == passed
    assert stored.give_up("absent") is None


def test_what_is_given_up_can_no_longer_pass() -> None:
    stored = Snapshots(Objects(), "s")
    under_test = stored.put(replace(snapshot("{}"), back=("before",)))
    assert stored.give_up(under_test.id) is None
    with pytest.raises(Conflict):
        stored.settle(replace(under_test, back=None))


def test_what_passes_at_the_last_moment_is_not_given_up() -> None:
    objects = Objects()
    stored = Snapshots(objects, "s")
    under_test = stored.put(replace(snapshot("{}"), back=("before",)))
    objects.meanwhile = lambda: stored.settle(replace(under_test, back=None))
    passed = stored.give_up(under_test.id)
    assert passed
    assert passed.back is None


def test_the_newest_that_has_passed_is_found() -> None:
    stored = Snapshots(Objects(), "s")
    under_test = stored.put(replace(snapshot("{A: 1}"), back=()))
    newer, older = (stored.put(snapshot(each)) for each in ("{A: 2}", "{A: 3}"))
    assert stored.passed(["absent", under_test.id, newer.id, older.id]) == newer
    assert stored.passed([under_test.id]) is None
