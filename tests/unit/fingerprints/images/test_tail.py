"""Which end of a Dockerfile needs no builder, and what is said of one that needs it."""

from __future__ import annotations

import pytest

from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.tail import Tail, tail_of


def tail(text: str, **build_args: str) -> Tail:
    """The tail of the last stage."""
    dockerfile = read(text)
    return tail_of(dockerfile, dockerfile.stages[-1], build_args)


def names(text: str) -> str:
    """The names of the instructions of the tail."""
    return " ".join(each.name for each in tail(text).instructions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN x\nCOPY app /app\nCMD x\n", "COPY CMD"),
        (
            "FROM a\nCOPY r /r\nRUN x\nCOPY app /app\nUSER 1\nENV A=1\nCOPY b /b\n",
            "COPY USER ENV COPY",
        ),
        ("FROM a\nCOPY app /app\nWORKDIR /app\nCOPY b b\n", "COPY"),
        ("FROM a\nCOPY app /app\nCOPY --from=b /x /x\nCOPY c /c\n", "COPY"),
        (
            "FROM a\nCOPY app /app\nADD b /b\nCOPY c /c\nARG X\nHEALTHCHECK NONE\n",
            "COPY ARG HEALTHCHECK",
        ),
        ("FROM a\nCOPY --exclude=x app /app\nCOPY --link c /c\n", "COPY"),
        ("FROM a\nCOPY --parents app /app\nCOPY c /c\n", "COPY"),
        ("FROM a\nCOPY --chown=me app /app\nCOPY --chown=1:2 c /c\n", "COPY"),
        ("FROM a\nCOPY --chmod=u+x app /app\nCOPY --chmod=0755 c /c\n", "COPY"),
        ("FROM a\nCOPY --link=maybe app /app\nCOPY --link=true c /c\n", "COPY"),
        ("FROM a\nCOPY <<E /x\nhi\nE\nCOPY c /c\n", "COPY"),
        ("FROM a\nONBUILD RUN x\nCOPY c /c\n", "COPY"),
        ("FROM a\nCOPY app $T/\nENV T=/y\nCOPY c /c\n", "ENV COPY"),
        ('FROM a\nCOPY ["a", "b c/"]\n', "COPY"),
        ("FROM a\nRUN x\n", ""),
        ("FROM a\nCOPY x /x\nRUN x\nFROM b\nCOPY --from=0 /x /x\nCMD x\n", "CMD"),
    ],
)
def test_the_tail_is_the_longest_end_that_is_certain(text: str, expected: str) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "obstacle", "remedy"),
    [
        (
            "FROM a\nCOPY app /app\nRUN x\nCMD y\n",
            "RUN in line 3 comes after COPY in line 2",
            "Move COPY in line 2 below it.",
        ),
        (
            "FROM a\nCOPY --chown=me app /app\n",
            "COPY in line 2 depends on more than its files (--chown)",
            "Use plain paths, numbers in --chown and --chmod, and no other flag but --link.",
        ),
        (
            "FROM a\nCOPY app /app\nFROM b\nCOPY --from=0 /app /app\n",
            "its last stage copies nothing from the context",
            "Copy the code in its last lines.",
        ),
        ("FROM a\nRUN x\n", "its last stage copies nothing from the context", ""),
        (
            "# syntax=someone/else\nFROM a\nCOPY a /a\n",
            "BuildKit may read it in another way than it is read here",
            "",
        ),
    ],
)
def test_a_dockerfile_without_a_tail_is_told_why(text: str, obstacle: str, remedy: str) -> None:
    found = tail(text)
    assert (found.obstacle, found.remedy) == (obstacle, remedy)
    assert found.copies == ()


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("FROM a\nCOPY x ${T}/x\n", {"T": "/t"}, "/t/x"),
        ("FROM a\nCOPY x $T/x\n", {}, ""),
        ("FROM a\nCOPY x ${T:-/d}/x\n", {}, ""),
        ("FROM a\nARG T=/arg\nCOPY x $T/x\n", {}, "/arg/x"),
        ("FROM a\nARG T=/arg\nCOPY x $T/x\n", {"T": "/env"}, ""),
        ("FROM a\nARG T=/arg\nENV T=$T\nCOPY x $T/x\n", {"T": "/arg"}, "/arg/x"),
        ("FROM a\nARG T=$X\nCOPY x $T/x\n", {"T": "/env", "X": "/x"}, ""),
        ("FROM a\nARG T=$X\nCOPY x $T/x\n", {"T": "", "X": "/x"}, ""),
        ("FROM a\nARG GIVEN\nCOPY x $GIVEN/x\n", {"GIVEN": "/env"}, ""),
        ("FROM a\nARG T\nCOPY x $T/x\n", {"T": "/env"}, ""),
        ("FROM a AS b\nARG T=/arg\nFROM b\nCOPY x $T/x\n", {"T": "/env"}, ""),
        ("ARG T=/global\nFROM a\nCOPY x $T/x\n", {"T": "/env"}, "/env/x"),
        ("FROM a\nARG GIVEN\nCOPY x $GIVEN/x\n", {}, "/given/x"),
        ("ARG T=/global\nFROM a\nARG T\nCOPY x $T/x\n", {}, "/global/x"),
        ("ARG T=/global\nFROM a\nCOPY x $T/x\n", {}, ""),
        ("FROM a\nCOPY x $T/x\nARG T=/later\n", {}, ""),
        ("FROM a\nARG T=$X/y\nCOPY x $T/x\n", {"X": "/x"}, ""),
        ("FROM a\nCOPY x ${T%/*}/x\n", {"T": "/t"}, ""),
    ],
)
def test_a_destination_is_known_or_not(text: str, variables: dict[str, str], expected: str) -> None:
    copy = tail(text, GIVEN="/given").copies[-1]
    assert copy.destination(variables) == expected


def test_what_a_copy_sets() -> None:
    copies = tail("FROM a\nCOPY --link --chown=5 x y /z/\nCOPY --chmod=0640 x /z/\n").copies
    assert [(each.is_linked, each.owner, each.mode) for each in copies] == [
        (True, (5, 5), None),
        (False, (0, 0), 0o640),
    ]
    assert [source.written for source in copies[0].sources] == ["x", "y"]
