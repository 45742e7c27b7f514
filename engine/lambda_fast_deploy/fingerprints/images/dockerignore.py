"""The files that a ``.dockerignore`` excludes from a build context, by BuildKit's rules.

Sources: moby/patternmatcher, which defines the patterns, and the filter of tonistiigi/fsutil, with
which buildx reads a context; tests/judges compares the two with this module. Only unambiguous
patterns are read. The time is bounded, since no character is read twice.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_SPECIAL = re.compile(r"[*?\[\]\\^]")
# In brackets, only this means the same to all of Go's matchers.
_CLASS = re.compile(r"\[(\^?)((?:[0-9A-Za-z_.!](?:-[0-9A-Za-z])?)+)\]")
_BLANKS = " \t\r\v\f"
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_LONGEST = 1_000  # characters of a pattern
_MOST = 1_000  # patterns with wildcards


class AmbiguousPattern(ValueError):
    """BuildKit may read a pattern in another way."""


class _Automaton:
    """A pattern as an automaton whose states are the bits of a number."""

    def __init__(self, pieces: list[str]) -> None:
        self._takes: list[tuple[frozenset[str], bool, int]] = []  # characters, or all except these
        self._stays = 0  # states that stay on any character
        self._stays_in_name = 0  # states that stay on any character except a slash
        self._skips = 0  # states that are passed without a character
        self._leaps = 0  # states that are passed with the next one
        self._moves: dict[str, int] = {}  # the states that a character moves to the next one
        bit, slash = 1, frozenset("/")
        for number, piece in enumerate(pieces):
            if piece == "**" and number == len(pieces) - 1:  # .*
                self._stays |= bit
                self._skips |= bit
            elif piece == "**":  # (.*/)?
                self._takes.append((frozenset(), True, bit))
                self._leaps |= bit
                bit <<= 1
                self._stays |= bit
                self._takes.append((slash, False, bit))
            elif piece == "*":
                self._stays_in_name |= bit
                self._skips |= bit
            elif piece == "?":
                self._takes.append((slash, True, bit))
            elif len(piece) > 1:
                self._takes.append((*_class(piece), bit))
            else:
                self._takes.append((frozenset(piece), False, bit))
            bit <<= 1
        self._last = bit

    def match(self, text: str) -> bool:
        """Whether the whole text matches."""
        states = self._closed(1)
        for char in text:
            if char not in self._moves:
                taking = [bit for chars, but, bit in self._takes if (char in chars) != but]
                self._moves[char] = sum(taking)
            target = (states & self._moves[char]) << 1 | states & self._stays
            if char == "/":
                target |= (states & self._leaps) << 2
            else:
                target |= states & self._stays_in_name
            if not target:
                return False
            states = self._closed(target)
        return bool(states & self._last)

    def _closed(self, states: int) -> int:
        """These states, and those reachable from them without a character."""
        while True:
            more = states | (states & self._skips) << 1 | (states & self._leaps) << 2
            if more == states:
                return states
            states = more


@dataclass(frozen=True)
class Glob:
    """A pattern of Go.

    Args:
        text: the cleaned pattern (``filepath.Clean``).
        is_of_name: whether it matches one name, as ``filepath.Match`` reads COPY's, instead of a
            path, as patternmatcher reads those of ignore files.

    Raises:
        AmbiguousPattern: its meaning is ambiguous.
    """

    text: str
    is_of_name: bool = False

    def __post_init__(self) -> None:
        if len(self.text) > _LONGEST:
            raise AmbiguousPattern(self.text)
        if not self.is_plain:
            assert self._pieces  # raises if the pattern is ambiguous

    @cached_property
    def is_plain(self) -> bool:
        """Whether it matches itself only."""
        return not _SPECIAL.search(self.text)

    def fits(self, path: str) -> bool:
        """Whether it matches a path, or a name."""
        if self.is_plain:
            return path == self.text
        if not (path.startswith(self.head) and path.endswith(self._tail)):
            return False
        return self._is_told_by_its_ends or self._steps.match(path)

    @cached_property
    def _is_told_by_its_ends(self) -> bool:
        """Whether its ends decide the match.

        This is so for ``x**`` and ``**x``, for which patternmatcher makes no expression, and for
        ``**/*x``, for which an expression would give the same result.
        """
        if self.is_of_name:
            return False
        begins, ends = self.text[:-2] + "/", self.text[2:]
        if self.text.endswith("**") and not _SPECIAL.search(begins):
            return True
        if self.text.startswith("**") and not _SPECIAL.search(ends) and ends[:1] != "/":
            return True
        return self.text.startswith("**/*") and not re.search(r"[*?\[\]\\^/]", self.text[4:])

    @cached_property
    def head(self) -> str:
        """The text that all its matches begin with."""
        letters = _SPECIAL.search(self.text)
        return self.text[: letters.start()] if letters else self.text

    @cached_property
    def _tail(self) -> str:
        return re.split(r"\*\*/|[*?\]]", self.text)[-1]

    @cached_property
    def _pieces(self) -> list[str]:
        """Characters, classes, ``*``, ``**`` and ``?``."""
        pieces, at, text = [], 0, self.text
        while at < len(text):
            if not self.is_of_name and text.startswith("**", at):
                at += 2
                at += text.startswith("/", at)
                pieces.append("**")
            elif text[at] == "[":
                if not (match := _CLASS.match(text, at)) or _has_bad_range(match[2]):
                    raise AmbiguousPattern(text)
                pieces.append(match[0])
                at = match.end()
            elif text[at] in "]\\^":
                raise AmbiguousPattern(text)
            else:
                pieces.append(text[at])
                at += 1
        return pieces

    @cached_property
    def _steps(self) -> _Automaton:
        return _Automaton(self._pieces)


