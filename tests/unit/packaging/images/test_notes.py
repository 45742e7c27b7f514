"""What people are told of an image that is about to be built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.fingerprints.images.recipe import of_image
from lambda_fast_deploy.packaging.images.notes import hints
from tests.unit import make

GOOD = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG VERSION\nCOPY --link app /x/\n"


def said(root: Path, text: str, **changes: Any) -> list[str]:
    """The notes on an image with this Dockerfile, on a base of its own."""
    (root / "app").mkdir(exist_ok=True)
    (root / "Dockerfile").write_text(text)
    source = make.image_source(dockerfile=root / "Dockerfile", context=root, **changes)
    recipe = of_image(make.image_request(source), make.base() if source.base else None)
    return list(hints(recipe, [make.base()]))


def test_of_a_sound_image_nothing_is_said(tmp_path: Path) -> None:
    assert said(tmp_path, GOOD, build_args={"VERSION": "1", "http_proxy": "x"}) == []


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        (GOOD.replace("--link ", ""), {}, "Dockerfile copies without --link; "),
        (GOOD, {"build_args": {"VERSOIN": "1"}}, "Dockerfile has no ARG VERSOIN, so this build"),
        ("FROM a\n", {}, "Dockerfile does not use base python: add ARG BASE_IMAGE and FROM $"),
        (
            "FROM 1.dkr.ecr.eu-west-1.amazonaws.com/orders-base:3.13\n",
            {"base": None},
            "Dockerfile starts from base python by its tag; also set base: python",
        ),
        (
            GOOD + "ARG NPM_TOKEN\n",
            {"build_args": {"NPM_TOKEN": "x"}},
            "NPM_TOKEN looks like a secret, and the image's history shows build arguments",
        ),
    ],
)
def test_what_people_would_not_expect_is_said(
    tmp_path: Path, text: str, changes: dict[str, Any], says: str
) -> None:
    (note,) = [note for note in said(tmp_path, text, **changes) if note.startswith(says)]
    assert note


@pytest.mark.parametrize(
    ("ignored", "is_said"), [("", True), (".git\n", False), (".git/\n", False)]
)
def test_git_in_an_image_is_said(tmp_path: Path, ignored: str, *, is_said: bool) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("")
    (tmp_path / ".dockerignore").write_text(ignored)
    notes = said(tmp_path, GOOD.replace("app /x/", ". /x/"))
    assert [note.startswith("Dockerfile copies .git, ") for note in notes] == [True] * is_said
