"""Seeded templates: what is packaged is what names local files, and equals that of the SAM CLI."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.packaged import differences, packaged_by_sam, packaged_by_us
from tests.peers.seeded import seeded

SEEDS = range(40)
# The SAM CLI takes seconds for each; PEERS=60 compares as many.
COMPARED = range(int(os.environ.get("PEERS", "3")))


def _changed(one: Any, other: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of keys whose values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _changed(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path


@pytest.mark.parametrize("seed", SEEDS)
def test_what_names_a_local_file_is_packaged_and_nothing_else(seed: int, tmp_path: Path) -> None:
    project = seeded(seed, tmp_path / "project")
    packaged = packaged_by_us(project.template).body
    changed = set(_changed(project.body, packaged))
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
def test_a_seeded_project_is_built_and_packaged_as_by_sam(seed: int, tmp_path: Path) -> None:
    template = seeded(seed, tmp_path / "project").template
    assert differences(packaged_by_us(template), packaged_by_sam(template)) == []


def test_a_seed_is_always_the_same_project(tmp_path: Path) -> None:
    one, other = (seeded(7, tmp_path / name).body for name in ("a", "b"))
    assert json.dumps(one) == json.dumps(other)
