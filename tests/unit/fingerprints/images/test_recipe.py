"""The stem of an image: what all images have in common that can be made of each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.images.recipe import Lines, of_image
from tests.unit import make

STEM = "FROM a\nARG EARLY=1\nRUN x $EARLY\n"


def stem(
    root: Path, tail: str, build_args: Mapping[str, str] | None = None, foreign: Lines = ()
) -> str:
    """The stem of an image whose Dockerfile ends with a tail."""
    (root / "app").mkdir(exist_ok=True)
    (root / "app/main.py").write_text("main")
    (root / "Dockerfile").write_text(f"{STEM}{tail}\n")
    source = make.image_source(
        dockerfile=root / "Dockerfile", context=root, base=None, build_args=build_args or {}
    )
    return of_image(make.image_request(source), None, foreign).stem


def test_a_build_argument_of_the_tail_is_not_of_the_stem(tmp_path: Path) -> None:
    tail = "COPY app /app\nARG SHA=0\nLABEL sha=$SHA"
    assert len({stem(tmp_path, tail, each) for each in ({}, {"SHA": "1"}, {"SHA": "2"})}) == 1


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        ("COPY app /app\nARG EARLY=0", "EARLY"),
        ("COPY app /app", "EARLY"),
        ("COPY app /app", "UNDECLARED"),
        ("COPY app /app\nARG https_proxy=0", "https_proxy"),
        ("COPY app /app\nARG BUILDKIT_INLINE_CACHE=0", "BUILDKIT_INLINE_CACHE"),
        ("COPY app /app\nARG A=0\nCMD run $A", "A"),
        ("ARG A=0\nCOPY app /app/$A", "A"),
    ],
)
def test_other_build_arguments_are_of_the_stem(tmp_path: Path, tail: str, name: str) -> None:
    assert stem(tmp_path, tail, {name: "1"}) != stem(tmp_path, tail, {name: "2"})


@pytest.mark.parametrize("foreign", [None, ("RUN y",)])
def test_instructions_of_upstream_images_can_name_any_argument(
    tmp_path: Path, foreign: Lines
) -> None:
    tail = "COPY app /app\nARG A=0"
    assert stem(tmp_path, tail, {"A": "1"}, foreign) != stem(tmp_path, tail, {"A": "2"}, foreign)


def test_what_a_linked_copy_takes_is_not_of_the_stem(tmp_path: Path) -> None:
    linked = "COPY --link app/main.py /x", "COPY --link app /x"
    assert stem(tmp_path, linked[0]) == stem(tmp_path, linked[1])
    unlinked = "COPY app/main.p[y] /x", "COPY ap[p] /x"
    assert stem(tmp_path, unlinked[0]) != stem(tmp_path, unlinked[1])
