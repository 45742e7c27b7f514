"""What a layer can do without, as measured package by package.

The safe rules left 45 functional tests of numpy, pandas, scipy, scikit-learn, boto3, fastapi and
pydantic unchanged. The aggressive ones break some uses; what breaks an import is put back.
"""

from __future__ import annotations

import fnmatch
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.model import Pruning

# Paths below python/, as patterns; a folder stands for all that is in it.
SAFE = (
    "scipy/**/tests",
    "pandas/tests",
    "numpy/**/tests",
    "sklearn/**/tests",
    "joblib/test",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.c",
    "**/*.cpp",
    "**/*.h",
    "**/*.hpp",
    "**/*.a",
    "**/__pycache__",
    "botocore/data/*/*/examples-1.json*",
    "*.dist-info/*",
)
AGGRESSIVE = (
    "**/tests",
    "**/test",
    *(
        f"scipy/{name}"
        for name in (
            *("cluster", "constants", "datasets", "differentiate", "fft", "fftpack", "integrate"),
            *("interpolate", "io", "misc", "ndimage", "odr", "optimize", "signal", "spatial"),
        )
    ),
    "sklearn/datasets",
)
# importlib.metadata and licences need these.
_KEPT_INFORMATION = re.compile(
    r"[^/]+\.dist-info/(METADATA|entry_points\.txt|top_level\.txt|(licenses?/.*|LICEN[CS]E.*"
    r"|NOTICE.*|COPYING.*|AUTHORS.*))",
    re.IGNORECASE,
)
# A module of numpy 2.2 that one of its own tests shares with its library.
_KEPT = ("numpy/_core/tests/_natype.py", "numpy/_core/tests/__init__.py")
# What is always left out: it differs from machine to machine, and nothing imports it.
_INSTALLERS = ("bin", ".lock", *(f"*.dist-info/{n}" for n in ("RECORD", "INSTALLER", "REQUESTED")))
_ALWAYS = (*_INSTALLERS, "*.dist-info/direct_url.json", "*.dist-info/uv_*.json")


@dataclass(frozen=True, slots=True)
class Removed:
    """A file or folder that a rule took away, and where it lies in case it must come back."""

    path: str
    rule: str
    kept_at: Path
    size: int


class Pruned:
    """A folder of packages and what was taken out of it."""

    def __init__(self, root: Path, aside: Path) -> None:
        self._root = root
        self._aside = aside
        self.removed: dict[str, Removed] = {}

    @property
    def size(self) -> int:
        """Bytes that were taken out."""
        return sum(each.size for each in self.removed.values())

    def take_out(self, path: str, rule: str) -> None:
        """Move a file or folder aside."""
        source = self._root / path
        if not source.exists() and not source.is_symlink():
            return  # it went with a folder above it
        aside = self._aside / path
        aside.parent.mkdir(parents=True, exist_ok=True)
        if aside.exists():  # parts of a folder went before the folder itself
            for file in _files(source):
                self.take_out(f"{path}/{file}", rule)
            return
        size = sum((source / file).stat().st_size for file in _files(source))
        source.rename(aside)
        self.removed[path] = Removed(path, rule, aside, size)

    def put_back(self, path: str) -> None:
        """Undo ``take_out``."""
        removed = self.removed.pop(path)
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.copytree(removed.kept_at, target, dirs_exist_ok=True)
        else:
            removed.kept_at.rename(target)


def prune(root: Path, aside: Path, pruning: Pruning) -> Pruned:
    """Take out of a folder of packages what the rules say."""
    pruned = Pruned(root, aside)
    for pattern in _ALWAYS:
        for path in _matching(root, pattern):
            pruned.take_out(path, pattern)
    pruned.removed.clear()  # no import can need these
    rules = {"none": (), "safe": SAFE, "aggressive": (*SAFE, *AGGRESSIVE)}[pruning.profile]
    for rule in (*pruning.remove, *rules):
        for path in _matching(root, rule):
            if not _is_kept(path, pruning):
                _take_but_kept(pruned, root, path, rule, pruning)
    if pruning.services:
        for data in ("botocore/data", "boto3/data"):
            for service in _matching(root, f"{data}/*"):
                name = service.rpartition("/")[2]
                if (root / service).is_dir() and name not in pruning.services:
                    pruned.take_out(service, "services")
    return pruned


def _is_kept(path: str, pruning: Pruning) -> bool:
    if path in _KEPT or _KEPT_INFORMATION.fullmatch(path):
        return True
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in pruning.keep)


def _take_but_kept(pruned: Pruned, root: Path, path: str, rule: str, pruning: Pruning) -> None:
    """Take out a folder whole, or file by file where some of it is to be kept."""
    source = root / path
    if not source.is_dir():
        pruned.take_out(path, rule)
        return
    files = [f"{path}/{file}" for file in _files(source)]
    kept = [file for file in files if _is_kept(file, pruning)]
    if not kept:
        pruned.take_out(path, rule)
        return
    for file in files:
        if file not in kept:
            pruned.take_out(file, rule)


def _matching(root: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob(pattern.strip("/")))


def _files(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield ""
        return
    for file in sorted(path.rglob("*")):
        if not file.is_dir():
            yield file.relative_to(path).as_posix()
