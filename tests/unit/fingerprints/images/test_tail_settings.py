"""Which instructions of a tail set known values, which can then differ between images of a stem."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.tail import Tail, tail_of


def tail(text: str, **build_args: str) -> Tail:
    """The tail of a stage that ends with these lines."""
    dockerfile = read(f"FROM a\nWORKDIR /\n{text}\n")
    return tail_of(dockerfile, dockerfile.stages[-1], build_args)


def known(text: str, **build_args: str) -> list[str]:
    """The instructions whose values are known."""
    return [each.name for each in tail(text, **build_args).settings if each]


@pytest.mark.parametrize(
    ("text", "keys", "values"),
    [
        ('CMD ["a.b", "two words"]', (), ("a.b", "two words")),
        ('ENTRYPOINT ["/a"]', (), ("/a",)),
        ('ENV A=1 B="two words" C=', ("A", "B", "C"), ("1", "two words", "")),
        ("ENV A=${TASK}/x$MODE", ("A",), ("/var/task/xm",)),
        ("LABEL a.b/c-d=$MODE", ("a.b/c-d",), ("m",)),
        ("USER 1000:$MODE", (), ("1000:m",)),
        ("STOPSIGNAL SIGINT", (), ("SIGINT",)),
        ("ARG A=1 GIVEN", ("A", "GIVEN"), ("1", "given")),
        ("ARG GIVEN=1", ("GIVEN",), ("given",)),
    ],
)
def test_values_that_are_known(text: str, keys: tuple[str, ...], values: tuple[str, ...]) -> None:
    (setting,) = tail(text, GIVEN="given").settings
    assert setting
    assert setting.keys == keys
    assert setting.filled({"TASK": "/var/task", "MODE": "m"}) == values


@pytest.mark.parametrize("value", ["ENV A=$MODE", "LABEL a=$MODE", "USER $MODE"])
def test_a_name_of_both_an_argument_and_a_variable_has_no_known_value(value: str) -> None:
    *_, setting = tail(f"ARG MODE=own\n{value}").settings
    assert setting
    assert setting.filled({"MODE": "m"}) is None
    assert setting.filled({"MODE": "own"}) == setting.filled({}) == ("own",)


@pytest.mark.parametrize(
    "text",
    [
        "CMD run", "CMD [1]", "CMD []", 'CMD ["a]', 'CMD ["\\"quoted\\""]', 'CMD ["\u00e9"]',
        "ENV A b", "ENV A='1'", 'ENV A="1"2', "ENV A=1 A=2", "ENV A=${B:-c}", "ENV A=\\$B",
        "ENV A=$A:b", "ENV A=1 B=$A", 'LABEL "a"=b', "USER a b", "USER ${A:-b}",
        "STOPSIGNAL 9", "EXPOSE 80", "VOLUME /a", 'SHELL ["/bin/sh"]', "HEALTHCHECK CMD true",
        "ARG A", "ARG A=$B", "ARG TARGETARCH=x", "ARG A='b'", "MAINTAINER me",
    ],
)  # fmt: skip
def test_values_that_are_not_known(text: str) -> None:
    assert known(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=1\nENV B='2'", []),  # the second may overwrite the first
        ('CMD ["a"]\nCMD run', []),
        ("LABEL a=1\nENV B='2'", ["LABEL"]),
        ("ENV A=1\nCMD run $A", []),
        ("ENV A=1\nEXPOSE ${A}", []),
        ("ENV A=1\nCMD run $B", ["ENV"]),
        ("ENV A=1\nLABEL b=$A c=d", []),
        ("ARG A=1\nENV B=$A\nCMD run $B", []),
        ("ARG A=1\nENV B=$A", ["ARG", "ENV"]),
        ("ARG A=1\nARG C=2\nCMD run $A", ["ARG"]),
        ("ARG A=/x\nCOPY app $A", []),
        ("ARG A=/x\nCOPY --link app $A", ["ARG"]),
        ("ARG A=/x\nCOPY --link --chmod=755 app $A", []),
    ],
)
def test_unknown_values_make_those_unknown_that_they_depend_on(
    text: str, expected: list[str]
) -> None:
    assert known(text) == expected


def test_a_variable_that_nothing_sets_has_no_value() -> None:
    (setting,) = tail("ENV A=$B").settings
    assert setting
    assert setting.filled({}) is None
