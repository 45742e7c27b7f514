"""Requirements of packages, without what has no effect: comments, blanks and order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lambda_fast_deploy.adapters.files import LOCK, is_there, leads_out, read_text, real
from lambda_fast_deploy.config.sections.layers import NODE_LOCKS
from lambda_fast_deploy.config.toml import parse_toml
from lambda_fast_deploy.errors import Invalid, Place, Problem

Kind = Literal["lines", "project", "uv", "poetry", "pdm", "pipenv", "pylock", "node"]

_INCLUDED = re.compile(r"(-r|-c|--requirement|--constraint)(?:[ =]|(?<=-[rc]))\s*(.+)")
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")  # PEP 751

# Locks by name, with the tool that reads each, and the file with the requirements.
_LOCKS: dict[str, tuple[Kind, str]] = {
    "uv.lock": ("uv", "pyproject.toml"),
    "poetry.lock": ("poetry", "pyproject.toml"),
    "pdm.lock": ("pdm", "pyproject.toml"),
    "Pipfile.lock": ("pipenv", "Pipfile"),
    **dict.fromkeys(NODE_LOCKS, ("node", "package.json")),
}


@dataclass(frozen=True, slots=True)
class RequirementFiles:
    """Files with requirements, and the tool that reads them.

    ``manifest`` has the requirements and ``lock`` their versions. One is ``None`` if there is no
    lock, or if the lock is everything.
    """

    kind: Kind
    manifest: Path | None
    lock: Path | None = None

    @property
    def files(self) -> list[Path]:
        """The files that exist."""
        return [path for path in (self.manifest, self.lock) if path]

    @property
    def folder(self) -> Path:
        """The folder that paths in it are relative to."""
        return self.files[0].absolute().parent


def requirement_files(path: Path) -> RequirementFiles:
    """The kind of a requirements file; its lock takes precedence, in any place of its tool.

    uv's lock is next to the project or at the root of its workspace (uv documentation,
    "Workspaces"), all others next to the file with the requirements.
    """
    if _PYLOCK.fullmatch(path.name):
        return RequirementFiles("pylock", None, path)
    if path.name in _LOCKS:
        kind, manifest = _LOCKS[path.name]
        return RequirementFiles(kind, path.with_name(manifest), path)
    for name, (kind, manifest) in _LOCKS.items():
        if manifest == path.name and is_there(lock := path.with_name(name)):
            return RequirementFiles(kind, path, lock)
    if path.name in ("Pipfile", "package.json"):
        return RequirementFiles("pipenv" if path.name == "Pipfile" else "node", path)
    if path.name != "pyproject.toml":
        return RequirementFiles("lines", path)
    if (root := workspace_of(path)) and is_there(lock := root / "uv.lock"):
        return RequirementFiles("uv", path, lock)
    if is_there(lock := path.with_name("pylock.toml")):
        return RequirementFiles("pylock", None, lock)
    return RequirementFiles("project", path)


def workspace_of(project: Path) -> Path | None:
    """The root of the uv workspace that a project is a member of; ``None`` if it is in none."""
    folder = project.absolute().parent
    for root in folder.parents:
        manifest = root / "pyproject.toml"
        if leads_out(manifest):
            return None
        if not is_there(manifest):
            continue
        workspace = table(toml_of(manifest), "tool", "uv").get("workspace")
        if isinstance(workspace, dict):
            members, excluded = (workspace.get(name, []) for name in ("members", "exclude"))
            is_member = _fits(root, folder, members) and not _fits(root, folder, excluded)
            return root if is_member else None
    return None


def _fits(root: Path, folder: Path, patterns: Any) -> bool:
    listed = [each for each in patterns if isinstance(each, str)] if patterns else []
    place = real(folder)
    try:
        return any(real(each) == place for pattern in listed for each in root.glob(pattern))
    except (OSError, ValueError, NotImplementedError):  # an invalid pattern
        return False


def requirements(source: Path | tuple[str, ...]) -> list[str]:
    """What makes two layers equal: sorted requirement lines, or the text of a lock.

    Raises:
        Invalid: an included file does not exist.
    """
    if not isinstance(source, Path):
        return sorted(" ".join(line.split()) for line in source)
    files = requirement_files(source)
    if files.kind == "lines":
        return sorted(_lines(source))
    return [read_text(path, LOCK) for path in files.files]


def _lines(source: Path) -> Iterator[str]:
    """Requirement lines; included files are followed, each once.

    Lines of a constraints file are marked: they limit a version and require nothing.
    """
    waiting, visited = [(source, "")], set()
    while waiting:
        path, mark = waiting.pop()
        if (one := (real(path), mark)) in visited:
            continue
        visited.add(one)
        for line in read_text(path, LOCK).replace("\\\n", " ").splitlines():
            clean = " ".join(line.split(" #")[0].split())
            if not clean or clean.startswith("#"):
                continue
            if match := _INCLUDED.fullmatch(clean):
                included = path.parent / match.group(2)
                if not is_there(included):
                    raise Invalid([Problem(f"{clean}: no such file", Place(str(path)))])
                narrows = match.group(1) in ("-c", "--constraint")
                waiting.append((included, "-c " if narrows else mark))
            else:
                yield f"{mark}{clean}"


# ------------------------------------------------------------ tables of TOML


def toml_of(path: Path) -> dict[str, Any]:
    """The tables of a file; empty if it is not TOML, which its tool reports better."""
    text = read_text(path, LOCK)
    try:
        return parse_toml(text, path)
    except Invalid:
        return {}


def table(value: Any, *keys: str) -> dict[str, Any]:
    """A table inside tables; empty if there is none or it is not a table."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """The tables of a list; empty if it is not a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list; empty if it is not a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
