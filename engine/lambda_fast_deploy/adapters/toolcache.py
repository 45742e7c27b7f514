"""What is made once and kept for later starts, and executed then: nobody else may have written it.

A job of GitHub's runners has a folder of its own, which the runner empties before and after it, so
that no other job of a self-hosted machine can have left anything there; what outlives jobs, such as
the tool cache, is not used. Elsewhere it is where the user's caches are.

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
    """Where all of it is, made if it is not there yet.

    Raises:
        NotReady: no place is known, it cannot be written, or others could have written there.
    """
    cache = os.environ.get("RUNNER_TEMP") or os.environ.get("XDG_CACHE_HOME")
    try:
        place = Path(cache or "~/.cache").expanduser() / "lambda-fast-deploy"
    except RuntimeError:
        raise NotReady(
            "there is no place for what is installed once", remedy="Set HOME to a folder."
        ) from None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError as error:
        raise _unwritable(place, error) from None
    if theirs := _theirs(found):
        raise NotReady(
            f"{place} {theirs}, so others could have put there what would be executed",
            remedy=f"Remove it: rm -rf {place}",
        )
    return place


def _theirs(found: os.stat_result) -> str:
    """Why what is in a folder may be somebody else's, or nothing."""
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"  # a link leads to wherever its owner likes
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    return "can be written by others" if found.st_mode & 0o022 else ""


def kept(parts: tuple[bytes | str, ...], make: Callable[[Path], None]) -> Path:
    """The folder that these texts name, filled by ``make`` if it is not there yet.

    It appears whole, or not at all; what ``make`` raises passes through.

    Raises:
        NotReady: it cannot be written, or others could have written there.
    """
    texts = (part.encode() if isinstance(part, str) else part for part in parts)
    place = folder() / hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
    if place.is_dir():
        return place
    try:
        with tempfile.TemporaryDirectory(dir=place.parent) as draft:
            made = Path(draft) / "made"
            made.mkdir()
            make(made)
            try:
                made.rename(place)
            except OSError:
                if not place.is_dir():  # a parallel run may have been first
                    raise
    except OSError as error:
        raise _unwritable(place.parent, error) from None
    return place


def _unwritable(place: Path, error: OSError) -> NotReady:
    return NotReady(
        f"nothing can be kept in {place}: {error.strerror}",
        remedy="Let it be written, or set XDG_CACHE_HOME to another folder.",
    )
