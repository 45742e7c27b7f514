"""What a layer can do without, as measured package by package.

The safe rules left 45 functional tests of numpy, pandas, scipy, scikit-learn, boto3, fastapi and
pydantic unchanged. The aggressive ones break some uses; files that an import needs are restored.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lambda_fast_deploy.models import PruningRules

# Paths below python/, as patterns; a folder includes everything in it.
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
# A module of numpy 2.2 that its library and one of its tests share.
_KEPT = ("numpy/_core/tests/_natype.py", "numpy/_core/tests/__init__.py")
# Always removed: these name folders of this machine.
_ALWAYS = (".lock", "*.dist-info/direct_url.json", "*.dist-info/uv_*.json")
# Programs and installers' notes: no import needs them.
_INSTALLERS = ("bin", *(f"*.dist-info/{n}" for n in ("RECORD", "INSTALLER", "REQUESTED")))
# Files that code may read while it is imported (lazy_loader does): only an import can show that.
_GUESSED = ("**/*.pyi",)


class PrunedFolder:
    """A folder of packages and what was removed from it.

    ``removed`` maps each removed path to its files: a file to itself, a folder to all files that
    were left in it.
    """

    def __init__(self, root: Path, aside: Path) -> None:
        self._root = root
        self._aside = aside
        self.removed: dict[str, tuple[str, ...]] = {}
        self.restored = False

    @property
    def size(self) -> int:
        """Bytes that were removed."""
        files = (self._aside / file for each in self.removed.values() for file in each)
        return sum(file.stat().st_size for file in files)

    def before(self, target: Path) -> None:
        """Make a copy of the folder, by links, as it was before any removal."""
        for source in (self._root, self._aside):
            for folder, _, files in os.walk(source):
                into = os.path.join(target, os.path.relpath(folder, source))  # noqa: PTH118
                os.makedirs(into, exist_ok=True)  # noqa: PTH103
                for file in files:
                    with suppress(FileExistsError):  # compiled again since
                        os.link(f"{folder}/{file}", f"{into}/{file}")

    def take_out(self, path: str) -> None:
        """Move a file or folder aside, from where it can be restored."""
        source = self._root / path
        files: tuple[str, ...] = (path,)
        if source.is_dir():
            files = tuple(f"{path}/{file}" for file in files_below(source))
        for file in files:
            _move(self._root / file, self._aside / file)
        if source.is_dir():
            shutil.rmtree(source)  # an empty folder would still be importable
        if files:
            self.removed[path] = files

    def restore(self, path: str) -> None:
        """Undo ``take_out``."""
        self.restored = True
        for file in self.removed.pop(path):
            _move(self._aside / file, self._root / file)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def files_below(folder: Path) -> list[str]:
    """Paths of all files in a folder, relative to it."""
    paths = []
    for above, _, files in os.walk(folder):
        prefix = os.path.relpath(above, folder)
        paths += [file if prefix == "." else f"{prefix}/{file}" for file in files]
    return sorted(paths)


def prune(
    root: Path, aside: Path, pruning: PruningRules, *, has_import_check: bool = True
) -> PrunedFolder:
    """Remove from a folder of packages what the rules say.

    Args:
        root: the folder.
        aside: the folder that removed files move to.
        pruning: the rules.
        has_import_check: whether an import check follows. Without it, files that an import
            could need are removed only if the user names them.
    """
    pruned = PrunedFolder(root, aside)
    for path in _FolderTree(root).matching(_ALWAYS):
        pruned.take_out(path)
    for path in _FolderTree(root).matching(_INSTALLERS if pruning.profile != "none" else ()):
        for each in _without_kept(root, path, pruning.keep):
            pruned.take_out(each)
    pruned.removed.clear()  # no import can need these
    safe = tuple(rule for rule in SAFE if has_import_check or rule not in _GUESSED)
    profile = (
        "safe" if pruning.profile == "aggressive" and not has_import_check else pruning.profile
    )
    profiles: dict[str, tuple[tuple[str, ...], ...]] = {
        "none": (),
        "safe": (safe,),
        "aggressive": (AGGRESSIVE, safe),
    }
    for patterns in (pruning.remove, *profiles[profile]):
        for path in _FolderTree(root).matching(patterns):
            for each in _without_kept(root, path, pruning.keep):
                pruned.take_out(each)
    if pruning.services:
        for service in _FolderTree(root).matching(("botocore/data/*", "boto3/data/*")):
            is_kept = service.rpartition("/")[2] in pruning.services
            if (root / service).is_dir() and not is_kept:
                pruned.take_out(service)
    return pruned


class _FolderTree:
    """All paths below a folder, listed once for many patterns."""

    def __init__(self, root: Path) -> None:
        self._paths: list[str] = []
        for folder, folders, files in os.walk(root):
            above = Path(folder).relative_to(root).as_posix()
            prefix = "" if above == "." else f"{above}/"
            self._paths += [f"{prefix}{name}" for name in (*folders, *files)]
        self._paths.sort()

    def matching(self, patterns: Iterable[str]) -> list[str]:
        """Paths that match a pattern. ``**`` matches any number of folders."""
        rules = "|".join(map(_expression, patterns))
        fits = re.compile(rules).fullmatch if rules else lambda _: None
        return [path for path in self._paths if fits(path)]


def _expression(pattern: str) -> str:
    pieces = re.split(r"(\*\*/|\*|\?)", pattern.strip("/"))
    expressions = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return "".join(expressions.get(piece, re.escape(piece)) for piece in pieces)


def _without_kept(root: Path, path: str, keep: Iterable[str]) -> list[str]:
    """A path, or the files of a folder to remove if something in it has to be kept."""

    def is_kept(file: str) -> bool:
        if file in _KEPT or _KEPT_INFORMATION.fullmatch(file):
            return True
        return any(fnmatch.fnmatchcase(file, pattern) for pattern in keep)

    if not (root / path).exists():
        return []  # removed with a parent folder
    below = files_below(root / path) if (root / path).is_dir() else []
    files = [f"{path}/{file}" for file in below] or [path]
    going = [file for file in files if not is_kept(file)]
    return [path] if len(going) == len(files) else going
