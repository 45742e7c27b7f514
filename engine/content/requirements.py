"""What dependencies are asked for, without what says nothing: comments, blanks and order."""

from __future__ import annotations

import re
from pathlib import Path

from engine.adapters.files import read_text
from engine.errors import Invalid, Place, Problem

_INCLUDED = re.compile(r"(-r|-c|--requirement|--constraint)(?:[ =]|(?<=-[rc]))\s*(.+)")

# Files that settle every version, beside the file that asks for them.
LOCKS = {
    "pyproject.toml": ("uv.lock", "poetry.lock"),
    "package-lock.json": ("package.json",),
}


def lock_of(path: Path) -> Path | None:
    """The file that settles versions together with this one; ``None`` if there is none."""
    for name in LOCKS.get(path.name, ()):
        if (lock := path.with_name(name)).is_file():
            return lock
    return None


def requirements(source: Path | tuple[str, ...]) -> list[str]:
    """What makes two layers the same: sorted requirement lines, or the text of a lock.

    Raises:
        Invalid: a file that another one includes is not there.
    """
    if not isinstance(source, Path):
        return sorted(" ".join(line.split()) for line in source)
    if source.name in LOCKS:
        files = [source, *filter(None, [lock_of(source)])]
        return [read_text(path) for path in files]
    return _lines(source, frozenset())


def _lines(path: Path, seen: frozenset[Path]) -> list[str]:
    """Requirement lines; included files are followed.

    What a constraints file says is marked: it narrows a version and requires nothing.
    """
    if path in seen:
        return []
    lines: list[str] = []
    text = read_text(path).replace("\\\n", " ")
    for line in text.splitlines():
        clean = " ".join(line.split(" #")[0].split())
        if not clean or clean.startswith("#"):
            continue
        if match := _INCLUDED.fullmatch(clean):
            included = path.parent / match.group(2)
            if not included.is_file():
                raise Invalid([Problem(f"{clean}: no such file", Place(str(path)))])
            mark = "-c " if match.group(1) in ("-c", "--constraint") else ""
            lines += [f"{mark}{line}" for line in _lines(included, seen | {path})]
        else:
            lines.append(clean)
    return sorted(lines)
