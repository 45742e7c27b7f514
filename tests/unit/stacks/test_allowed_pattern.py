"""Patterns of templates: what they say of a value, in time that is bounded."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_fast_deploy.stacks.allowed_pattern import may_match

ENDLESS = ["(a+)+", "(a|a)*b", "(a|aa)+b", "(a*)*b", "(.*)*x", "(a{1,20}){1,20}b", ".*.*.*.*.*.*b"]
ENDLESS += ["(?=(a+)+b)a*", "((a?){30}){30}b", r"(a*)(a*)(a*)(a*)\1b", "(((a+)+)+)+b", "(?>(a+)+b)"]
ENDLESS += ["(){4294967294}", "(?:a?){4000000000}b", "(?:(?:a{0,9}){0,9}){0,9}b"]


def seconds(value: str, pattern: str) -> float:
    """What it takes of the processor to judge a value."""
    begun = time.process_time()
    may_match(value, pattern)
    return time.process_time() - begun


@pytest.mark.parametrize("pattern", ENDLESS)
@pytest.mark.parametrize("length", [30, 4096])
def test_a_pattern_that_could_take_long_is_left_to_cloudformation(
    pattern: str, length: int
) -> None:
    value = "a" * length + "!"
    assert seconds(value, pattern) < 2
    assert may_match(value, pattern)


PIECES = st.sampled_from(["a", "b", ".", "[ab]", r"\w", "", "^", "$", r"\1"])
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"({'|'.join(each)})"),
        st.tuples(
            st.sampled_from(["", "?:", "?=", "?!", "?>"]),
            inner,
            st.sampled_from(["*", "+", "?", "*?", "+?", "*+", "{2,9}", "{3}", "{1,}", "{0,99}"]),
        ).map(lambda each: f"({each[0]}{each[1]}){each[2]}"),
    ),
    max_leaves=12,
)


@given(PATTERNS, st.integers(0, 60))
@example("(a+)+", 60)
@settings(max_examples=300, deadline=None)
def test_no_pattern_takes_long(pattern: str, length: int) -> None:
    assert seconds("a" * length + "!", pattern) < 2


USUAL = [
    ("[a-z][a-z0-9-]*", "my-stack-1", "My stack"),
    (r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})/(\d{1,2})$", "10.0.0.0/16", "10.0.0/16"),
    (r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)", "10.0.0.1", "10.0.0.x"),
    (r"[^@\s]+@[^@\s]+\.[^@\s]+", "somebody@example.com", "somebody"),
    (r"arn:aws[\w-]*:[a-z]+:[a-z0-9-]*:\d{12}:.+", "arn:aws:sns:eu-west-1:123456789012:a", "arn"),
    (r"(?=.*[a-z])(?=.*\d).{8,64}", "secret-and-1", "short"),
    ("dev|test|prod", "prod", "production"),
    (".{1,4096}", "x" * 4096, "x" * 4097),
]


@pytest.mark.parametrize(("pattern", "fits", "fails"), USUAL)
def test_what_templates_usually_ask_for_is_judged(pattern: str, fits: str, fails: str) -> None:
    assert may_match(fits, pattern)
    assert not may_match(fails, pattern)
