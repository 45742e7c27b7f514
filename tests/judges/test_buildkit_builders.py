"""BuildKit judges the Docker engine's own builder: of our context it makes what BuildKit makes."""

from __future__ import annotations

import io
import secrets
import tarfile
from pathlib import Path
from typing import Any

import docker
import pytest

from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.errors import BuildFailed, Invalid
from lambda_fast_deploy.fingerprints.images.recipe import of_base
from lambda_fast_deploy.models import ImageBuild
from lambda_fast_deploy.packaging.images.builders.docker_engine import unsupported
from tests.judges.test_buildkit_contexts import built, told_of
from tests.judges.trees import Case
from tests.unit import make

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]
TREES, SHARE = 200, 20
_OWN = {"dev", "etc", "proc", "sys", ".dockerenv"}  # what a container has besides


def by_engine(case: Case) -> list[tuple[str, ...]] | str:
    """What the Docker engine makes of a case, or why it does not."""
    base = make.base(dockerfile=case.dockerfile, context=case.root)
    reference = f"judged:{secrets.token_hex(6)}"
    try:
        recipe = of_base(base)
        image = ImageBuild(
            what="a case",
            references=(reference,),
            context=case.root,
            dockerfile=case.dockerfile,
            build_args={},
            platform="linux/amd64",
            text=recipe.dockerfile.text,
            kinds=recipe.content.kinds,
        )
        Docker(print).build(image, lambda _: None, lambda: None)
    except (BuildFailed, Invalid) as error:
        return str(error)
    engine: Any = docker.from_env()
    made = engine.containers.create(reference, command="none")
    try:
        content = io.BytesIO(b"".join(made.export()))
    finally:
        made.remove()
        engine.images.remove(reference, force=True)
    with tarfile.open(fileobj=content) as tar:
        return sorted(told_of(tar, each) for each in tar if each.name.split("/")[0] not in _OWN)


def test_the_engine_makes_what_buildkit_makes(
    tmp_path: Path, thorough: bool, told: list[str]
) -> None:
    compared, other, refused = 0, 0, 0
    differing: list[int] = []
    for seed in range(TREES if thorough else SHARE):
        case = Case(tmp_path / f"tree-{seed}", 10_000 + seed, plain=True)
        try:
            is_for_engine = not unsupported(
                make.base(dockerfile=case.dockerfile, context=case.root)
            )
        except Invalid:
            continue
        if not is_for_engine:
            other += 1
            continue
        mine, theirs = by_engine(case), built(case)
        if isinstance(theirs, str):
            continue
        if isinstance(mine, str):  # such as a wildcard that nothing fits: told, and nothing built
            refused += 1
            continue
        compared += 1
        if mine != theirs:
            differing.append(10_000 + seed)
    told.append(
        f"The engine's builder beside BuildKit: {compared} compared, {refused} refused by it, "
        f"{other} not for it"
    )
    assert differing == []
    assert compared >= (40 if thorough else 4)
    assert refused <= compared / 4
