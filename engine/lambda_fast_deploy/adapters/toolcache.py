"""A cache of tools that are executed later, which no other user may have written.

On GitHub's runners each job has a separate folder, which the runner empties before and after it,
so that no other job of a self-hosted machine can have left files in it. Folders that outlive jobs,
such as the tool cache, are not used. On other machines it is in the user's cache folder.

Source: GitHub Actions, "Variables reference", ``RUNNER_TEMP``.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from lambda_fast_deploy.errors import NotReady


def folder() -> Path:
    """The folder of the cache, created if it does not exist.

    Raises:
        NotReady: it is unknown or not writable, or other users could have written to it.
    """
    cache = os.environ.get("RUNNER_TEMP") or os.environ.get("XDG_CACHE_HOME")
    try:
        place = Path(cache or "~/.cache").expanduser() / "lambda-fast-deploy"
    except RuntimeError:
        raise NotReady(
            "there is no cache folder for tools", remedy="Set HOME to a folder."
        ) from None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        status = place.lstat()
    except OSError as error:
        raise _unwritable(place, error) from None
    if reason := _mistrust(status):
        raise NotReady(
            f"{place} {reason}, so other users could have put programs into it",
            remedy=f"Remove it: rm -rf {place}",
        )
    return place


def _mistrust(status: os.stat_result) -> str:
    """Why a folder's content may be another user's, or ``""``."""
    if not stat.S_ISDIR(status.st_mode):
        return "is not a folder"  # a link can point anywhere
    if status.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be written by others" if status.st_mode & 0o022 else ""


def kept(parts: tuple[bytes | str, ...], make: Callable[[Path], None]) -> Path:
    """The folder for a key of texts, filled by ``make`` if it does not exist yet.

    It appears completely, or not at all; exceptions of ``make`` pass through.

    Raises:
        NotReady: it is not writable, or other users could have written to it.
    """
    texts = (part.encode() if isinstance(part, str) else part for part in parts)
    place = folder() / hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
    if place.is_dir():
        return place
    try:
        with tempfile.TemporaryDirectory(dir=place.parent) as draft:
            target = Path(draft) / "made"
            target.mkdir()
            make(target)
            try:
                target.rename(place)
            except OSError:
                if not place.is_dir():  # a parallel run may have been first
                    raise
    except OSError as error:
        raise _unwritable(place.parent, error) from None
    return place


def _unwritable(place: Path, error: OSError) -> NotReady:
    return NotReady(
        f"{place} is not writable: {error.strerror}",
        remedy="Make it writable, or set XDG_CACHE_HOME to another folder.",
    )
