"""Tests and canaries from values of the right shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from engine.errors import Place
from engine.model import Canary, CommandGate, Condition, Gate, HttpGate, InvokeGate, S3Gate
from engine.settings.checked import Checked
from engine.settings.document import nearest

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
    checked: Checked, names: Iterable[str], tests: Mapping[str, Gate], *path: str | int
) -> list[Gate]:
    """The tests of those names; a name that no test has is a problem."""
    gates: list[Gate] = []
    for index, test in enumerate(names):
        if test in {gate.name for gate in gates}:
            checked.problem(f"{test!r} is named twice", *path, index)
        elif test in tests:
            gates.append(tests[test])
        elif test not in (known := checked.names("tests")):
            checked.problem(f"no test {test!r}{nearest(test, known)}", *path, index)
    return gates


def read_gate(checked: Checked, name: str, value: dict[str, Any]) -> Gate:
    """A test, from values of the right shape."""
    for key in _out_of_place(value):
        says = f"{key!r} says nothing about a test by {_kind(value)}"
        checked.problem(says, "tests", name, key)
    made = _gate(name, value, checked.at("tests", name, "s3", "bucket"))
    if not made.within:
        checked.problem("within: no test can pass in no time", "tests", name, "within")
    if isinstance(made, HttpGate) and made.is_elsewhere and (why := _unusable(made.target)):
        checked.problem(f"http: {why}", "tests", name, "http")
    if isinstance(made, HttpGate) and made.auth == "iam" and not made.is_elsewhere:
        says = "a path of the function is signed when its url is iam; auth is for an address"
        checked.problem(says, "tests", name, "auth")
    if isinstance(made, HttpGate) and made.event and made.is_elsewhere:
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


def _gate(name: str, value: Mapping[str, Any], place: Place) -> Gate:
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
        return S3Gate(
            bucket=s3["bucket"],
            path=s3["path"],
            prefix=s3.get("prefix", ""),
            place=place,
            owner=s3.get("owner", ""),
            event=value.get("event"),
            **common,
        )
    if "command" in value:
        return CommandGate(command=tuple(value["command"]), **common)
    if "invoke" in value:
        return InvokeGate(payload=value["invoke"], **answer, **common)
    return HttpGate(
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
