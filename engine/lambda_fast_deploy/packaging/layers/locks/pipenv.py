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
    """The packages of a lock for a runtime: the default category, and the named ones.

    Raises:
        UnusableLock: the lock does not match the Pipfile, or is ambiguous.
    """
    indexes = {
        re.sub(r"[^A-Za-z0-9_-]", "-", str(each.get("name"))): _filled(str(each.get("url")))
        for each in tables(table(lock, "_meta").get("sources"))
    }
    if more := [*extras]:
        raise UnusableLock(
            f"it has no extra {more[0]}", "Name a category of the Pipfile under groups"
        )
    pins: dict[str, Pin] = {}
    for section in ("default", *groups):
        if section != "default" and section not in lock:
            raise UnusableLock(f"it has no group {section}", _AGAIN)
        for name, entry in table(lock, section).items():
            if isinstance(entry, dict) and target.fits(str(entry.get("markers", ""))):
                pins[normal(name)] = _pin(name, entry, folder, indexes)
    roots = [_root(name, entry) for name, entry in table(project, "packages").items()]
    versions = {name: [pin.version] for name, pin in pins.items()}
    check_fits([root for root in roots if root.is_for(target, ())], versions, _AGAIN)
    return ResolvedLock(tuple(pins.values()), indexes)


def _root(name: str, entry: Any) -> Requirement:
    if not isinstance(entry, dict):
        return Requirement(name, str(entry))
    # A marker's name may be a key itself.
    keys = ("sys_platform", "platform_machine", "python_version", "os_name")
    entry_markers = [f"{key} {entry[key]}" for key in keys if isinstance(entry.get(key), str)]
    markers = [str(entry.get("markers", "")), *entry_markers]
    marker = " and ".join(f"({part})" for part in markers if part)
    return Requirement(name, str(entry.get("version", "")), marker=marker)


def _pin(name: str, entry: Mapping[str, Any], folder: Path, indexes: Mapping[str, str]) -> Pin:
    version = str(entry.get("version", "")).removeprefix("==")
    where = {"subdirectory": entry["subdirectory"]} if "subdirectory" in entry else {}
    if git := entry.get("git"):
        return Pin(name, version, (), {"git": str(git), "rev": str(entry["ref"]), **where})
    place = entry.get("path") or entry.get("file")
    if isinstance(place, str) and "://" in place:
        return Pin(name, version, (), {"url": place, **where})
    if place:
        return Pin(name, version, (), {"path": str(folder / str(place))})
    if not version:
        raise UnusableLock(f"it has no version of {name}", _AGAIN)
    index = str(entry.get("index") or next(iter(indexes), ""))
    source = {"index": index} if index in indexes else {}
    return Pin(name, version, tuple(texts(entry.get("hashes"))), source)


def _filled(url: str) -> str:
    """A URL with environment variables filled in, as Pipenv does it."""
    return _VARIABLE.sub(lambda match: VARIABLES.get(match[1] or match[2], match[0]), url)
