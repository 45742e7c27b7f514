"""pdm.lock (PDM documentation, "Lock file"), whose entries have groups and markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy.fingerprints.layers.requirements import table, tables, texts
from lambda_fast_deploy.packaging.layers.locks.pins import (
    Pin,
    ResolvedLock,
    UnusableLock,
    check_fits,
)
from lambda_fast_deploy.packaging.layers.locks.poetry import of_line
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, normal

_AGAIN = "Run pdm lock, and commit pdm.lock"
_EXPORT = "Run pdm export --prod --format pylock --output pylock.toml, and name that file"


def settled(
    lock: Mapping[str, Any],
    project: Mapping[str, Any],
    folder: Path,
    target: LayerTarget,
    extras: Iterable[str],
    groups: Iterable[str],
) -> ResolvedLock:
    """The packages of a lock for a runtime: the default group, and the named extras and groups.

    Raises:
        UnusableLock: the lock does not match the project, or is ambiguous.
    """
    about = table(lock, "metadata")
    if "inherit_metadata" not in texts(about.get("strategy")):
        raise UnusableLock("it does not say which group needs a package", _EXPORT)
    if len(tables(table(project, "tool", "pdm").get("source"))) > 1:
        raise UnusableLock("it does not say which of the project's indexes has a package", _EXPORT)
    group_names = {"default", *map(normal, (*extras, *groups))}
    lock_groups = {normal(each) for each in texts(about.get("groups"))}
    if missing := sorted(group_names - lock_groups):
        raise UnusableLock(f"it has no group {missing[0]}", _AGAIN)
    packages: dict[str, Mapping[str, Any]] = {}
    for package in tables(lock.get("package")):
        of = {normal(each) for each in texts(package.get("groups"))}
        if of & group_names and target.fits(str(package.get("marker", ""))):
            # A package with extras has an additional entry for these.
            packages.setdefault(normal(str(package["name"])), package)
    roots = [of_line(each) for each in texts(table(project, "project").get("dependencies"))]
    versions = {name: [str(each.get("version"))] for name, each in packages.items()}
    check_fits([root for root in roots if root.is_for(target, ())], versions, _AGAIN)
    sources = tables(table(project, "tool", "pdm").get("source"))
    index = {"pypi": str(sources[0].get("url"))} if sources else {}
    return ResolvedLock(tuple(_pin(each, folder, index) for each in packages.values()), index)


def _pin(package: Mapping[str, Any], folder: Path, index: Mapping[str, str]) -> Pin:
    name, version = str(package["name"]), str(package["version"])
    hashes = tuple(str(each["hash"]) for each in tables(package.get("files")) if "hash" in each)
    where = {"subdirectory": package["subdirectory"]} if "subdirectory" in package else {}
    if git := package.get("git"):
        return Pin(name, version, (), {"git": str(git), "rev": str(package["revision"]), **where})
    if path := package.get("path"):
        return Pin(name, version, (), {"path": str(folder / str(path))})
    if url := package.get("url"):
        return Pin(name, version, hashes, {"url": re.sub(r"#.*", "", str(url)), **where})
    return Pin(name, version, hashes, {"index": "pypi"} if index else {})
