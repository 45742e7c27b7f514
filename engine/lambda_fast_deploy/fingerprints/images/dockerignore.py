"""What a ``.dockerignore`` leaves out of a build context, by the rules of BuildKit.

Sources: moby/patternmatcher, which these patterns are of, and the filter of tonistiigi/fsutil, with
which buildx reads a context; tests/judges holds the two against this module. A pattern is read only
where its meaning is certain; its time is bounded, since no character is looked at twice.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_SPECIAL = re.compile(r"[*?\[\]\\^]")
# Of what stands in brackets, only this means the same to all of Go that reads it.
_CLASS = re.compile(r"\[(\^?)((?:[0-9A-Za-z_.!](?:-[0-9A-Za-z])?)+)\]")
_BLANKS = " \t\r\v\f"
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_LONGEST = 1_000  # characters of a pattern
_MOST = 1_000  # patterns with asterisks and their like


class AmbiguousPattern(ValueError):
    """A pattern may mean something else to BuildKit than it is taken for."""


class _Automaton:
    """A pattern as an automaton whose states are the bits of a number."""

    def __init__(self, pieces: list[str]) -> None:
        self._takes: list[tuple[frozenset[str], bool, int]] = []  # characters, or all but those
        self._stays = 0  # states that any character leaves
        self._stays_in_name = 0  # states that any but a slash leaves
        self._skips = 0  # states that are passed without a character
        self._leaps = 0  # states that are passed with the next one
        self._moves: dict[str, int] = {}  # the states that a character leads to the next one
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
        """Whether the whole text fits."""
        states = self._closed(1)
        for char in text:
            if char not in self._moves:
                taking = [bit for chars, but, bit in self._takes if (char in chars) != but]
                self._moves[char] = sum(taking)
            moved = (states & self._moves[char]) << 1 | states & self._stays
            if char == "/":
                moved |= (states & self._leaps) << 2
            else:
                moved |= states & self._stays_in_name
            if not moved:
                return False
            states = self._closed(moved)
        return bool(states & self._last)

    def _closed(self, states: int) -> int:
        """These states, and those that are reached from them without a character."""
        while True:
            more = states | (states & self._skips) << 1 | (states & self._leaps) << 2
            if more == states:
                return states
            states = more


@dataclass(frozen=True)
class Glob:
    """A pattern of Go's.

    Args:
        text: the pattern, in order (``filepath.Clean``).
        is_of_name: whether it is about one name, as ``filepath.Match`` reads COPY's, and not about
            a path, as patternmatcher reads those of ignore files.

    Raises:
        NotCertain: what it means is not certain.
    """

    text: str
    is_of_name: bool = False

    def __post_init__(self) -> None:
        if len(self.text) > _LONGEST:
            raise AmbiguousPattern(self.text)
        if not self.is_plain:
            assert self._pieces  # or what is not certain has been raised

    @cached_property
    def is_plain(self) -> bool:
        """Whether it fits itself only."""
        return not _SPECIAL.search(self.text)

    def fits(self, path: str) -> bool:
        """Whether it fits a path, or a name."""
        if self.is_plain:
            return path == self.text
        if not (path.startswith(self.head) and path.endswith(self._tail)):
            return False
        return self._is_told_by_its_ends or self._steps.match(path)

    @cached_property
    def _is_told_by_its_ends(self) -> bool:
        """Whether all fits that begins and ends as it does.

        So it is with ``x**`` and ``**x``, of which patternmatcher makes no expression, and with
        ``**/*x``, of which one would say the same.
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
        """What all that it fits begins with."""
        found = _SPECIAL.search(self.text)
        return self.text[: found.start()] if found else self.text

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
    """A pattern of an ignore file, and the line that it is on."""

    glob: Glob
    takes_in: bool
    line: int


class DockerignoreRules:
    """What an ignore file leaves out.

    Args:
        text: the file's.

    Raises:
        NotCertain: of one of its patterns.
    """

    def __init__(self, text: str) -> None:
        self.patterns: list[DockerignorePattern] = []
        lines = text.removeprefix("\ufeff").split("\n")
        for number, line in enumerate(lines, 1):
            if found := _pattern(line, number):
                self.patterns.append(found)
        plain = [(n, p) for n, p in enumerate(self.patterns) if p.glob.is_plain]
        self._plain: dict[str, list[int]] = {}
        for n, pattern in plain:
            self._plain.setdefault(pattern.glob.text, []).append(n)
        self._taking_in = [p.glob.head for p in self.patterns if p.takes_in]
        self._globs = [n for n, p in enumerate(self.patterns) if not p.glob.is_plain]
        if len(self._globs) > _MOST:
            raise AmbiguousPattern(f"{len(self._globs)} patterns")

    def leaves_out(self, path: str, above: int) -> tuple[bool, int]:
        """Whether a path is left out, and what those below have to know; as of ``last``."""
        by, known = self.last(path, above)
        return by is not None, known

    def may_take_in_below(self, folder: str) -> bool:
        """Whether something in a folder that is left out may be taken back in."""
        begin = f"{folder}/"
        return any(begin.startswith(head) or head.startswith(begin) for head in self._taking_in)

    def line_for(self, path: str) -> int:
        """The line that leaves out a path, or 0."""
        by, known, at = None, 0, -1
        while at < len(path):
            at = path.find("/", at + 1) if "/" in path[at + 1 :] else len(path)
            by, known = self.last(path[:at], known)
        return by.line if by else 0

    def last(self, path: str, above: int) -> tuple[DockerignorePattern | None, int]:
        """The pattern that leaves a path out, or ``None``; and what those below have to know.

        Args:
            path: of a file or folder.
            above: what its folder has to know; 0 of those in no folder.
        """
        by: DockerignorePattern | None = None
        known = 0
        for number in self._candidates(path, above):
            pattern = self.patterns[number]
            fits = bool(above >> number & 1)
            if not fits and pattern.takes_in == (by is not None):
                fits = pattern.glob.fits(path)
            if fits:
                known |= 1 << number
                by = None if pattern.takes_in else pattern
        return by, known

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
    """A path in order, as Go's ``filepath.Clean`` puts it."""
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found
