"""Text that others wrote, made fit to be shown: it moves no cursor, hides nothing, commands nobody.

Terminals: ECMA-48, "Control functions". Direction: Unicode Standard Annex #9. Workflow commands:
GitHub documentation, "Workflow commands", and the older ``##[command]`` of its runner.
"""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI, such as colours
    r"|[]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings, such as titles
    r"|[ -/]*[0-~])"
)
_LINE_END = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # other direction
    r"\ud800-\udfff]"  # half of a character
)
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


def harmless(text: str) -> str:
    """A text whose every character can be seen, but for blanks and ends of lines."""
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _UNSEEN.sub(lambda match: ascii(match.group())[1:-1], text)


def for_log(text: str) -> str:
    """The same, and without what GitHub's runner would take for a command, wherever it stands."""
    return _COMMAND.sub(lambda match: f"{match.group()} ", harmless(text))


def in_line(text: str) -> str:
    """The same, in one line."""
    return for_log(" ".join(harmless(text).split()))