def _ranges(text: str) -> list[tuple[str, str]]:
    return [(first, last or first) for first, last in re.findall("(.)(?:-(.))?", text)]


def _has_bad_range(text: str) -> bool:
    return any(first > last for first, last in _ranges(text))


def _class(piece: str) -> tuple[frozenset[str], bool]:
    match = _CLASS.fullmatch(piece)
    assert match is not None
    chars = (chr(code) for a, b in _ranges(match[2]) for code in range(ord(a), ord(b) + 1))
    return frozenset(chars), bool(match[1])


@dataclass(frozen=True, slots=True)
class DockerignorePattern:
    """A pattern of an ignore file, with its line."""

    glob: Glob
    takes_in: bool
    line: int


class DockerignoreRules:
    """The rules of an ignore file.

    Args:
        text: the text of the file.

    Raises:
        AmbiguousPattern: the meaning of a pattern is ambiguous.
    """

    def __init__(self, text: str) -> None:
        self.patterns: list[DockerignorePattern] = []
        lines = text.removeprefix("\ufeff").split("\n")
        for number, line in enumerate(lines, 1):
            if patterns := _pattern(line, number):
                self.patterns.append(patterns)
        plain = [(n, p) for n, p in enumerate(self.patterns) if p.glob.is_plain]
        self._plain: dict[str, list[int]] = {}
        for n, pattern in plain:
            self._plain.setdefault(pattern.glob.text, []).append(n)
        self._taking_in = [p.glob.head for p in self.patterns if p.takes_in]
        self._globs = [n for n, p in enumerate(self.patterns) if not p.glob.is_plain]
        if len(self._globs) > _MOST:
            raise AmbiguousPattern(f"{len(self._globs)} patterns")

    def leaves_out(self, path: str, above: int) -> tuple[bool, int]:
        """Whether a path is excluded, and the state for paths below it; as for ``last``."""
        by, state = self.last(path, above)
        return by is not None, state

    def may_take_in_below(self, folder: str) -> bool:
        """Whether a path in an excluded folder may be included again."""
        begin = f"{folder}/"
        return any(begin.startswith(head) or head.startswith(begin) for head in self._taking_in)

    def line_for(self, path: str) -> int:
        """The line that excludes a path, or 0."""
        by, state, at = None, 0, -1
        while at < len(path):
            at = path.find("/", at + 1) if "/" in path[at + 1 :] else len(path)
            by, state = self.last(path[:at], state)
        return by.line if by else 0

    def last(self, path: str, above: int) -> tuple[DockerignorePattern | None, int]:
        """The pattern that excludes a path, or ``None``; and the state for paths below it.

        Args:
            path: a file or folder.
            above: the state of its folder; 0 at the top.
        """
        by: DockerignorePattern | None = None
        state = 0
        for number in self._candidates(path, above):
            pattern = self.patterns[number]
            fits = bool(above >> number & 1)
            if not fits and pattern.takes_in == (by is not None):
                fits = pattern.glob.fits(path)
            if fits:
                state |= 1 << number
                by = None if pattern.takes_in else pattern
        return by, state

    def _candidates(self, path: str, above: int) -> Iterable[int]:
        plain = self._plain.get(path)
        if not plain and not above:
            return self._globs
        from_above = (n for n in range(above.bit_length()) if above >> n & 1)
        return sorted({*self._globs, *(plain or ()), *from_above})


def _pattern(line: str, number: int) -> DockerignorePattern | None:
    line = line.removesuffix("\r")
    if line.startswith("#"):
        return None
    if _ODD.search(line):
        raise AmbiguousPattern(line)
    line = line.strip(_BLANKS)
    if not line:
        return None
    takes_in = line.startswith("!")
    if takes_in:
        line = line[1:].strip(_BLANKS)
        if not line:
            raise AmbiguousPattern("!")  # BuildKit refuses it
    text = cleaned(line)
    text = text.removeprefix("/") if len(text) > 1 else text
    return DockerignorePattern(Glob(text), takes_in, number)


def cleaned(path: str) -> str:
    """A path as Go's ``filepath.Clean`` normalizes it."""
    parts = posixpath.normpath(path)
    return parts[1:] if parts.startswith("//") else parts
