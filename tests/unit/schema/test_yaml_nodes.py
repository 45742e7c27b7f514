"""What a file is made of, before it is followed: hostile ones end with one message."""

from __future__ import annotations

import time

import pytest
import yaml

from lambda_fast_deploy.errors import Problem
from lambda_fast_deploy.schema.yaml_nodes import DEPTH, SIZE, compose, scalar

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(20)
)
CHAIN = "c0: &c0 [x]\n" + "".join(f"c{n}: &c{n} [*c{n - 1}]\n" for n in range(1, DEPTH + 5))


def complaint(text: str) -> str:
    problems: list[Problem] = []
    assert compose(text, "f.yml", problems) is None
    (problem,) = problems
    return str(problem)


@pytest.mark.parametrize("opened", ["[", "{a: ", "- ", "? "])
def test_a_nesting_that_would_end_the_stack_is_refused(opened: str) -> None:
    """A hundred thousand lists inside each other end PyYAML's C code, and the process with it."""
    begun = time.monotonic()
    assert complaint(opened * 100_000) == f"f.yml:1: nested more than {DEPTH} levels deep"
    assert time.monotonic() - begun < 1


def test_as_many_values_inside_each_other_as_are_allowed_are_read() -> None:
    assert compose("[" * DEPTH + "]" * DEPTH, "f.yml", []) is not None


def test_what_aliases_repeat_counts_as_often_as_they_do() -> None:
    begun = time.monotonic()
    assert complaint(LAUGHS) == f"f.yml:5: more than {SIZE} values, with aliases expanded"
    assert time.monotonic() - begun < 1


def test_aliases_lead_no_deeper_than_text_does() -> None:
    assert complaint(CHAIN).endswith(f"nested more than {DEPTH} levels deep, with aliases expanded")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: &b [*b]\n", "f.yml:2: contains itself by an alias"),
        ("a: 1\n? [b]\n: c\n", "f.yml:2: a key must be a scalar, not a list or a mapping"),
        ("a: 1\n\n\x07\n", "f.yml:3: not valid YAML: "),
    ],
)
def test_what_cannot_be_followed_is_said_at_its_line(text: str, says: str) -> None:
    assert complaint(text).startswith(says)


@pytest.mark.parametrize(
    "written", ["!!bool x", '!!int ""', '!!float ""', "!!timestamp x", "!!binary é", "!!seq x"]
)
def test_a_tag_that_does_not_fit_is_no_end(written: str) -> None:
    node = yaml.compose(written)
    assert node is not None
    assert scalar(node) in ("x", "", "é", [])
