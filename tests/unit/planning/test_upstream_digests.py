"""Which image is meant when those that it starts from are known, and when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lambda_fast_deploy.errors import Unreachable
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.fingerprints.images.recipe import (
    fingerprint_with_upstreams,
    of_base,
    of_image,
)
from lambda_fast_deploy.models import Base, DesiredImages, Event
from lambda_fast_deploy.planning.upstream_digests import settled
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state.image_tags import base_tag, part_tag
from tests.unit import make

NEWEST = "e" * 16


@dataclass
class World:
    """Registries that know the digests of some images, and tell who was asked."""

    registries: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)

    def distribution(self, region: str) -> Any:
        def digest(image: str) -> str:
            self.asked.append(f"registry {image}")
            if image in self.registries:
                return self.registries[image]
            raise Unreachable(f"nobody answers for {image}", remedy="Mend it.")

        return SimpleNamespace(digest=digest)

    def registry(self, region: str) -> Any:
        def tags(repository: str, tag: str) -> tuple[str, ...]:
            self.looked_for.append(tag)
            return self.tags

        return SimpleNamespace(tags=tags)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    (tmp_path / "Dockerfile").write_text("FROM one:1\n")
    return replace(make.base(), context=tmp_path, dockerfile=tmp_path / "Dockerfile")


def image_of(base: Base, clients: World, **changes: Any) -> tuple[str, str]:
    """The fingerprint of an image without a base, and that of its recipe."""
    source = make.image_source(
        dockerfile=base.dockerfile, context=base.context, base=None, **changes
    )
    function = make.function(source=source)
    settings = make.settings(function)
    desired = DesiredImages.of(settings)
    found = settled(desired, fingerprints(settings), cast(Any, clients), RunLog())
    return found.images["orders"], of_image(desired.images[0]).fingerprint


def printed(clients: World, *bases: Base, unmerged: str = "") -> tuple[list[str], list[str]]:
    """The fingerprints of bases, and what was noted."""
    run_log = RunLog()
    settings = replace(
        make.settings(event=Event("push", unmerged=unmerged)),
        bases={f"b{number}": replace(each, name=f"b{number}") for number, each in enumerate(bases)},
        functions=(),
        layers={},
    )
    desired = DesiredImages.of(settings)
    found = settled(desired, fingerprints(settings), cast(Any, clients), run_log).bases
    return [found[name] for name in sorted(found)], list(run_log.notes)


def test_an_image_of_many_bases_is_asked_for_once(base: Base) -> None:
    clients = World({"one:1": "sha256:1"})
    expected = fingerprint_with_upstreams(of_base(base).fingerprint, {"one:1": "sha256:1"})
    assert printed(clients, base, base) == ([expected] * 2, [])
    assert clients.asked == ["registry one:1"]


def test_who_does_not_follow_asks_nobody(base: Base) -> None:
    clients = World()
    ignoring = replace(base, follow_upstream=False)
    assert printed(clients, ignoring) == ([of_base(base).fingerprint], [])
    assert clients.asked == []


def test_what_no_registry_tells_leaves_the_newest_of_the_same_recipe(base: Base) -> None:
    clients = World(tags=(base_tag(base, NEWEST),))
    prints, notes = printed(clients, base, unmerged="a pull request")
    assert prints == [NEWEST]
    assert clients.asked == ["registry one:1"]
    assert notes == [
        "Could not check one:1 for updates; reusing the newest image of the same files, or else "
        "the builder's copy: nobody answers for one:1. Mend it."
    ]


def test_one_image_that_nobody_knows_leaves_other_bases_alone(base: Base) -> None:
    other = replace(base, dockerfile=base.context / "Other")
    other.dockerfile.write_text("FROM one:1 AS a\nFROM two:2\nCOPY --from=a /x /x\n")
    clients = World({"one:1": "sha256:1"})
    prints, notes = printed(clients, base, other)
    assert prints == [
        fingerprint_with_upstreams(of_base(base).fingerprint, {"one:1": "sha256:1"}),
        fingerprint_with_upstreams(of_base(other).fingerprint, {"one:1": "sha256:1"}),
    ]
    assert len(notes) == 1


def test_what_is_known_in_part_moves_with_that_part(base: Base) -> None:
    base.dockerfile.write_text("FROM one:1\nCOPY --from=two:2 /x /x\n")
    part = fingerprint_with_upstreams(of_base(base).fingerprint, {"two:2": "sha256:2"})
    there = World({"two:2": "sha256:2"}, tags=(part_tag(base, part), base_tag(base, NEWEST)))
    assert printed(there, base)[0] == [NEWEST]
    assert there.looked_for == [part_tag(base, part)]
    assert printed(World({"two:2": "sha256:2"}), base)[0] == [part]
    assert printed(World({"two:2": "sha256:3"}), base)[0] != [part]


def test_before_the_merge_no_host_is_told_what_a_build_argument_brings(base: Base) -> None:
    base.dockerfile.write_text("ARG T\nFROM evil.example/x:${T}\n")
    armed = replace(base, build_args={"T": "what-a-variable-holds"})
    clients = World(registries={"evil.example/x:what-a-variable-holds": "sha256:1"})
    _, notes = printed(clients, armed, unmerged="a pull request")
    assert clients.asked == []
    assert "comes from a build argument" in notes[0]
    assert "what-a-variable-holds" not in notes[0]
    printed(clients, armed)
    assert clients.asked == ["registry evil.example/x:what-a-variable-holds"]


def test_an_image_without_a_base_follows_what_it_starts_from_and_copies_from(base: Base) -> None:
    base.dockerfile.write_text("FROM one:1\nCOPY --from=two:2 /x /x\n")
    digests = {"one:1": "sha256:1", "two:2": "sha256:2"}
    found, recipe = image_of(base, World(digests))
    assert found == fingerprint_with_upstreams(recipe, digests)
    of_one = {"one:1": "sha256:1"}
    assert image_of(base, World(of_one))[0] == fingerprint_with_upstreams(recipe, of_one)
    assert image_of(base, World())[0] == recipe
    clients = World(digests)
    assert image_of(base, clients, follow_upstream=False)[0] == recipe
    assert clients.asked == []
