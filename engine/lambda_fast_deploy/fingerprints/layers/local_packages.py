"""The local packages of a layer's requirements: folders, which are built, and files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lambda_fast_deploy.adapters.files import LOCK, is_directory, is_file, is_there, read_text, real
from lambda_fast_deploy.fingerprints.file_tree import source_files
from lambda_fast_deploy.fingerprints.layers.requirements import (
    RequirementFiles,
    requirement_files,
    requirements,
    table,
    tables,
    texts,
    toml_of,
)

_EDITABLE = re.compile(r"(?:-e|--editable)[ =]?\s*")
_LINKS = re.compile(r"(?:-f|--find-links)[ =]?\s*(.+)")
_LEFT = re.compile(r"(?:build|dist)/|(?:.*/)?[^/]+\.egg-info/")  # by setuptools
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*@\s*(.+)")  # PEP 508
_PACKED = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A local package: a folder of source, or a packed file.

    ``name`` is the package's, or ``""`` if it cannot be read.
    """

    name: str
    path: Path

    @property
    def is_built(self) -> bool:
        """Whether it is a local folder, which is built from source."""
        return is_directory(self.path)

    @property
    def folder(self) -> Path:
        """The folder that ``files`` are relative to."""
        return self.path if self.is_built else self.path.parent

    @property
    def files(self) -> list[str]:
        """Its files, relative to its folder, without those that a build writes.

        Raises:
            Invalid: as for ``source_files``.
        """
        if not self.is_built:
            return [self.path.name]
        return [name for name in source_files(self.path) if not _LEFT.match(name)]


def local_packages(
    source: Path | tuple[str, ...], extras: Iterable[str] = (), groups: Iterable[str] = ()
) -> tuple[LocalPackage, ...]:
    """The folders and files that requirements or their lock name.

    Paths in requirements are relative to the current folder, as in uv; those in a project or a lock
    are relative to its file.

    Raises:
        Invalid: an included file does not exist, or is not text.
    """
    if not isinstance(source, Path):
        return tuple(_of_lines(requirements(source), Path.cwd()))
    files = requirement_files(source)
    return tuple({each.path: each for each in _of(files, {*extras, *groups})}.values())


def _of(files: RequirementFiles, groups: set[str]) -> Iterator[LocalPackage]:
    manifest, lock, base = files.manifest, files.lock, files.folder
    if files.kind == "lines" and manifest:
        yield from _of_lines(requirements(manifest), Path.cwd())
    elif files.kind == "project" and manifest:
        yield from _of_project(toml_of(manifest), base)
    elif files.kind == "pipenv" and lock:
        yield from _of_pipfile(lock, groups)
    elif files.kind == "uv" and lock:
        yield from _of_uv(toml_of(lock), lock.absolute().parent, base)
    elif lock and files.kind in ("poetry", "pdm", "pylock"):
        document = toml_of(lock)
        for package in tables(document.get("package", document.get("packages"))):
            yield from _of_package(package, base)


def _of_lines(lines: Iterable[str], base: Path) -> Iterator[LocalPackage]:
    """The local packages of requirement lines; a word without slash or leading dot is a name."""
    for line in lines:
        if links := _LINKS.fullmatch(line):
            yield from _of_links(base / _without_scheme(links.group(1)))
            continue
        clean = _EDITABLE.sub("", line.split(";")[0].split(" --")[0].strip(), count=1)
        match = _NAMED.fullmatch(clean)
        name, where = match.groups() if match else ("", clean.partition("[")[0])
        is_path = match or clean != line or "/" in where or where.startswith(".")
        is_path = is_path or where.endswith(_PACKED)
        if is_path and not line.startswith("-c "):
            yield from _at(base / _without_scheme(where.partition("#")[0]), name)


def _of_links(folder: Path) -> Iterator[LocalPackage]:
    """The files in a folder of packages (``--find-links``)."""
    if is_directory(folder):
        for name in source_files(folder):
            if name.endswith(_PACKED):
                yield from _at(folder, "", name)


