"""Seeded templates: what is packaged is what names local files, and equals that of the SAM CLI."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.stacks.artifacts import _own
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import read_template
from tests.peers.seeded import seeded
from tests.peers.test_sam import ours, resources_of, theirs

SEEDS = range(40)
# The SAM CLI takes seconds for each; PEERS=60 compares as many.
COMPARED = range(int(os.environ.get("PEERS", "3")))
# Files of requirements, and SAM's own: they are not part of our zips, or not of SAM's folders.
_LEFT_OUT = frozenset({"requirements.txt", "package-lock.json"})


def differences(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of keys whose values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path


@pytest.mark.parametrize("seed", SEEDS)
def test_what_names_a_local_file_is_packaged_and_nothing_else(seed: int, tmp_path: Path) -> None:
    project = seeded(seed, tmp_path / "project")
    packaged = ours(project.template)[0]
    changed = set(differences(project.body, packaged))
    values = {("Resources", *each[1:4], *each[4:]) for each in project.local}
    assert {_known(each, values) for each in changed} == values
    assert all(isinstance(_value(packaged, each), (str, dict)) for each in values)


def _known(path: tuple[str, ...], values: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The path of a packaged value that a difference is in, or the difference itself."""
    return next((each for each in values if path[: len(each)] == each), path)


def _value(body: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        body = body[key]
    return body


@pytest.mark.parametrize("seed", COMPARED)
def test_a_seeded_project_is_built_and_packaged_as_by_sam(
    seed: int, sam: Path, tmp_path: Path
) -> None:
    project = seeded(seed, tmp_path / "project")
    mine = {part.logical: part for part in parts_of(Resources(read_template(project.template), {}))}
    own = {logical: _own(part) for logical, part in mine.items() if is_directory(part.path)}
    packaged = ours(project.template)
    for one, other in zip(packaged, theirs(sam, project.template), strict=True):
        assert resources_of(one) == resources_of(other)
    for logical, archive in own.items():
        built = project.folder / ".aws-sam/build" / logical
        if not built.is_dir():  # the build is skipped
            continue
        with zipfile.ZipFile(io.BytesIO(archive.content)) as zipped:
            ours_by_name = {name: zipped.read(name) for name in zipped.namelist()}
        theirs_by_name = {
            path.relative_to(built).as_posix(): path.read_bytes()
            for path in built.rglob("*")
            if path.is_file() and path.relative_to(built).as_posix() not in _LEFT_OUT
        }
        assert ours_by_name.keys() == theirs_by_name.keys()
        assert ours_by_name == theirs_by_name


def test_a_seed_is_always_the_same_project(tmp_path: Path) -> None:
    one, other = (seeded(7, tmp_path / name).body for name in ("a", "b"))
    assert json.dumps(one) == json.dumps(other)
