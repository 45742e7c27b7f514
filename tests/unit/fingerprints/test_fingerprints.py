"""Fingerprints change exactly when what they stand for would be made differently."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.fingerprints.images.recipe import (
    fingerprint_with_upstreams,
    of_base,
    of_image,
)
from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer
from lambda_fast_deploy.models import Architecture, Base, Function, ImageSource, Layer, Settings
from lambda_fast_deploy.models.runtime import Runtime
from tests.unit import make

DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY requirements.txt .\nCOPY app app\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return project(tmp_path / "context")


def project(root: Path) -> Path:
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print()\n")
    (root / "requirements.txt").write_text("requests\n")
    (root / "README.md").write_text("read me\n")
    (root / "Dockerfile").write_text(DOCKERFILE)
    return root


def image(context: Path, **changes: Any) -> ImageSource:
    return make.image_source(dockerfile=context / "Dockerfile", context=context, **changes)


def base(context: Path, **changes: Any) -> Base:
    return make.base(dockerfile=context / "Dockerfile", context=context, **changes)


def of(context: Path, **changes: Any) -> str:
    return of_image(make.image_request(image(context, **changes))).fingerprint


# ---------------------------------------------------------------- layers


def layer(root: Path, requirements: str, **changes: Any) -> Layer:
    path = root / "requirements.txt"
    path.write_text(requirements)
    return make.layer(requirements=path, **changes)


@pytest.mark.parametrize(
    "same",
    [
        "requests==2.32\nboto3>=1\n",
        "boto3>=1\nrequests==2.32\n",
        "# why\nrequests==2.32  # pinned\n\n\nboto3>=1",
        "  requests==2.32\r\nboto3>=1\r\n",
        "requests==2.32 \\\n\nboto3>=1",
    ],
)
def test_comments_blanks_and_order_do_not_make_another_layer(tmp_path: Path, same: str) -> None:
    wanted = of_layer(layer(tmp_path, "requests==2.32\nboto3>=1\n"))
    assert of_layer(layer(tmp_path, same)) == wanted


@pytest.mark.parametrize(
    "other",
    [
        "requests==2.33\nboto3>=1\n",
        "requests==2.32\n",
        "requests==2.32\nboto3>=1\nattrs\n",
        "requests==2.32 --hash=sha256:00\nboto3>=1\n",
        "requests[socks]==2.32\nboto3>=1\n",
        "requests==2.32 ; python_version > '3'\nboto3>=1\n",
        "--index-url https://example.org\nrequests==2.32\nboto3>=1\n",
        "requests @ https://example.org/requests#2.32\nboto3>=1\n",
    ],
)
def test_another_requirement_makes_another_layer(tmp_path: Path, other: str) -> None:
    before = of_layer(layer(tmp_path, "requests==2.32\nboto3>=1\n"))
    assert of_layer(layer(tmp_path, other)) != before


LINES = st.lists(st.from_regex(r"[a-z]{1,6}==[0-9]", fullmatch=True), unique=True, max_size=5)


@given(LINES, LINES)
def test_two_layers_are_equal_exactly_when_their_requirements_are(
    tmp_path: Path, one: list[str], other: list[str]
) -> None:
    left = of_layer(layer(tmp_path, "\n".join(one)))
    right = of_layer(layer(tmp_path, "\n# comment\n".join(reversed(other))))
    assert (left == right) is (sorted(one) == sorted(other))


@pytest.mark.parametrize(
    "option", ["-r more.txt", "-rmore.txt", "--requirement more.txt", "--requirement=more.txt"]
)
def test_a_requirements_file_inside_another_is_followed(tmp_path: Path, option: str) -> None:
    (tmp_path / "more.txt").write_text("attrs==1\n")
    before = of_layer(layer(tmp_path, f"{option}\nrequests\n"))
    assert before == of_layer(layer(tmp_path, "attrs==1\nrequests\n"))
    (tmp_path / "more.txt").write_text("attrs==2\n")
    assert of_layer(layer(tmp_path, f"{option}\nrequests\n")) != before


@pytest.mark.parametrize(
    "option", ["-c more.txt", "-cmore.txt", "--constraint more.txt", "--constraint=more.txt"]
)
def test_a_constraint_counts_and_is_not_a_requirement(tmp_path: Path, option: str) -> None:
    (tmp_path / "more.txt").write_text("attrs==1\n")
    before = of_layer(layer(tmp_path, f"{option}\nrequests\n"))
    assert before != of_layer(layer(tmp_path, "attrs==1\nrequests\n"))
    (tmp_path / "more.txt").write_text("attrs==2\n")
    assert of_layer(layer(tmp_path, f"{option}\nrequests\n")) != before


def test_a_file_that_names_itself_is_read_once(tmp_path: Path) -> None:
    assert of_layer(layer(tmp_path, "-r requirements.txt\nattrs\n"))


def test_an_included_file_that_is_not_there_is_the_users_problem(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"requirements.txt: -r more.txt: no such file"):
        of_layer(layer(tmp_path, "-r more.txt\n"))


def test_runtime_and_architecture_make_another_layer(tmp_path: Path) -> None:
    prints = {
        of_layer(layer(tmp_path, "attrs", runtime=Runtime(runtime), architecture=architecture))
        for runtime in ("python3.12", "python3.13")
        for architecture in Architecture
    }
    assert len(prints) == 4


def test_name_budget_and_place_do_not_make_another_layer(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert of_layer(layer(one, "attrs")) == of_layer(layer(other, "attrs", name="x", budget=1))


# ---------------------------------------------------------------- images


def _write(name: str, text: str) -> Callable[[Path], object]:
    def change(context: Path) -> None:
        path = context / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    return change


@pytest.mark.parametrize(
    "change",
    [
        _write("app/main.py", "print(1)\n"),
        _write("app/new.py", ""),
        _write("requirements.txt", "requests==1\n"),
        _write("Dockerfile", DOCKERFILE + "ENV A=1\n"),
        lambda context: (context / "app/main.py").chmod(0o755),
        lambda context: (context / "app/main.py").chmod(0o600),
        lambda context: (context / "app").chmod(0o750),
        lambda context: (context / "app/empty").mkdir(),
        lambda context: os.mkfifo(context / "app/pipe"),
        lambda context: (context / "app/main.py").rename(context / "app/other.py"),
        lambda context: (context / "app/main.py").unlink(),
        _write(".dockerignore", "app/*\n"),
    ],
)
def test_a_change_of_what_is_copied_makes_another_image(
    context: Path, change: Callable[[Path], object]
) -> None:
    before = of(context)
    change(context)
    assert of(context) != before


@pytest.mark.parametrize(
    "change",
    [
        _write("README.md", "other\n"),
        _write("tests/test_app.py", ""),
        _write("apple.py", ""),
        _write(".dockerignore", "README.md\n"),
        lambda context: (context / "app/main.py").chmod(0o664),
        lambda context: (context / "empty").mkdir(),
        lambda context: (context / "app/main.py").touch(),
    ],
)
def test_a_change_of_anything_else_does_not(
    context: Path, change: Callable[[Path], object]
) -> None:
    before = of(context)
    change(context)
    assert of(context) == before


def test_the_place_of_the_checkout_does_not_count(tmp_path: Path) -> None:
    assert of(project(tmp_path / "one")) == of(project(tmp_path / "two" / "deep"))


def test_build_arguments_count_and_their_order_does_not(context: Path) -> None:
    assert of(context, build_args={"A": "1"}) != of(context)
    assert of(context, build_args={"A": "1"}) != of(context, build_args={"A": "2"})
    assert of(context, build_args={"A": "1", "B": "2"}) == of(
        context, build_args={"B": "2", "A": "1"}
    )


def test_the_platform_counts(context: Path) -> None:
    arm = make.image_request(image(context), architecture=Architecture.ARM64)
    assert of_image(arm).fingerprint != of(context)
    arm_base = base(context, architecture=Architecture.ARM64)
    assert of_base(arm_base).fingerprint != of_base(base(context)).fingerprint


def test_names_repositories_and_tags_do_not_count(context: Path) -> None:
    assert of(context, repository="other") == of(context)
    other = base(context, name="x", repository="y", tag="z")
    assert of_base(other).fingerprint == of_base(base(context)).fingerprint


def test_a_base_and_an_image_of_the_same_files_are_not_the_same(context: Path) -> None:
    assert of_base(base(context)).fingerprint != of(context)


def test_everything_that_the_settings_name_has_a_fingerprint(context: Path) -> None:
    zipped: Function = make.function(
        name="zipped", source=make.zip_source(code=(context / "app",), layers=("deps",))
    )
    settings: Settings = make.settings(
        zipped,
        make.function(source=image(context)),
        bases={"python": base(context)},
        layers={"deps": make.layer(requirements=context / "requirements.txt")},
    )
    found = fingerprints(settings)
    assert [list(part) for part in (found.recipes, found.layers, found.archives)] == [
        ["base:python", "image:orders"],
        ["deps"],
        ["zipped"],
    ]
    every = [*found.recipes.values(), *found.layers.values()]
    assert all(len(print_) == 16 and set(print_) <= set("0123456789abcdef") for print_ in every)
    assert found == fingerprints(settings)


def test_a_base_is_another_one_when_the_image_that_it_starts_from_moved() -> None:
    before = fingerprint_with_upstreams("0123456789abcdef", {"python:3.13": "sha256:1"})
    assert before == fingerprint_with_upstreams("0123456789abcdef", {"python:3.13": "sha256:1"})
    assert before != fingerprint_with_upstreams("0123456789abcdef", {"python:3.13": "sha256:2"})
    assert before != fingerprint_with_upstreams("fedcba9876543210", {"python:3.13": "sha256:1"})
    assert before != fingerprint_with_upstreams(
        "0123456789abcdef", {"python:3.13": "sha256:1"}, "a-base"
    )


def test_what_onbuild_of_an_own_base_copies_counts_for_the_image_on_it(context: Path) -> None:
    (context / "Dockerfile.base").write_text("FROM scratch\nONBUILD COPY README.md /x/\n")
    below = make.base(dockerfile=context / "Dockerfile.base", context=context)

    def recipe() -> str:
        return of_image(make.image_request(image(context)), below).fingerprint

    before = recipe()
    (context / "README.md").write_text("other\n")
    assert recipe() != before
    before = recipe()
    (context / "notes.txt").write_text("other\n")
    assert recipe() == before


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ((), False),
        (("COPY README.md /x/",), True),
        (("ADD . /x/", "RUN true"), True),
        (("RUN --mount=type=bind,target=/x true",), True),
        (("RUN true", "ENV A=b"), False),
        (None, True),
    ],
)
def test_what_onbuild_of_a_foreign_image_copies_counts(
    context: Path, lines: tuple[str, ...] | None, *, counts: bool
) -> None:
    recipe = of_image(make.image_request(image(context)), None, lines)
    before = recipe.fingerprint
    (context / "README.md").write_text("other\n")
    assert (recipe.fingerprint != before) is counts
