"""Which base is meant when the images that it starts from are known, and when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.content.fingerprint import base_recipes, of_base, standing_on
from engine.errors import Unreachable
from engine.journal import Journal
from engine.model import Base, Event
from engine.plan.bases import base_fingerprints, base_tag
from tests.unit import make

NEWEST = "e" * 16


@dataclass
class World:
    """Registries and an engine that know the digests of some images, and tell who was asked."""

    registries: Mapping[str, str] = field(default_factory=dict)
    engine: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def distribution(self, region: str) -> Any:
        def digest(image: str) -> str:
            self.asked.append(f"registry {image}")
            if image in self.registries:
                return self.registries[image]
            raise Unreachable(f"nobody answers for {image}", remedy="Mend it.")

        return SimpleNamespace(digest=digest)

    @property
    def docker(self) -> Any:
        def held(image: str) -> str:
            self.asked.append(f"engine {image}")
            return self.engine.get(image, "")

        return SimpleNamespace(held=held)

    def registry(self, region: str) -> Any:
        return SimpleNamespace(tags=lambda repository, tag: self.tags)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    (tmp_path / "Dockerfile").write_text("FROM one:1\n")
    return replace(make.base(), context=tmp_path, dockerfile=tmp_path / "Dockerfile")


def printed(world: World, *bases: Base, unmerged: str = "") -> tuple[list[str], list[str]]:
    """The fingerprints of bases, and what was noted."""
    journal = Journal()
    settings = make.settings(
        bases={f"b{number}": each for number, each in enumerate(bases)},
        event=Event("push", unmerged=unmerged),
    )
    found = base_fingerprints(settings, base_recipes(settings), cast(Any, world), journal)
    return [found[name] for name in sorted(found)], list(journal.notes)


def test_an_image_of_many_bases_is_asked_for_once(base: Base) -> None:
    world = World({"one:1": "sha256:1"})
    expected = standing_on(of_base(base), {"one:1": "sha256:1"})
    assert printed(world, base, base) == ([expected] * 2, [])
    assert world.asked == ["registry one:1"]


def test_who_does_not_follow_asks_nobody(base: Base) -> None:
    world = World()
    ignoring = replace(base, follow_upstream=False)
    assert printed(world, ignoring) == ([of_base(base)], [])
    assert world.asked == []


def test_what_no_registry_tells_the_engine_does(base: Base) -> None:
    world = World(engine={"one:1": "sha256:own"})
    assert printed(world, base) == ([standing_on(of_base(base), {"one:1": "sha256:own"})], [])
    assert world.asked == ["registry one:1", "engine one:1"]


def test_for_what_is_not_merged_registries_alone_are_asked(base: Base) -> None:
    world = World(engine={"one:1": "sha256:own"}, tags=(base_tag(base, NEWEST),))
    prints, notes = printed(world, base, unmerged="a pull request")
    assert prints == [NEWEST]
    assert world.asked == ["registry one:1"]
    assert notes == [
        "Whether one:1 has moved could not be found out, so the newest base of the same recipe is "
        "used: nobody answers for one:1. Mend it."
    ]


def test_one_image_that_nobody_knows_leaves_other_bases_alone(base: Base) -> None:
    other = replace(base, dockerfile=base.context / "Other")
    other.dockerfile.write_text("FROM one:1 AS a\nFROM two:2\n")
    world = World({"one:1": "sha256:1"})
    prints, notes = printed(world, base, other)
    assert prints == [standing_on(of_base(base), {"one:1": "sha256:1"}), of_base(other)]
    assert len(notes) == 1


def test_before_the_merge_no_host_is_told_what_a_build_argument_brings(base: Base) -> None:
    base.dockerfile.write_text("ARG T\nFROM evil.example/x:${T}\n")
    armed = replace(base, build_args={"T": "what-a-variable-holds"})
    world = World(registries={"evil.example/x:what-a-variable-holds": "sha256:1"})
    _, notes = printed(world, armed, unmerged="a pull request")
    assert world.asked == []
    assert "named by a build argument" in notes[0]
    assert "what-a-variable-holds" not in notes[0]
    printed(world, armed)
    assert world.asked == ["registry evil.example/x:what-a-variable-holds"]
