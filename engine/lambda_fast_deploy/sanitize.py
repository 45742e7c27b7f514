"""Text that others wrote, made fit to be shown: it moves no cursor, hides nothing, commands nobody.

Terminals: ECMA-48, "Control functions". What is not seen: Unicode Standard, section 5.21 (property
Default_Ignorable_Code_Point), and general categories of the Unicode Character Database. Workflow
commands: GitHub documentation, "Workflow commands", and the older ``##[command]`` of its runner.
"""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI, such as colours
    r"|[]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings, such as titles
    r"|[ -/]*[0-~])"
)
_LINE_END = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_ODD = re.compile(r"[^\t\n -~]+")
# Letters and marks of which nothing is drawn; whatever else is ignorable cannot be printed either.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_DRESS, _JOINER = "\ufe0f", "\u200d"  # what draws a symbol in colours, and makes one of two
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


def harmless(text: str) -> str:
    """A text whose every character can be seen, but for blanks and ends of lines.

    What belongs to an emoji stays with it: one sign that dresses it, one that joins it to another.
    """
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _ODD.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    """A run of characters beyond ASCII, or of controls; those that are not seen are spelled out."""
    text, found = match.string, match.group()
    if found.isprintable() and not _IGNORED.search(found):
        return found
    return "".join(
        each if _is_seen(text, index) else ascii(each)[1:-1]
        for index, each in enumerate(found, match.start())
    )


def _is_seen(text: str, index: int) -> bool:
    from unicodedata import category  # most runs show nothing that is odd

    def is_symbol(at: int) -> bool:  # "Symbol, other", or a "modifier", as of the colour of skin
        return 0 <= at < len(text) and category(text[at]) in ("So", "Sk")

    each = text[index]
    if each == _DRESS:
        return is_symbol(index - 1)
    if each == _JOINER:
        before = index - 1 - (text[index - 1 : index] == _DRESS)
        return is_symbol(before) and is_symbol(index + 1)
    is_blank = category(each) == "Zs"
    return is_blank or (each.isprintable() and not _IGNORED.match(each))


def for_log(text: str) -> str:
    """The same, and without what GitHub's runner would take for a command, wherever it stands."""
    return _COMMAND.sub(lambda match: f"{match.group()} ", harmless(text))


def in_line(text: str) -> str:
    """The same, in one line."""
    return for_log(" ".join(harmless(text).split()))
