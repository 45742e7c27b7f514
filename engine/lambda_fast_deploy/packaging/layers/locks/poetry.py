"""poetry.lock, of Poetry 1 and 2 (Poetry documentation, "Dependency specification").

Since Poetry 2 a lock says itself which groups want a package, and under which markers. Older ones
do not, so they are walked from what pyproject.toml asks for, as Poetry does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy.fingerprints.layers.requirements import table, tables, texts
from lambda_fast_deploy.packaging.layers.locks.pins import (
    Pin,
    Requirement,
    ResolvedLock,
    UnusableLock,
    check_fits,
)
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, allows, normal

_AGAIN = "Run poetry lock, and commit poetry.lock"
_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^]]*)\])?\s*([^;@]*)(?:@[^;]*)?(?:;(.*))?"
)

Package = Mapping[str, Any]


def settled(
    lock: Mapping[str, Any],
    project: Mapping[str, Any],
    folder: Path,
    target: LayerTarget,
    extras: Iterable[str],
    groups: Iterable[str],
) -> ResolvedLock:
    """What the lock settles for a runtime: its main group, and what is asked for besides.

    Args:
        lock: the tables of poetry.lock.
        project: those of pyproject.toml.
        folder: of both.
        target: the runtime.
        extras: of the project, that are wanted.
        groups: likewise.

    Raises:
        NotTaken: it does not fit the project, or does not tell what is meant.
    """
    reader = _PoetryReader(lock, target, tuple(map(normal, extras)), ("main", *groups))
    chosen = reader.read(project)
    indexes: dict[str, str] = {}
    pins = tuple(_pin(package, lock, folder, indexes) for package in chosen)
    return ResolvedLock(pins, indexes)


class _PoetryReader:
    """Chooses the packages of a lock."""

    def __init__(
        self,
        lock: Mapping[str, Any],
        target: LayerTarget,
        extras: tuple[str, ...],
        groups: tuple[str, ...],
    ) -> None:
        self._packages: dict[str, list[Package]] = {}
        for package in tables(lock.get("package")):
            self._packages.setdefault(normal(str(package.get("name"))), []).append(package)
        self._target, self._extras, self._groups = target, extras, groups

    def read(self, project: Mapping[str, Any]) -> list[Package]:
        """The packages that are wanted, each once, by name."""
        self._check_named(project)
        asked = list(roots(project, self._extras, self._groups))
        wanted = [root for root in asked if root.is_for(self._target, self._extras)]
        versions = {
            name: [str(each.get("version")) for each in listed]
            for name, listed in self._packages.items()
        }
        check_fits(wanted, versions, _AGAIN)
        told = [each for listed in self._packages.values() for each in listed]
        found = self._grouped(told) if any("groups" in e for e in told) else self._walked(wanted)
        twice = sorted({normal(each["name"]) for each in found})
        if len(twice) < len(found):
            names = [normal(each["name"]) for each in found]
            which = next(name for name in twice if names.count(name) > 1)
            raise UnusableLock(f"it has two versions of {which} for this runtime", _AGAIN)
        return sorted(found, key=lambda each: normal(each["name"]))

    def _check_named(self, project: Mapping[str, Any]) -> None:
        optional = {*table(project, "tool", "poetry", "extras")}
        optional |= {*table(project, "project", "optional-dependencies")}
        groups = {"main", *table(project, "tool", "poetry", "group")}
        groups |= {*table(project, "dependency-groups")}
        if table(project, "tool", "poetry").get("dev-dependencies"):
            groups.add("dev")
        for kind, named, known in (
            ("extra", self._extras, {normal(each) for each in optional}),
            ("group", self._groups, groups),
        ):
            if missing := [each for each in named if each not in known]:
                raise UnusableLock(f"pyproject.toml has no {kind} {missing[0]}", "Correct its name")

    def _grouped(self, packages: Iterable[Package]) -> list[Package]:
        """Of Poetry 2: by groups and markers, which may be different for each group."""
        found = []
        for package in packages:
            of = [group for group in texts(package.get("groups")) if group in self._groups]
            markers = package.get("markers", "")
            each = [
                markers.get(group, "") if isinstance(markers, dict) else markers for group in of
            ]
            if any(self._target.fits(marker, self._extras) for marker in each):
                found.append(package)
        return found

    def _walked(self, wanted: Iterable[Requirement]) -> list[Package]:
        """Of Poetry 1: all that the project leads to."""
        waiting = [(self._choose(root.name, root.constraint), root.extras) for root in wanted]
        seen: set[tuple[int, tuple[str, ...]]] = set()
        found: dict[int, Package] = {}
        while waiting:
            package, extras = waiting.pop()
            if (id(package), extras) in seen:
                continue
            seen.add((id(package), extras))
            found[id(package)] = package
            needs = self._needs(package, extras)
            waiting += [(self._choose(each.name, each.constraint), each.extras) for each in needs]
        return list(found.values())

    def _needs(self, package: Package, extras: tuple[str, ...]) -> Iterator[Requirement]:
        of_extras = {
            normal(match[1])
            for extra, listed in table(package, "extras").items()
            if normal(extra) in extras
            for each in texts(listed)
            if (match := _REQUIREMENT.match(each))
        }
        for name, given in table(package, "dependencies").items():
            for root in _poetry_roots(name, given):
                is_optional = isinstance(given, dict) and given.get("optional") is True
                if is_optional and normal(name) not in of_extras:
                    continue
                if root.is_for(self._target, extras):
                    yield root

    def _choose(self, name: str, constraint: str) -> Package:
        listed = self._packages.get(normal(name), [])
        fitting = [each for each in listed if self._fits(each, constraint)]
        if len(fitting) != 1:
            many = f"has {len(fitting)} of {name} for {constraint or 'any version'}"
            raise UnusableLock(
                f"it {many}", "Make it with Poetry 2, which tells them apart: poetry lock"
            )
        return fitting[0]

    def _fits(self, package: Package, constraint: str) -> bool:
        if allows(constraint or "*", str(package.get("version"))) is False:
            return False
        pythons = str(package.get("python-versions", "*"))
        return allows(pythons, self._target.version) is not False


def roots(
    project: Mapping[str, Any], extras: Iterable[str], groups: Iterable[str]
) -> Iterator[Requirement]:
    """What a pyproject.toml of Poetry's asks for: its main group, and what is named besides."""
    own, poetry = table(project, "project"), table(project, "tool", "poetry")
    yield from map(of_line, texts(own.get("dependencies")))
    for extra, listed in table(own, "optional-dependencies").items():
        if normal(extra) in extras:
            yield from map(of_line, texts(listed))
    by_extras = {
        normal(name)
        for extra, listed in table(poetry, "extras").items()
        if normal(extra) in extras
        for name in texts(listed)
    }
    known = {normal(of_line(each).name) for each in texts(own.get("dependencies"))}
    for name, given in table(poetry, "dependencies").items():
        is_optional = isinstance(given, dict) and given.get("optional") is True
        if normal(name) == "python" or (is_optional and normal(name) not in by_extras):
            continue
        # What [project] asks for as well only gets its source here.
        if normal(name) not in known or not is_optional:
            yield from _poetry_roots(name, given)
    for group in groups:
        listed = table(poetry, "group", group).get("dependencies")
        legacy = poetry.get("dev-dependencies") if group == "dev" else {}
        for name, given in {**table(legacy), **table(listed)}.items():
            yield from _poetry_roots(name, given)
        yield from map(of_line, texts(table(project, "dependency-groups").get(group)))


