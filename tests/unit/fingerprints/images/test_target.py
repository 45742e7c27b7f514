"""The part of a Dockerfile that builds its target."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.images.target import text_of

TEXT = """\
ARG TAG=3.13
FROM python:${TAG} AS build
RUN make
FROM python:${TAG} AS Runtime
COPY --from=build /a /a

# the tests
FROM runtime AS test
COPY tests tests
"""


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)
    return path


def test_what_follows_the_target_is_left_out(dockerfile: Path) -> None:
    assert text_of(dockerfile, "") == TEXT
    assert text_of(dockerfile, "test") == TEXT
    runtime = TEXT.partition("FROM runtime")[0]
    assert text_of(dockerfile, "runtime") == text_of(dockerfile, "1") == runtime
    assert text_of(dockerfile, "build").endswith("RUN make\n")


def test_of_two_stages_of_one_name_it_is_the_last(dockerfile: Path) -> None:
    dockerfile.write_text("FROM a AS x\nRUN one\nFROM b AS x\nRUN two\nFROM c\n")
    assert text_of(dockerfile, "x").endswith("RUN two\n")


def test_a_stage_that_is_not_there_is_told_with_a_near_one(dockerfile: Path) -> None:
    with pytest.raises(Invalid) as caught:
        text_of(dockerfile, "runtim")
    assert str(caught.value.problems[0]).endswith("has no stage 'runtim'; did you mean 'runtime'?")


def test_a_syntax_that_is_not_known_has_no_known_stages(dockerfile: Path) -> None:
    dockerfile.write_text(f"# syntax=example/own\n{TEXT}")
    with pytest.raises(Invalid) as caught:
        text_of(dockerfile, "build")
    assert "put the target in a separate Dockerfile" in str(caught.value.problems[0])
