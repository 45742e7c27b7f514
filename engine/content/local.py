"""The packages of a layer that are folders of this checkout: the user's own, built from source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from engine.adapters.files import LOCK, is_directory, is_there, read_text
from engine.content.requirements import lock_of, requirements
from engine.content.tree import sized_files
from engine.errors import Invalid
from engine.settings.toml import parse_toml

_EDITABLE = re.compile(r"(?:-e|--editable)[ =]?\s*")
_LEFT = re.compile(r"(?:build|dist)/|(?:.*/)?[^/]+\.egg-info/")  # by setuptools
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*@\s*(.+)")  # PEP 508


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A folder with a package in it, and the package's name; none where that is not to be read."""

    name: str
    folder: Path

    @property
    def files(self) -> list[str]:
        """What is in it, relative to it, but for what a build leaves there.

        Raises:
            Invalid: as of ``sized_files``.
        """
        return [name for name in sized_files(self.folder) if not _LEFT.match(name)]


def local_packages(source: Path | tuple[str, ...]) -> tuple[LocalPackage, ...]:
    """The folders that requirements name themselves, or their lock does.

    Paths in requirements are seen from the current folder, as uv sees them; those of a project
    from where its file is.

    Raises:
        Invalid: a file that another one includes is not there.
    """
    if not isinstance(source, Path) or source.name != "pyproject.toml":
        return tuple(_of_lines(requirements(source), Path.cwd()))
    lock = lock_of(source)
    if lock is None:
        return tuple(_of_project(_toml(source), source.parent))
    return tuple(_of_lock(_toml(lock), lock.parent)) if lock.name == "uv.lock" else ()


def _of_lines(lines: Iterable[str], base: Path) -> Iterator[LocalPackage]:
    """Those of requirements; what has no slash and no dot before it is a package's name."""
    for line in lines:
        asked = _EDITABLE.sub("", line.split(";")[0].split(" --")[0].strip(), count=1)
        named = _NAMED.fullmatch(asked)
        name, where = named.groups() if named else ("", asked.partition("[")[0])
        is_path = named or asked != line or "/" in where or where.startswith(".")
        if where.startswith("file:"):
            where = unquote(where.removeprefix("file:").removeprefix("//"))
        if is_path and not line.startswith("-c ") and is_directory(base / where):
            yield LocalPackage(name or _name_of(base / where), base / where)


def _of_project(project: Mapping[str, Any], base: Path) -> Iterator[LocalPackage]:
    """Those of a pyproject.toml (uv documentation, "Dependency sources")."""
    own = _table(project, "project").get("dependencies")
    yield from _of_lines(filter(_is_text, own if isinstance(own, list) else ()), base)
    for name, given in _table(project, "tool", "uv", "sources").items():
        for each in given if isinstance(given, list) else [given]:
            path = _table(each).get("path")
            if isinstance(path, str) and is_directory(base / path):
                yield LocalPackage(name, base / path)


def _of_lock(lock: Mapping[str, Any], base: Path) -> Iterator[LocalPackage]:
    """Those of a uv.lock, but for the project itself, which no layer holds."""
    packages = lock.get("package")
    for package in packages if isinstance(packages, list) else ():
        source = _table(package, "source")
        place = source.get("editable") or source.get("directory")
        if isinstance(place, str) and place != "." and is_directory(base / place):
            yield LocalPackage(str(package.get("name", "")), base / place)


def _name_of(folder: Path) -> str:
    project = folder / "pyproject.toml"
    found = _toml(project) if is_there(project) else {}
    own = _table(found, "project") or _table(found, "tool", "poetry")
    return str(own.get("name", ""))


def _toml(path: Path) -> dict[str, Any]:
    text = read_text(path, LOCK)
    try:
        return parse_toml(text, path)
    except Invalid:
        return {}  # uv says what is wrong with it, when the layer is built


def _table(value: Any, *keys: str) -> dict[str, Any]:
    """A table of TOML, or an empty one: whatever people wrote there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
