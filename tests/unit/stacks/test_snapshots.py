"""What is kept of a stack."""

from __future__ import annotations

from lambda_fast_deploy.stacks.snapshots import digest_of


def test_a_digest_tells_whether_a_secret_is_the_same_and_no_more() -> None:
    known = digest_of("one")
    assert digest_of("one", known) == known
    assert digest_of("two", known) != known
    assert digest_of("one") != known  # salted: nobody can look it up
    assert "one" not in known
