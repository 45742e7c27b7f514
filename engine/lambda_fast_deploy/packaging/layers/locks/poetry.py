"""poetry.lock, of Poetry 1 and 2 (Poetry documentation, "Dependency specification").

A lock of Poetry 2 has the groups and markers of each package. An older lock does not, so its
packages are collected from the requirements in pyproject.toml, as Poetry does it.
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
    """The packages of a lock for a runtime: the main group, and the named extras and groups.

    Args:
        lock: the tables of poetry.lock.
        project: those of pyproject.toml.
        folder: the folder of both.
        target: the runtime.
        extras: the project's extras to install.
        groups: the project's groups to install.

    Raises:
        UnusableLock: the lock does not match the project, or is ambiguous.
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
        """The packages to install, each once, by name."""
        self._check_names(project)
        requirements = list(roots(project, self._extras, self._groups))
        needed = [root for root in requirements if root.is_for(self._target, self._extras)]
        versions = {
            name: [str(each.get("version")) for each in listed]
            for name, listed in self._packages.items()
        }
        check_fits(needed, versions, _AGAIN)
        packages = [each for listed in self._packages.values() for each in listed]
        chosen = (
            self._by_groups(packages)
            if any("groups" in e for e in packages)
            else self._by_requirements(needed)
        )
        twice = sorted({normal(each["name"]) for each in chosen})
        if len(twice) < len(chosen):
            names = [normal(each["name"]) for each in chosen]
            which = next(name for name in twice if names.count(name) > 1)
            raise UnusableLock(f"it has two versions of {which} for this runtime", _AGAIN)
        return sorted(chosen, key=lambda each: normal(each["name"]))

    def _check_names(self, project: Mapping[str, Any]) -> None:
        optional = {*table(project, "tool", "poetry", "extras")}
        optional |= {*table(project, "project", "optional-dependencies")}
        groups = {"main", *table(project, "tool", "poetry", "group")}
        groups |= {*table(project, "dependency-groups")}
        if table(project, "tool", "poetry").get("dev-dependencies"):
            groups.add("dev")
        for kind, names, defined in (
            ("extra", self._extras, {normal(each) for each in optional}),
            ("group", self._groups, groups),
        ):
            if missing := [each for each in names if each not in defined]:
                raise UnusableLock(f"pyproject.toml has no {kind} {missing[0]}", "Correct its name")

    def _by_groups(self, packages: Iterable[Package]) -> list[Package]:
        """Packages of a Poetry 2 lock: by groups and markers, which can differ by group."""
        chosen = []
        for package in packages:
            of = [group for group in texts(package.get("groups")) if group in self._groups]
            markers = package.get("markers", "")
            each = [
                markers.get(group, "") if isinstance(markers, dict) else markers for group in of
            ]
            if any(self._target.fits(marker, self._extras) for marker in each):
                chosen.append(package)
        return chosen

    def _by_requirements(self, requirements: Iterable[Requirement]) -> list[Package]:
        """Packages of a Poetry 1 lock: all direct and indirect requirements of the project."""
        waiting = [(self._choose(root.name, root.constraint), root.extras) for root in requirements]
        visited: set[tuple[int, tuple[str, ...]]] = set()
        chosen: dict[int, Package] = {}
        while waiting:
            package, extras = waiting.pop()
            if (id(package), extras) in visited:
                continue
            visited.add((id(package), extras))
            chosen[id(package)] = package
            needs = self._needs(package, extras)
            waiting += [(self._choose(each.name, each.constraint), each.extras) for each in needs]
        return list(chosen.values())

    def _needs(self, package: Package, extras: tuple[str, ...]) -> Iterator[Requirement]:
        of_extras = {
            normal(match[1])
            for extra, listed in table(package, "extras").items()
            if normal(extra) in extras
            for each in texts(listed)
            if (match := _REQUIREMENT.match(each))
        }
        for name, spec in table(package, "dependencies").items():
            for root in _poetry_roots(name, spec):
                is_optional = isinstance(spec, dict) and spec.get("optional") is True
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
                f"it {many}", "Write it with Poetry 2, which distinguishes them: poetry lock"
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
    """The requirements of a Poetry project: its main group, and the named extras and groups."""
    metadata, poetry = table(project, "project"), table(project, "tool", "poetry")
    yield from map(of_line, texts(metadata.get("dependencies")))
    for extra, listed in table(metadata, "optional-dependencies").items():
        if normal(extra) in extras:
            yield from map(of_line, texts(listed))
    by_extras = {
        normal(name)
        for extra, listed in table(poetry, "extras").items()
        if normal(extra) in extras
        for name in texts(listed)
    }
    names = {normal(of_line(each).name) for each in texts(metadata.get("dependencies"))}
    for name, spec in table(poetry, "dependencies").items():
        is_optional = isinstance(spec, dict) and spec.get("optional") is True
        if normal(name) == "python" or (is_optional and normal(name) not in by_extras):
            continue
        # For a requirement that [project] has too, this table only adds its source.
        if normal(name) not in names or not is_optional:
            yield from _poetry_roots(name, spec)
    for group in groups:
        listed = table(poetry, "group", group).get("dependencies")
        legacy = poetry.get("dev-dependencies") if group == "dev" else {}
        for name, spec in {**table(legacy), **table(listed)}.items():
            yield from _poetry_roots(name, spec)
        yield from map(of_line, texts(table(project, "dependency-groups").get(group)))


def of_line(line: str) -> Requirement:
    """A requirement as PEP 508 writes it."""
    match = _REQUIREMENT.match(line)
    if not match:
        raise UnusableLock(f"{line!r} is not a requirement", "Correct pyproject.toml")
    name, extras, constraint, marker = match.groups()
    extra_names = tuple(
        sorted(normal(each.strip()) for each in (extras or "").split(",") if each.strip())
    )
    return Requirement(name, constraint.strip(" ()"), extra_names, (marker or "").strip())


def _poetry_roots(name: str, spec: Any) -> Iterator[Requirement]:
    for each in spec if isinstance(spec, list) else [spec]:
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
    raise UnusableLock(f"{name} comes from a {kind} ({url}), which is not supported", _AGAIN)