def of_line(line: str) -> Requirement:
    """A requirement as PEP 508 writes it."""
    match = _REQUIREMENT.match(line)
    if not match:
        raise UnusableLock(f"{line!r} is no requirement", "Correct pyproject.toml")
    name, extras, constraint, marker = match.groups()
    named = tuple(
        sorted(normal(each.strip()) for each in (extras or "").split(",") if each.strip())
    )
    return Requirement(name, constraint.strip(" ()"), named, (marker or "").strip())


def _poetry_roots(name: str, given: Any) -> Iterator[Requirement]:
    for each in given if isinstance(given, list) else [given]:
        if not isinstance(each, dict):
            yield Requirement(name, str(each))
            continue
        platform = each.get("platform")
        markers = [str(each.get("markers", "")), platform and f"sys_platform == '{platform}'"]
        yield Requirement(
            name,
            constraint=str(each.get("version", "")),
            extras=tuple(sorted(map(normal, texts(each.get("extras"))))),
            marker=" and ".join(f"({part})" for part in markers if part),
            python=str(each.get("python", "")),
        )


def _pin(package: Package, lock: Mapping[str, Any], folder: Path, indexes: dict[str, str]) -> Pin:
    name, version = str(package["name"]), str(package["version"])
    files = package.get("files") or table(lock, "metadata", "files").get(name)
    hashes = tuple(str(each["hash"]) for each in tables(files) if "hash" in each)
    source = table(package, "source")
    kind, url = source.get("type"), str(source.get("url", ""))
    if not source:
        return Pin(name, version, hashes)
    if kind == "legacy":
        index = re.sub(r"[^A-Za-z0-9_-]", "-", str(source.get("reference", "")))
        indexes[index] = url
        return Pin(name, version, hashes, {"index": index})
    if kind in ("directory", "file"):
        return Pin(name, version, hashes, {"path": str(folder / url)})
    where = {"subdirectory": source["subdirectory"]} if "subdirectory" in source else {}
    if kind == "url":
        return Pin(name, version, hashes, {"url": url, **where})
    if kind == "git":
        return Pin(
            name, version, (), {"git": url, "rev": str(source["resolved_reference"]), **where}
        )
    raise UnusableLock(f"{name} comes from a {kind} ({url}), which is not known here", _AGAIN)
