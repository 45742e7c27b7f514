"""Tests and canaries from values of the right shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import (
    Canary,
    CommandTest,
    Condition,
    FunctionTest,
    HttpTest,
    InvokeTest,
    S3Test,
)
from lambda_fast_deploy.schema.yaml_lines import nearest

# What says more about one kind of test, and about no other.
_BELONGS = {
    "http": ("method", "headers", "body", "auth", "event", "status", "json", "faster-than"),
    "invoke": ("json", "faster-than"),
    "s3": ("event",),
    "command": (),
}


def _kind(value: Mapping[str, Any]) -> str:
    """What a test does: the key that says it."""
    return next(kind for kind in _BELONGS if kind in value)


def _out_of_place(value: Mapping[str, Any]) -> list[str]:
    """The keys of a test that say nothing about a test of its kind."""
    known = {key for keys in _BELONGS.values() for key in keys}
    return sorted((known - set(_BELONGS[_kind(value)])) & value.keys())


def named_gates(
    checked: ValidatedDocument,
    names: Iterable[str],
    available: Mapping[str, FunctionTest],
    *path: str | int,
) -> list[FunctionTest]:
    """The tests of those names; a name that no test has is a problem."""
    tests: list[FunctionTest] = []
    for index, test in enumerate(names):
        if test in {test.name for test in tests}:
            checked.problem(f"{test!r} is named twice", *path, index)
        elif test in available:
            tests.append(available[test])
        elif test not in (known := checked.names("tests")):
            checked.problem(f"no test {test!r}{nearest(test, known)}", *path, index)
    return tests


def read_gate(checked: ValidatedDocument, name: str, value: dict[str, Any]) -> FunctionTest:
    """A test, from values of the right shape."""
    for key in _out_of_place(value):
        says = f"{key!r} says nothing about a test by {_kind(value)}"
        checked.problem(says, "tests", name, key)
    made = _test(name, value, checked.at("tests", name, "s3", "bucket"))
    if not made.within:
        checked.problem("within: no test can pass in no time", "tests", name, "within")
    if isinstance(made, HttpTest) and made.is_elsewhere and (why := _unusable(made.target)):
        checked.problem(f"http: {why}", "tests", name, "http")
    if isinstance(made, HttpTest) and made.auth == "iam" and not made.is_elsewhere:
        says = "a path of the function is signed when its url is iam; auth is for an address"
        checked.problem(says, "tests", name, "auth")
    if isinstance(made, HttpTest) and made.event and made.is_elsewhere:
        says = "what stands in front of an address makes the event; event is for a path"
        checked.problem(says, "tests", name, "event")
    return made


def _unusable(address: str) -> str:
    """What is wrong with an address, or nothing."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # which is read, and judged, when it is asked for
    except ValueError as error:
        return f"it is no address: {error}"
    if not host:
        return "it names no host"
    if parts.username is not None:
        return "a user and a password belong in headers: authorization"
    return ""


def _test(name: str, value: Mapping[str, Any], place: Place) -> FunctionTest:
    """A test; ``place`` is where its bucket was written, if it has one."""
    common: dict[str, Any] = {"name": name, "within": float(value.get("within", 30.0))}
    when = value.get("when")
    if when is not None:
        listed = when if isinstance(when, list) else [when]
        common["when"] = tuple(_condition(each) for each in listed)
    answer: dict[str, Any] = {
        "json": value.get("json", {}),
        "faster_than": value.get("faster-than"),
    }
    if "s3" in value:
        s3 = value["s3"]
        common.setdefault("when", (Condition(flag=("test-s3",)),))
        return S3Test(
            bucket=s3["bucket"],
            path=s3["path"],
            prefix=s3.get("prefix", ""),
            place=place,
            owner=s3.get("owner", ""),
            event=value.get("event"),
            **common,
        )
    if "command" in value:
        return CommandTest(command=tuple(value["command"]), **common)
    if "invoke" in value:
        return InvokeTest(payload=value["invoke"], **answer, **common)
    return HttpTest(
        target=value["http"],
        method=value.get("method", "GET"),
        headers=value.get("headers", {}),
        body=value.get("body", ""),
        status=value.get("status", 200),
        auth=value.get("auth", "public"),
        event=value.get("event"),
        **answer,
        **common,
    )


def _condition(value: Mapping[str, Any]) -> Condition:
    def words(kind: str) -> tuple[str, ...]:
        given = value.get(kind, ())
        return (given,) if isinstance(given, str) else tuple(given)

    return Condition(
        flag=tuple(word.lower() for word in words("flag")),
        event=words("event"),
        branch=words("branch"),
        tag=words("tag"),
        path=words("path"),
    )


def read_canary(value: Mapping[str, Any], place: Place) -> Canary:
    """A canary; ``place`` is where it was written."""
    return Canary(
        weight=value["weight"],
        duration=value["for"],
        alarms=tuple(value.get("alarms", ())),
        max_error_rate=value.get("max-error-rate"),
        unseen=value.get("unseen", "fail"),
        place=place,
    )
