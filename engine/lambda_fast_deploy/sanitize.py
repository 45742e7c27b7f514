"""Makes untrusted text safe to print: no control sequences, invisible text or workflow commands.

Terminals: ECMA-48, "Control functions". Invisible characters: Unicode Standard, section 5.21
(property Default_Ignorable_Code_Point), and general categories of the Unicode Character Database.
Workflow commands: GitHub documentation, "Workflow commands", and the runner's older
``##[command]``.
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
# Invisible letters and marks; ``str.isprintable`` excludes the other ignorable characters.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_DRESS, _JOINER = "\ufe0f", "\u200d"  # emoji presentation, and the joiner of two emojis
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)", re.MULTILINE)


def harmless(text: str) -> str:
    """A text in which all characters are visible, except blanks and ends of lines.

    The presentation selector and the joiner of an emoji stay.
    """
    text = _LINE_END.sub("\n", _SEQUENCE.sub("", text))
    return _ODD.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    """A sequence of non-ASCII or control characters, with invisible ones as escapes."""
    text, odd = match.string, match.group()
    if odd.isprintable() and not _IGNORED.search(odd):
        return odd
    return "".join(
        each if _is_visible(text, index) else ascii(each)[1:-1]
        for index, each in enumerate(odd, match.start())
    )


def _is_visible(text: str, index: int) -> bool:
    from unicodedata import category  # most runs do not need it

    def is_symbol(at: int) -> bool:  # "Symbol, other", or "modifier", such as a skin tone
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
    """A harmless text without anything that GitHub's runner would read as a command."""
    return _COMMAND.sub(lambda match: f"{match.group()} ", harmless(text))


def in_line(text: str) -> str:
    """A text as ``for_log``, in one line."""
    return for_log(" ".join(harmless(text).split()))
