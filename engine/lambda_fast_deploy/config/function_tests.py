"""Reads tests and canaries from checked values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lambda_fast_deploy.config.test_keys import CANARY, TEST
from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import Canary, Condition, FunctionTest
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.testing.kinds import KINDS
from lambda_fast_deploy.testing.kinds.kind import Entry

_COMMON = ("when", "within")  # keys of every kind


def named_tests(
    checked: ValidatedDocument,
    names: Iterable[str],
    available: Mapping[str, FunctionTest],
    *path: str | int,
) -> list[FunctionTest]:
    """The tests of these names; a name without a test is a problem."""
    tests: list[FunctionTest] = []
    for index, test in enumerate(names):
        if test in {test.name for test in tests}:
            checked.problem(f"test {test!r} is listed twice", *path, index)
        elif test in available:
            tests.append(available[test])
        elif test not in (defined := checked.names("tests")):
            checked.problem(f"unknown test {test!r}{nearest(test, defined)}", *path, index)
    return tests


def read_test(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> FunctionTest:
    """A test, from checked values."""
    path = ("tests", name)
    kind = next(kind for kind in KINDS if kind.key in value)
    for key in sorted(value.keys() - {*kind.keys, *_COMMON}):
        checked.problem(f"{key!r} does not apply to a test of kind {kind.key}", *path, key)
    value = TEST.completed(value)
    test = kind.read(
        Entry(
            value=value,
            options={
                "name": name,
                "within": float(value["within"]),
                "when": _conditions(value["when"]) if "when" in value else kind.default_when,
            },
            problem=lambda message, *keys: checked.problem(message, *path, *keys),
            at=lambda *keys: checked.at(*path, *keys),
        )
    )
    if not test.within:
        checked.problem("within: must be more than 0", *path, "within")
    return test


def _conditions(value: Any) -> tuple[Condition, ...]:
    return tuple(_condition(each) for each in (value if isinstance(value, list) else [value]))


def _condition(value: Mapping[str, Any]) -> Condition:
    def words(kind: str) -> tuple[str, ...]:
        listed = value.get(kind, ())
        return (listed,) if isinstance(listed, str) else tuple(listed)

    return Condition(
        flag=tuple(word.lower() for word in words("flag")),
        event=words("event"),
        branch=words("branch"),
        tag=words("tag"),
        path=words("path"),
    )


def read_canary(value: Mapping[str, Any], place: Place) -> Canary:
    """A canary, from checked values; ``place`` is its place in the configuration."""
    value = CANARY.completed(value)
    return Canary(
        weight=value["weight"],
        duration=value["for"],
        alarms=tuple(value.get("alarms", ())),
        max_error_rate=value.get("max-error-rate"),
        unseen=value["unseen"],
        place=place,
    )
