"""pdm.lock (PDM documentation, "Lock file"), whose entries say which groups want them and when."""

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
    """What the lock settles for a runtime: the default group, and what is asked for besides.

    Raises:
        NotTaken: it does not fit the project, or does not tell what is meant.
    """
    about = table(lock, "metadata")
    if "inherit_metadata" not in texts(about.get("strategy")):
        raise UnusableLock("it does not say which group wants a package", _EXPORT)
    if len(tables(table(project, "tool", "pdm").get("source"))) > 1:
        raise UnusableLock("it does not say which of the project's indexes has a package", _EXPORT)
    wanted = {"default", *map(normal, (*extras, *groups))}
    known = {normal(each) for each in texts(about.get("groups"))}
    if missing := sorted(wanted - known):
        raise UnusableLock(f"it has no group {missing[0]}", _AGAIN)
    found: dict[str, Mapping[str, Any]] = {}
    for package in tables(lock.get("package")):
        of = {normal(each) for each in texts(package.get("groups"))}
        if of & wanted and target.fits(str(package.get("marker", ""))):
            # One with extras has an entry for these besides its own.
            found.setdefault(normal(str(package["name"])), package)
    roots = [of_line(each) for each in texts(table(project, "project").get("dependencies"))]
    versions = {name: [str(each.get("version"))] for name, each in found.items()}
    check_fits([root for root in roots if root.is_for(target, ())], versions, _AGAIN)
    sources = tables(table(project, "tool", "pdm").get("source"))
    index = {"pypi": str(sources[0].get("url"))} if sources else {}
    return ResolvedLock(tuple(_pin(each, folder, index) for each in found.values()), index)


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
