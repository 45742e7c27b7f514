"""What is made once on a machine and kept for later runs: in the tool cache of GitHub's runners."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.errors import NotReady


def folder() -> Path:
    """Where all of it is: below ``RUNNER_TOOL_CACHE``, else where a user's caches are.

    Raises:
        NotReady: neither is known.
    """
    cache = os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(cache or "~/.cache").expanduser() / "lambda-fast-deploy"
    except RuntimeError:
        raise NotReady(
            "there is no place for what is installed once",
            remedy="Set HOME, or RUNNER_TOOL_CACHE, to a folder.",
        ) from None


def kept(parts: tuple[bytes | str, ...], make: Callable[[Path], None]) -> Path:
    """The folder that these texts name, filled by ``make`` if it is not there yet.

    It appears whole, or not at all; what ``make`` raises passes through.

    Raises:
        NotReady: it cannot be written.
    """
    texts = (part.encode() if isinstance(part, str) else part for part in parts)
    place = folder() / hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
    if place.is_dir():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as draft:
            made = Path(draft) / "made"
            made.mkdir()
            make(made)
            try:
                made.rename(place)
            except OSError:
                if not place.is_dir():  # a parallel job may have been first
                    raise
    except OSError as error:
        raise NotReady(
            f"nothing can be kept in {place.parent}: {error.strerror}",
            remedy="Let it be written, or set RUNNER_TOOL_CACHE to another folder.",
        ) from None
    return place