def _of_project(project: Mapping[str, Any], base: Path) -> Iterator[LocalPackage]:
    """The local packages of a pyproject.toml (uv documentation, "Dependency sources")."""
    dependencies = table(project, "project").get("dependencies")
    yield from _of_lines(texts(dependencies), base)
    for name, sources in table(project, "tool", "uv", "sources").items():
        for each in sources if isinstance(sources, list) else [sources]:
            yield from _at(base, name, table(each).get("path"))


def _of_uv(lock: Mapping[str, Any], root: Path, project_folder: Path) -> Iterator[LocalPackage]:
    """The local packages of a uv.lock that a project needs, except the project itself."""
    packages: dict[str, list[dict[str, Any]]] = {}
    project = Path(real(project_folder))
    by_name = tables(lock.get("package"))
    waiting = [each for each in by_name if _place(each, root) == project] or [*by_name]
    for package in by_name:
        packages.setdefault(str(package.get("name")), []).append(package)
    visited: set[int] = set()
    while waiting:
        package = waiting.pop()
        if id(package) in visited:
            continue
        visited.add(id(package))
        source = table(package, "source")
        if (place := _place(package, root)) and place != project:
            yield from _at(place, str(package.get("name")))
        yield from _at(root, str(package.get("name")), source.get("path"))
        if is_directory(flat := root / str(source.get("registry", "."))):
            for file in tables(package.get("wheels")):
                yield from _at(flat, "", file.get("path"))
        lists = [package.get("dependencies")]
        for kind in ("optional-dependencies", "dev-dependencies"):
            lists += table(package, kind).values()
        for need in (each for listed in lists for each in tables(listed)):
            waiting += packages.get(str(need.get("name")), [])


def _place(package: Mapping[str, Any], root: Path) -> Path | None:
    """The folder of a local package in a uv.lock; ``None`` for other packages."""
    source = table(package, "source")
    place = source.get("editable") or source.get("directory") or source.get("virtual")
    return Path(real(root / place)) if isinstance(place, str) and "\0" not in place else None


def _of_package(package: Mapping[str, Any], base: Path) -> Iterator[LocalPackage]:
    """The local packages in locks of Poetry, PDM and PEP 751."""
    name, source = str(package.get("name", "")), table(package, "source")
    if source.get("type") in ("directory", "file"):
        yield from _at(base, name, source.get("url"))
    yield from _at(base, name, package.get("path"))
    for key in ("directory", "archive", "sdist"):
        yield from _at(base, name, table(package, key).get("path"))
    for wheel in tables(package.get("wheels")):
        yield from _at(base, "", wheel.get("path"))


def _of_pipfile(lock: Path, groups: set[str]) -> Iterator[LocalPackage]:
    try:
        document = json.loads(read_text(lock, LOCK))
    except (ValueError, RecursionError):
        return  # the build of the layer reports it
    for section in {"default", *groups}:
        for name, package in table(document, section).items():
            for key in ("path", "file"):
                yield from _at(lock.absolute().parent, name, table(package).get(key))


def _at(base: Path, name: str, place: Any = "") -> Iterator[LocalPackage]:
    """The package at a path, if there is a folder or a file."""
    if not isinstance(place, str):
        return
    try:
        path = base / _without_scheme(place)
    except ValueError:
        return
    if is_directory(path):
        yield LocalPackage(name or _name_of(path), path)
    elif is_file(path):
        yield LocalPackage(name or _name_in(path), path)


def _without_scheme(place: str) -> str:
    if not place.startswith("file:"):
        return place
    return unquote(place.removeprefix("file:").removeprefix("//"))


def _name_in(file: Path) -> str:
    """The package's name in a file's name (packaging.python.org, "Binary distribution format")."""
    is_wheel = file.suffix == ".whl"
    return file.name.split("-")[0] if is_wheel else file.name.rpartition("-")[0]


def _name_of(folder: Path) -> str:
    project = folder / "pyproject.toml"
    document = toml_of(project) if is_there(project) else {}
    metadata = table(document, "project") or table(document, "tool", "poetry")
    return str(metadata.get("name", ""))
