"""Lists users' folders, however deep."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lambda_fast_deploy.adapters.files import (
    OUTSIDE,
    check_within,
    invalid,
    leads_out,
    real,
    unread,
)
from lambda_fast_deploy.errors import Problem

ENTRIES = 2_000_000  # of a directory and all below it


@dataclass(frozen=True, slots=True)
class FileTree:
    """The paths of all files below a directory, relative, with forward slashes.

    ``unread`` has the error of each folder that cannot be listed.
    """

    files: list[str] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _ResolvedFolder:
    """The real path of a folder, and the folders from which links pointed to it."""

    folder: str
    before: tuple[str, ...] = ()

    def into(self, name: str) -> _ResolvedFolder:
        return _ResolvedFolder(os.path.join(self.folder, name), self.before)  # noqa: PTH118

    def target(self, link: os.DirEntry[str]) -> _ResolvedFolder | None:
        """The target of a link; ``None`` if links form a loop."""
        target = real(Path(self.folder, link.name))
        if leads_out(Path(target)):
            raise invalid(Path(link.path), OUTSIDE)
        below = target.rstrip("/") + "/"
        if any(f"{each}/".startswith(below) for each in (*self.before, self.folder)):
            return None
        return _ResolvedFolder(target, (*self.before, self.folder))


def tree(
    root: Path,
    *,
    follow: bool,
    leaves_out: Callable[[str, bool], bool] = lambda _path, _is_folder: False,
    keeps_link: Callable[[str], bool] = lambda _path: False,
    most: int = ENTRIES,
) -> FileTree:
    """List a directory.

    Args:
        root: the directory.
        follow: whether to follow links to directories, except loops; otherwise links count as
            files.
        leaves_out: whether a path, which is a folder or not, is excluded with everything below it.
        keeps_link: whether a link counts as a file even with ``follow``.
        most: the limit on files and folders.

    Raises:
        Invalid: there are too many, or one is outside the folder that this run must stay in.
    """
    check_within(root)
    files = FileTree()
    waiting = [("", os.fspath(root), _ResolvedFolder(real(root)))]
    while waiting:
        prefix, folder, way = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name, is_link = prefix + entry.name, entry.is_symlink()
                    is_folder = _is_folder(entry, follow=follow)
                    if leaves_out(name, is_folder):
                        continue
                    most -= 1
                    if most < 0:
                        raise invalid(root, f"has too many files and folders, such as {folder}")
                    if not is_folder or (is_link and keeps_link(name)):
                        files.files.append(name)
                    elif not is_link:
                        waiting.append((f"{name}/", entry.path, way.into(entry.name)))
                    elif target := way.target(entry):
                        waiting.append((f"{name}/", entry.path, target))
        except OSError as error:
            files.unread.extend(unread(Path(folder), error, listed=True).problems)
    files.files.sort()
    return files


def top_files(root: Path, pattern: str) -> list[str]:
    """The names of the files of a directory, not of those below it, that match a pattern."""
    check_within(root)
    return sorted(path.name for path in root.glob(pattern) if path.is_file())


# The kind of each path below a directory, relative and sorted: "file", "folder", "link", "pipe" or
# "device".
Kinds = dict[str, str]


class IgnoreRules(Protocol):
    """The rules for excluded paths of a directory, applied from the top down."""

    def leaves_out(self, path: str, above: int) -> tuple[bool, int]:
        """Whether a path is excluded, and the state for paths below it."""

    def may_take_in_below(self, folder: str) -> bool:
        """Whether a path in an excluded folder may be included again."""


def kinds_of(root: Path, rules: IgnoreRules | None) -> tuple[Kinds, list[Problem]]:
    """The kinds of the paths in a directory, without following links; and the problems with some.

    An excluded folder counts if a path in it is included. Sockets do not count.

    Raises:
        Invalid: there are too many, or it is outside the folder that this run must stay in.
    """
    check_within(root)
    kinds: Kinds = {}
    problems: list[Problem] = []
    waiting, most = [("", os.fspath(root), 0)], ENTRIES
    while waiting:
        prefix, folder, above = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    is_out, state = rules.leaves_out(path, above) if rules else (False, 0)
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder and not (is_out and rules and not rules.may_take_in_below(path)):
                        waiting.append((f"{path}/", entry.path, state))
                    most -= 1
                    if most < 0:
                        raise invalid(root, f"has too many files and folders, such as {folder}")
                    if not is_out and (kind := _kind(entry)):
                        kinds[path] = kind
        except OSError as error:
            problems.extend(unread(Path(folder), error, listed=True).problems)
    for path in [*kinds]:
        while (path := path.rpartition("/")[0]) and path not in kinds:
            kinds[path] = "folder"
    return dict(sorted(kinds.items())), problems


def _kind(entry: os.DirEntry[str]) -> str:
    """The kind of an entry; ``""`` for a socket."""
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    if entry.is_file(follow_symlinks=False):
        return "file"
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISSOCK(mode):
        return ""
    return "pipe" if stat.S_ISFIFO(mode) else "device"


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a link to itself, or a folder without permission
        return False
