"""The registry of kinds: what all of them have in common."""

from __future__ import annotations

from itertools import combinations

from lambda_fast_deploy.testing.kinds import KINDS


def test_every_kind_is_told_apart_by_a_key_of_its_own() -> None:
    names = [kind.key for kind in KINDS]
    assert len(names) == len(set(names))
    for kind in KINDS:
        others = {name for other in KINDS if other is not kind for name in other.keys}
        assert kind.key in kind.keys
        assert kind.key not in others


def test_a_key_that_several_kinds_have_is_the_same_key() -> None:
    for one, other in combinations(KINDS, 2):
        for name in one.keys.keys() & other.keys.keys():
            assert one.keys[name] is other.keys[name], f"{name} of {one.key} and {other.key}"


def test_secret_keys_are_keys() -> None:
    for kind in KINDS:
        assert {*kind.secret_keys} <= {*kind.keys}
