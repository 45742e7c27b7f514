"""Files that users have written."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import Invalid, Place, Problem


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Invalid: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid([Problem(f"cannot be read: {error.strerror}", Place(str(path)))]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        says = "is not UTF-8 text; save it in that encoding"
        raise Invalid([Problem(says, Place(str(path), line))]) from None


# Of the names that no file can have, too long ones for example, pathlib's raise an error.


def is_file(path: Path) -> bool:
    """Whether there is such a file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_directory(path: Path) -> bool:
    """Whether there is such a directory."""
    return os.path.isdir(path)  # noqa: PTH112
