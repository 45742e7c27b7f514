"""What a terminal can show, and colours where it can show them."""

from __future__ import annotations

import sys
from typing import Literal, TextIO

from lambda_fast_deploy.adapters.environment import VARIABLES

Colour = Literal["red", "green", "dim"]
_CODES: dict[Colour, str] = {"red": "31", "green": "32", "dim": "2"}  # ECMA-48, SGR


def is_terminal(file: TextIO | None) -> bool:
    """Whether a file is a person's terminal, and the terminal can move its cursor."""
    if file is None or file.closed:
        return False
    is_ci = VARIABLES.get("CI", "") not in ("", "false")
    return file.isatty() and VARIABLES.get("TERM", "dumb") != "dumb" and not is_ci


def painted(text: str, colour: Colour, file: TextIO | None = None) -> str:
    """A text in a colour, if the file (default: stderr) is a terminal (no-color.org: NO_COLOR)."""
    if VARIABLES.get("NO_COLOR") or not is_terminal(file or sys.stderr):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
