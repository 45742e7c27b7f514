"""A resolved lock for one runtime, in uv's formats: each package from the lock's source.

It is written as a separate project, whose ``tool.uv.sources`` give every package one source, and
as constraints with the hashes of its files. uv resolves nothing and asks no other index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, allows, normal


class UnusableLock(Exception):
    """A lock that cannot be used: what is wrong with it, and a remedy."""

    def __init__(self, says: str, remedy: str) -> None:
        super().__init__(says)
        self.says, self.remedy = says, remedy


@dataclass(frozen=True, slots=True)
class Pin:
    """A package with its version in the lock.

    ``source`` is its source, as a table of ``tool.uv.sources``; by default uv looks it up in the
    machine's indexes. ``hashes`` are those of its files.
    """

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The requirement."""
        is_placed = self.source and "index" not in self.source
        return self.name if is_placed else f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class ResolvedLock:
    """All packages of a lock for one runtime. ``indexes`` are URLs by name."""

    pins: tuple[Pin, ...]
    indexes: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write a project and constraints with hashes into a folder; returns the two files."""
        sources = {pin.name: pin.source for pin in self.pins if pin.source}
        lines = [
            "[project]",
            'name = "layer"',
            'version = "0"',
            f"dependencies = {json.dumps([pin.line for pin in self.pins])}",
            "[tool.uv.sources]",
            *(f"{json.dumps(name)} = {_inline(source)}" for name, source in sources.items()),
        ]
        used = {source["index"] for source in sources.values() if "index" in source}
        for name in sorted(used):
            entry = ("[[tool.uv.index]]", f"name = {json.dumps(name)}", "explicit = true")
            lines += [*entry, f"url = {json.dumps(self.indexes[name])}"]
        project, hashes = folder / "pyproject.toml", folder / "hashes.txt"
        project.write_text("\n".join([*lines, ""]), encoding="utf-8")
        hashed = (
            " ".join([pin.line, *(f"--hash={each}" for each in pin.hashes)])
            for pin in self.pins
            if pin.hashes and "==" in pin.line
        )
        hashes.write_text("\n".join([*hashed, ""]), encoding="utf-8")
        return project, hashes


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of a manifest or package, with its conditions: marker and Python."""

    name: str
    constraint: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    python: str = ""

    def is_for(self, target: LayerTarget, extras: Iterable[str]) -> bool:
        """Whether a runtime needs it."""
        is_wanted = not self.python or allows(self.python, target.version) is not False
        return is_wanted and target.fits(self.marker, extras)


def check_fits(
    roots: Iterable[Requirement], pins: Mapping[str, Iterable[str]], remedy: str
) -> None:
    """Check that a lock has what its manifest requires now.

    Args:
        roots: the requirements.
        pins: the versions of each package in the lock.
        remedy: the command that updates the lock.

    Raises:
        UnusableLock: a package is not in the lock, or not in a required version.
    """
    for root in roots:
        versions = list(pins.get(normal(root.name), ()))
        if not versions:
            raise UnusableLock(f"{root.name} is not in it", remedy)
        if root.constraint and all(allows(root.constraint, each) is False for each in versions):
            has = ", ".join(versions)
            raise UnusableLock(f"it has {root.name} {has}; required is {root.constraint}", remedy)


def _inline(table: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) + "}"
