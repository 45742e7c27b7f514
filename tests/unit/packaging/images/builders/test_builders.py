"""Which builder builds an image, and what is said when none can."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lambda_fast_deploy.adapters.buildx_builders import BuildxBuilder
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import NotReady
from lambda_fast_deploy.models import Base, ImageSource
from lambda_fast_deploy.packaging.images.builders import builder_of, check_builders
from tests.unit import make

OWN = BuildxBuilder("ci", "docker-container", exports=True)
ENGINE_ONLY = BuildxBuilder("default", "docker", exports=False)


def clients(
    builder: BuildxBuilder | None, *, is_named: bool = False, docker: bool = True
) -> Clients:
    def ready() -> None:
        if not docker:
            raise NotReady("no Docker engine answers")

    buildx = SimpleNamespace(builder=builder, is_named=is_named, github_trouble="")
    return cast(Clients, SimpleNamespace(buildx=buildx, docker=SimpleNamespace(ready=ready)))


def base(root: Path, line: str = "RUN true") -> Base:
    (root / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    return make.base(dockerfile=root / "Dockerfile", context=root)


def app(root: Path, line: str = "RUN true") -> ImageSource:
    (root / "Dockerfile.app").write_text(f"FROM scratch\n{line}\n")
    return make.image_source(dockerfile=root / "Dockerfile.app", context=root, base=None)


def test_a_base_is_built_by_the_engine_and_an_app_image_by_buildkit(tmp_path: Path) -> None:
    builder, reason = builder_of(base(tmp_path), clients(OWN))
    assert (builder.name, reason) == ("the Docker engine", "")
    builder, _ = builder_of(app(tmp_path), clients(OWN))
    assert builder.name == "BuildKit"


def test_a_builder_that_is_named_and_what_only_buildkit_builds_are_reasons(tmp_path: Path) -> None:
    builder, reason = builder_of(base(tmp_path), clients(OWN, is_named=True))
    assert (builder.name, reason) == ("BuildKit", "the builder was named")
    builder, reason = builder_of(base(tmp_path, "COPY --link . /x"), clients(OWN))
    assert (builder.name, reason) == ("BuildKit", "Dockerfile has COPY --link")


def test_without_buildkit_the_engine_builds_what_it_can(tmp_path: Path) -> None:
    builder, _ = builder_of(app(tmp_path), clients(None))
    assert builder.name == "the Docker engine"
    with pytest.raises(NotReady) as caught:
        builder_of(app(tmp_path, "COPY --link . /x"), clients(None))
    assert caught.value.message == (
        "docker buildx is not available, and Dockerfile.app has COPY --link"
    )
    assert "Install the buildx plugin" in caught.value.remedy


def test_without_docker_that_is_what_is_missing(tmp_path: Path) -> None:
    notes: list[str] = []
    sources: list[Base | ImageSource] = [app(tmp_path), app(tmp_path, "COPY --link . /x")]
    for source in (*sources, base(tmp_path)):
        with pytest.raises(NotReady, match="no Docker engine answers"):
            check_builders([source], clients(None, docker=False), notes.append)


def test_what_builds_is_named_and_what_makes_it_slower_is_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    sources: list[Base | ImageSource] = [base(tmp_path), app(tmp_path)]
    assert list(check_builders(sources, clients(OWN), notes.append)) == [
        "the Docker engine",
        "builder ci (docker-container)",
    ]
    assert not notes
    check_builders(sources, clients(ENGINE_ONLY), notes.append)
    assert "The builder default (docker) cannot write a registry cache" in notes[0]
    notes = []
    assert list(check_builders(sources, clients(None), notes.append)) == ["the Docker engine"]
    assert "docker buildx is not available" in notes[0]


def test_a_builder_that_does_not_run_is_not_started_by_a_check(tmp_path: Path) -> None:
    own = BuildxBuilder("own", "docker-container", exports=True, instead_of="default")
    names = check_builders([app(tmp_path)], clients(own), print)  # its buildx could not start it
    assert list(names) == ["builder own (docker-container), which the first build starts"]
