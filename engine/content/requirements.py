"""What dependencies are asked for, without what says nothing: comments, blanks and order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.adapters.files import LOCK, is_there, read_text, real
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
        if is_there(lock := path.with_name(name)):
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
        return [read_text(path, LOCK) for path in files]
    return sorted(_lines(source))


def _lines(source: Path) -> Iterator[str]:
    """Requirement lines; included files are followed, each once.

    What a constraints file says is marked: it narrows a version and requires nothing.
    """
    waiting, seen = [(source, "")], set()
    while waiting:
        path, mark = waiting.pop()
        if (one := (real(path), mark)) in seen:
            continue
        seen.add(one)
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
