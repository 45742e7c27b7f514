"""What is in a folder that users have filled, however deep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.adapters.files import OUTSIDE, check_within, invalid, leads_out, real, unread
from engine.errors import Problem

ENTRIES = 2_000_000  # of a directory and all below it


@dataclass(frozen=True, slots=True)
class Tree:
    """The paths of all files below a directory, relative, with forward slashes.

    ``unread`` has what is wrong with each folder that cannot be listed.
    """

    files: list[str] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a folder really is, and the folders whose links led there."""

    folder: str
    before: tuple[str, ...] = ()

    def into(self, name: str) -> _Way:
        return _Way(os.path.join(self.folder, name), self.before)  # noqa: PTH118

    def target(self, link: os.DirEntry[str]) -> _Way | None:
        """The way on by a link; ``None`` where it leads round in a circle."""
        target = real(Path(self.folder, link.name))
        if leads_out(Path(target)):
            raise invalid(Path(link.path), OUTSIDE)
        below = target.rstrip("/") + "/"
        if any(f"{each}/".startswith(below) for each in (*self.before, self.folder)):
            return None
        return _Way(target, (*self.before, self.folder))


def tree(
    root: Path,
    *,
    follow: bool,
    leaves_out: Callable[[str, bool], bool] = lambda _path, _is_folder: False,
    keeps_link: Callable[[str], bool] = lambda _path: False,
    most: int = ENTRIES,
) -> Tree:
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
    found = Tree()
    waiting = [("", os.fspath(root), _Way(real(root)))]
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


@contextmanager
def listed(root: Path) -> Iterator[None]:
    """Tell what goes wrong while somebody else's code lists a directory.

    Raises:
        Invalid: it cannot be read, changed meanwhile, or its folders are too deep.
    """
    check_within(root)
    try:
        yield
    except OSError as error:
        raise unread(Path(error.filename or root), error, listed=True) from None
    except RecursionError:
        raise invalid(root, "has too many folders inside each other") from None


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # of a link that leads to itself, or where one may not look
        return False
