"""The only access to users' files: regular files, up to a size limit, and on request only those of
the checkout.

A path is opened without blocking, so that no pipe and no terminal stops a run; if it is not a
regular file, it is not read.
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
# in an Amazon S3 object"); no other file written by hand is longer.
TEXT = units.MIB
LOCK = 64 * TEXT  # files of tools: hashes of every wheel of a thousand packages are a few MB

OUTSIDE = "points outside the checkout, which a plan of unmerged code does not read"
_CHUNK = units.MIB
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
_CHANGED = "changed while it was read; run again when no other program writes to it"
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a directory"),
)

_top: Path | None = None  # the folder that all reads must stay in


def stay_within(top: Path | None) -> None:
    """From now on, read only files in a folder, with links resolved, in the whole process.

    For plans of pull requests from strangers: a link in them must not show a file of the runner.
    """
    global _top  # one limit per process, for all of its threads
    _top = top.resolve() if top else None


def leads_out(path: Path) -> bool:
    """Whether a path points outside the folder that this run must stay in."""
    return _top is not None and not Path(os.path.realpath(path)).is_relative_to(_top)


# ------------------------------------------------------------ existence and kind

# For names that no file can have, such as too long ones, pathlib raises an error.


def is_file(path: Path) -> bool:
    """Whether a regular file exists."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether a directory exists."""
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether any kind of file exists; reading it checks the kind."""
    return os.path.lexists(path)


def is_link(path: Path) -> bool:
    """Whether it is a link."""
    return os.path.islink(path)  # noqa: PTH114


def mode_of(path: Path) -> int:
    """The mode of a listed path, of a link itself.

    Raises:
        Invalid: it does not exist any more.
    """
    try:
        return path.lstat().st_mode
    except OSError as error:
        raise unread(path, error, listed=True) from None


def is_special(path: Path) -> bool:
    """Whether it exists, and is neither a regular file nor a directory."""
    return os.path.exists(path) and not (is_file(path) or is_directory(path))  # noqa: PTH110


def real(path: Path) -> str:
    """The real path of a file, with links resolved."""
    return os.path.realpath(path)


def look(path: Path, spare: str, *, follow: bool = True) -> int:
    """The size in bytes of a file of a tree; 0 for a link that is not followed.

    Args:
        path: the listed file.
        spare: the name of the ignore file that could exclude it.
        follow: whether to read the target of a link.

    Raises:
        Invalid: it cannot be read: a link without target, not a regular file, or it disappeared.
    """
    try:
        status = path.stat(follow_symlinks=follow)
    except OSError as error:
        if error.errno == errno.ELOOP or os.path.islink(path):  # noqa: PTH114
            raise invalid(path, f"is a link without a target; {_remove(spare)}") from None
        raise unread(path, error, listed=True) from None
    if not follow and stat.S_ISLNK(status.st_mode):
        return 0
    if not stat.S_ISREG(status.st_mode):
        raise invalid(path, f"is {_kind(status.st_mode)}, not a regular file; {_remove(spare)}")
    if follow:
        check_within(path)
    return status.st_size


# ------------------------------------------------------------ content


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
    with _opened(path, listed=False) as (file, status):
        if status.st_size > limit:
            says = f"is larger than {limit:,} bytes, the limit for such a file"
            raise invalid(path, says)
        return b"".join(_chunks(path, file, status.st_size))


def read_listed(path: Path) -> tuple[bytes, bool]:
    """The content of a listed file, and whether it is executable.

    Raises:
        Invalid: it cannot be read, or has changed.
    """
    with _opened(path, listed=True) as (file, status):
        return b"".join(_chunks(path, file, status.st_size)), bool(status.st_mode & 0o100)


@contextmanager
def opened_listed(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """A listed file opened for reading, and its size in bytes.

    Raises:
        Invalid: it cannot be read, or has changed.
    """
    with _opened(path, listed=True) as (file, status), os.fdopen(os.dup(file), "rb") as stream:
        yield stream, status.st_size


def digest(path: Path) -> tuple[str, int]:
    """The SHA-256 of a listed file of any size, and its mode.

    Raises:
        Invalid: it cannot be read, or has changed.
    """
    sha256 = hashlib.sha256()
    with _opened(path, listed=True) as (file, status):
        for chunk in _chunks(path, file, status.st_size):
            sha256.update(chunk)
        return sha256.hexdigest(), status.st_mode


def link_of(path: Path) -> str | None:
    """The target of a link; ``None`` for other files."""
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return None


@contextmanager
def _opened(path: Path, *, listed: bool) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file opened for reading, and its status.

    Args:
        path: the file.
        listed: whether it was listed before.
    """
    check_within(path)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise unread(path, error, listed=listed) from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise invalid(path, f"is {_kind(status.st_mode)}, not a regular file")
        yield file, status
    except OSError as error:
        raise unread(path, error, listed=listed) from None
    finally:
        os.close(file)


def _chunks(path: Path, file: int, size: int) -> Iterator[bytes]:
    """The content of a file, which must have exactly ``size`` bytes."""
    while chunk := os.read(file, min(size, _CHUNK) + 1):
        size -= len(chunk)
        if size < 0:
            break
        yield chunk
    if size:
        raise invalid(path, _CHANGED)


# ------------------------------------------------------------ errors


def check_within(path: Path) -> None:
    """Check that a path does not point outside the folder that this run must stay in.

    Raises:
        Invalid: it does.
    """
    if leads_out(path):
        raise invalid(path, OUTSIDE)


def _kind(mode: int) -> str:
    return next((words for is_it, words in _KINDS if is_it(mode)), "something else")


def _remove(spare: str) -> str:
    return f"remove it, or exclude it in {spare}"


def unread(path: Path, error: OSError, *, listed: bool) -> Invalid:
    """The error of a path that cannot be read; ``listed`` if it was listed before."""
    if listed and error.errno in _GONE:
        return invalid(path, _CHANGED)
    return invalid(path, f"cannot be read: {error.strerror}")


def invalid(path: Path, says: str) -> Invalid:
    """An error about a path."""
    return Invalid([Problem(says, Place(str(path)))])


def free_space(folder: Path) -> int:
    """Free bytes on the disk of a folder."""
    return shutil.disk_usage(folder).free
