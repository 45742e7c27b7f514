"""Where the lab keeps what it may reuse, and how a cached thing is made exactly once."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / ".lab"


class LabError(Exception):
    """The lab cannot come up; the message says what is missing on this machine."""


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
