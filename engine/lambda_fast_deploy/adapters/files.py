"""The one door to what users have written: regular files, within a size, and where asked for only
those of the checkout.

A path is opened without waiting, so that no pipe and no terminal holds a run; what then is no
regular file is not read.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lambda_fast_deploy import units
from lambda_fast_deploy.errors import Invalid, Place, Problem

# Sizes in bytes. CloudFormation takes templates of 1 MB (CloudFormation quotas, "Template body size
# in an Amazon S3 object"); nothing else that people write by hand is longer.
TEXT = units.MIB
LOCK = 64 * TEXT  # what tools write: hashes of every wheel of a thousand packages are a few MB

OUTSIDE = "leads out of the checkout, where a plan of what is not merged reads nothing"
_CHUNK = units.MIB
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
_CHANGED = "changed while it was read; run again when nothing writes there"
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a directory"),
)

_top: Path | None = None  # where everything that is read must lie


def stay_within(top: Path | None) -> None:
    """Read nothing more, in this process, that lies outside a folder once links are followed.

    For plans of what strangers propose: a link of theirs must not show a file of the runner.
    """
    global _top  # a process has one such limit, for all of its threads
    _top = top.resolve() if top else None


def leads_out(path: Path) -> bool:
    """Whether a path leads out of the folder that this run must stay in."""
    return _top is not None and not Path(os.path.realpath(path)).is_relative_to(_top)


# ------------------------------------------------------------ what is there

# Of the names that no file can have, too long ones for example, pathlib's raise an error.


def is_file(path: Path) -> bool:
    """Whether there is such a regular file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether there is such a directory."""
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether there is anything of that name, which reading will judge."""
    return os.path.lexists(path)


def is_link(path: Path) -> bool:
    """Whether it is a link."""
    return os.path.islink(path)  # noqa: PTH114


def mode_of(path: Path) -> int:
    """The mode of what was listed a moment ago, of a link itself.

    Raises:
        Invalid: it is gone.
    """
    try:
        return path.lstat().st_mode
    except OSError as error:
        raise unread(path, error, listed=True) from None


def is_special(path: Path) -> bool:
    """Whether it is there, and neither a regular file nor a directory."""
    return os.path.exists(path) and not (is_file(path) or is_directory(path))  # noqa: PTH110


def real(path: Path) -> str:
    """The one name of a file, links followed."""
    return os.path.realpath(path)


def look(path: Path, spare: str, *, follow: bool = True) -> int:
    """The size in bytes of a file of a tree; of a link that is not followed, 0.

    Args:
        path: the file, which was listed a moment ago.
        spare: the name of the ignore file that could leave it out.
        follow: whether a link stands for what it leads to.

    Raises:
        Invalid: there is nothing to read: a link leads nowhere, it is no regular file, it vanished.
    """
    try:
        found = path.stat(follow_symlinks=follow)
    except OSError as error:
        if error.errno == errno.ELOOP or os.path.islink(path):  # noqa: PTH114
            raise invalid(path, f"is a link that leads nowhere; {_remove(spare)}") from None
        raise unread(path, error, listed=True) from None
    if not follow and stat.S_ISLNK(found.st_mode):
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise invalid(path, f"is {_kind(found.st_mode)}, no regular file; {_remove(spare)}")
    if follow:
        check_within(path)
    return found.st_size


# ------------------------------------------------------------ what it holds


def read_text(path: Path, limit: int = TEXT) -> str:
    """The text of a file of no more than ``limit`` bytes.

    Raises:
        Invalid: it cannot be read, is larger, or is not UTF-8.
    """
    try:
        return read_bytes(path, limit).decode()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        says = "is not UTF-8 text; save it in that encoding"
        raise Invalid([Problem(says, Place(str(path), line))]) from None


def read_bytes(path: Path, limit: int = TEXT) -> bytes:
    """The content of a file of no more than ``limit`` bytes.

    Raises:
        Invalid: it cannot be read, or is larger.
    """
    with _opened(path, listed=False) as (file, found):
        if found.st_size > limit:
            says = f"is larger than {limit:,} bytes, which is more than is read of such a file"
            raise invalid(path, says)
        return b"".join(_chunks(path, file, found.st_size))


def read_listed(path: Path) -> tuple[bytes, bool]:
    """The content of a file of a tree, whose size was looked at; and whether it is a program.

    Raises:
        Invalid: it cannot be read, or changed meanwhile.
    """
    with _opened(path, listed=True) as (file, found):
        return b"".join(_chunks(path, file, found.st_size)), bool(found.st_mode & 0o100)


@contextmanager
def opened_listed(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """A file of a tree to be read, and its size in bytes.

    Raises:
        Invalid: it cannot be read, or changed meanwhile.
    """
    with _opened(path, listed=True) as (file, found), os.fdopen(os.dup(file), "rb") as stream:
        yield stream, found.st_size


def digest(path: Path) -> tuple[str, int]:
    """The SHA-256 of a file of a tree, however large; and its mode.

    Raises:
        Invalid: it cannot be read, or changed meanwhile.
    """
    sha256 = hashlib.sha256()
    with _opened(path, listed=True) as (file, found):
        for chunk in _chunks(path, file, found.st_size):
            sha256.update(chunk)
        return sha256.hexdigest(), found.st_mode


def link_of(path: Path) -> str | None:
    """Where a link leads; ``None`` if it is none."""
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return None


@contextmanager
def _opened(path: Path, *, listed: bool) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file to be read, and what is known of it.

    Args:
        path: the file.
        listed: whether it was there a moment ago.
    """
    check_within(path)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise unread(path, error, listed=listed) from None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise invalid(path, f"is {_kind(found.st_mode)}, no regular file")
        yield file, found
    except OSError as error:
        raise unread(path, error, listed=listed) from None
    finally:
        os.close(file)


def _chunks(path: Path, file: int, size: int) -> Iterator[bytes]:
    """All of a file that has ``size`` bytes; it must not turn out to have others."""
    while chunk := os.read(file, min(size, _CHUNK) + 1):
        size -= len(chunk)
        if size < 0:
            break
        yield chunk
    if size:
        raise invalid(path, _CHANGED)


# ------------------------------------------------------------ what is wrong


def check_within(path: Path) -> None:
    """Make sure that a path does not lead out of where this run must stay.

    Raises:
        Invalid: it does.
    """
    if leads_out(path):
        raise invalid(path, OUTSIDE)


def _kind(mode: int) -> str:
    return next((words for is_it, words in _KINDS if is_it(mode)), "something else")


def _remove(spare: str) -> str:
    return f"remove it, or leave it out by {spare}"


def unread(path: Path, error: OSError, *, listed: bool) -> Invalid:
    """What to tell of a path that cannot be read; ``listed`` if it was there a moment ago."""
    if listed and error.errno in _GONE:
        return invalid(path, _CHANGED)
    return invalid(path, f"cannot be read: {error.strerror}")


def invalid(path: Path, says: str) -> Invalid:
    """What to tell of a path."""
    return Invalid([Problem(says, Place(str(path)))])


def free_space(folder: Path) -> int:
    """Bytes that are free where a folder is."""
    return shutil.disk_usage(folder).free
