"""Where the lab keeps what it may reuse, and how a cached thing is made exactly once."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".lab"
_MEMORY = Path("/dev/shm")
_ENOUGH = 4 << 30  # bytes: in containers it has 64 MiB


class LabError(Exception):
    """The lab cannot come up; the message says what is missing on this machine."""


def temporary_folder() -> Path:
    """Return where the folders of running labs are: in memory, unless TMPDIR says otherwise.

    Tests create and delete thousands of small files. After deletions ext4 searches long for the
    inode of a new file, since it does not use one again for some seconds (``recently_deleted`` in
    fs/ext4/ialloc.c).
    """
    usable = "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK)
    if usable and shutil.disk_usage(_MEMORY).free >= _ENOUGH:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def own_folder(
    parent: Path, prefix: str, remove: Callable[[Path], None] = _remove
) -> Iterator[Path]:
    """Make a folder of this process, ``PREFIXxxxxxxxx``, and ``remove`` it at the end.

    Those of processes that were killed are removed at the beginning: nobody locks them any more.
    """
    for left in parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError), (left / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # OSError: its process is alive
            remove(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            remove(folder)


def digest_of(parts: Iterable[bytes | str | Path]) -> str:
    """Return 12 hexadecimal digits that name these texts, bytes and files' contents."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            part = part.read_bytes()
        elif isinstance(part, str):
            part = part.encode()
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:12]


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``.lab/NAME``, letting ``make`` fill it if it is not there yet.

    The folder appears under its final name only once it is complete, and two labs that start
    together wait for each other instead of making it twice. ``make`` fills the folder it is
    given; whatever it raises passes through and leaves nothing behind.
    """
    final = CACHE / name
    if final.is_dir():
        return final
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        draft = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=CACHE))
        try:
            make(draft)
            draft.chmod(0o755)
            draft.rename(final)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return final
