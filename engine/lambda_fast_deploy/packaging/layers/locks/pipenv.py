"""Pipfile.lock (Pipenv documentation, "Pipfile & Pipfile.lock")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.fingerprints.layers.requirements import table, tables, texts
from lambda_fast_deploy.packaging.layers.locks.pins import (
    Pin,
    Requirement,
    ResolvedLock,
    UnusableLock,
    check_fits,
)
from lambda_fast_deploy.packaging.layers.locks.target import LayerTarget, normal

_AGAIN = "Run pipenv lock, and commit Pipfile.lock"
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


def settled(
    lock: Mapping[str, Any],
    project: Mapping[str, Any],
    folder: Path,
    target: LayerTarget,
    extras: Iterable[str],
    groups: Iterable[str],
) -> ResolvedLock:
    """What the lock settles for a runtime: its default packages, and what is asked for besides.

    Raises:
        NotTaken: it does not fit the Pipfile, or does not tell what is meant.
    """
    indexes = {
        re.sub(r"[^A-Za-z0-9_-]", "-", str(each.get("name"))): _filled(str(each.get("url")))
        for each in tables(table(lock, "_meta").get("sources"))
    }
    if more := [*extras]:
        raise UnusableLock(
            f"it has no extra {more[0]}", "Name a category of the Pipfile under groups"
        )
    found: dict[str, Pin] = {}
    for section in ("default", *groups):
        if section != "default" and section not in lock:
            raise UnusableLock(f"it has no group {section}", _AGAIN)
        for name, given in table(lock, section).items():
            if isinstance(given, dict) and target.fits(str(given.get("markers", ""))):
                found[normal(name)] = _pin(name, given, folder, indexes)
    roots = [_root(name, given) for name, given in table(project, "packages").items()]
    versions = {name: [pin.version] for name, pin in found.items()}
    check_fits([root for root in roots if root.is_for(target, ())], versions, _AGAIN)
    return ResolvedLock(tuple(found.values()), indexes)


def _root(name: str, given: Any) -> Requirement:
    if not isinstance(given, dict):
        return Requirement(name, str(given))
    # A marker's name may be a key of its own.
    keys = ("sys_platform", "platform_machine", "python_version", "os_name")
    own = [f"{key} {given[key]}" for key in keys if isinstance(given.get(key), str)]
    markers = [str(given.get("markers", "")), *own]
    marker = " and ".join(f"({part})" for part in markers if part)
    return Requirement(name, str(given.get("version", "")), marker=marker)


def _pin(name: str, given: Mapping[str, Any], folder: Path, indexes: Mapping[str, str]) -> Pin:
    version = str(given.get("version", "")).removeprefix("==")
    where = {"subdirectory": given["subdirectory"]} if "subdirectory" in given else {}
    if git := given.get("git"):
        return Pin(name, version, (), {"git": str(git), "rev": str(given["ref"]), **where})
    place = given.get("path") or given.get("file")
    if isinstance(place, str) and "://" in place:
        return Pin(name, version, (), {"url": place, **where})
    if place:
        return Pin(name, version, (), {"path": str(folder / str(place))})
    if not version:
        raise UnusableLock(f"it does not say which version of {name}", _AGAIN)
    index = str(given.get("index") or next(iter(indexes), ""))
    source = {"index": index} if index in indexes else {}
    return Pin(name, version, tuple(texts(given.get("hashes"))), source)


def _filled(url: str) -> str:
    """An address with the environment's values, as Pipenv has it."""
    return _VARIABLE.sub(lambda found: VARIABLES.get(found[1] or found[2], found[0]), url)
