"""What is in a folder that users have filled, however deep."""

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

    ``unread`` has what is wrong with each folder that cannot be listed.
    """

    files: list[str] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _ResolvedFolder:
    """Where a folder really is, and the folders whose links led there."""

    folder: str
    before: tuple[str, ...] = ()

    def into(self, name: str) -> _ResolvedFolder:
        return _ResolvedFolder(os.path.join(self.folder, name), self.before)  # noqa: PTH118

    def target(self, link: os.DirEntry[str]) -> _ResolvedFolder | None:
        """The way on by a link; ``None`` where it leads round in a circle."""
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
        follow: whether links to directories are walked into, but for those that lead round in a
            circle; else they count as files themselves.
        leaves_out: whether a path, which is a folder or not, is left out with all below it.
        keeps_link: whether a link counts as a file itself, whatever ``follow`` says.
        most: how many files and folders it may have.

    Raises:
        Invalid: it has more, or leads out of where this run must stay.
    """
    check_within(root)
    found = FileTree()
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
                        found.files.append(name)
                    elif not is_link:
                        waiting.append((f"{name}/", entry.path, way.into(entry.name)))
                    elif target := way.target(entry):
                        waiting.append((f"{name}/", entry.path, target))
        except OSError as error:
            found.unread.extend(unread(Path(folder), error, listed=True).problems)
    found.files.sort()
    return found


# What each path below a directory is, relative and in order: "file", "folder", "link", "pipe" or
# "device".
Kinds = dict[str, str]


class IgnoreRules(Protocol):
    """What is left out of a directory, told from the top down."""

    def leaves_out(self, path: str, above: int) -> tuple[bool, int]:
        """Whether a path is left out, and what those below have to know of it."""

    def may_take_in_below(self, folder: str) -> bool:
        """Whether something in a folder that is left out may be taken back in."""


def kinds_of(root: Path, rules: IgnoreRules | None) -> tuple[Kinds, list[Problem]]:
    """What is in a directory, links as links; and what is wrong with some of it.

    A folder that is left out counts if something in it does not. Sockets do not.

    Raises:
        Invalid: it has too much in it, or is out of where this run must stay.
    """
    check_within(root)
    found: Kinds = {}
    problems: list[Problem] = []
    waiting, most = [("", os.fspath(root), 0)], ENTRIES
    while waiting:
        prefix, folder, above = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    is_out, known = rules.leaves_out(path, above) if rules else (False, 0)
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder and not (is_out and rules and not rules.may_take_in_below(path)):
                        waiting.append((f"{path}/", entry.path, known))
                    most -= 1
                    if most < 0:
                        raise invalid(root, f"has too many files and folders, such as {folder}")
                    if not is_out and (kind := _kind(entry)):
                        found[path] = kind
        except OSError as error:
            problems.extend(unread(Path(folder), error, listed=True).problems)
    for path in [*found]:
        while (path := path.rpartition("/")[0]) and path not in found:
            found[path] = "folder"
    return dict(sorted(found.items())), problems


def _kind(entry: os.DirEntry[str]) -> str:
    """What an entry is; nothing of a socket."""
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
    except OSError:  # of a link that leads to itself, or where one may not look
        return False
