"""Patterns of paths as in git (its documentation, "gitignore"), matched in bounded time.

Each pattern becomes a regular expression that never backtracks over an asterisk: the text after an
asterisk is searched from left to right, and the first match is enough, since anything that matches
after a later one also matches after this one. A pattern is tried only on texts that begin and end
with its own letters, so that many patterns cost little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

# The meaning of [:NAME:] in brackets (POSIX): ASCII only, as in git.
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\v\f\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_PLAIN = re.compile(r"[^*?\[\\]*")
_ANYWHERE = re.compile(r"(?:\*\*+/)++[^/]*")  # the same as the name alone
_ENDED = re.compile(r"\\?/|\Z")
_SPECIAL = frozenset("*?[]\\/")
_NEVER = "(?!)"  # matches nothing
_SKIPPED = "(?:[^/]++/)*?"  # folders, as few as possible


class _Token(NamedTuple):
    """A piece of a pattern: the expression of one character, or one of the constants below."""

    expression: str


_STARS = _Token("*")  # any characters of one name
_FOLDERS = _Token("**")  # any folders, or none
_SLASH = _Token("/")


class InvalidPattern(ValueError):
    """A text is not a pattern: nothing follows its last backslash."""


@dataclass(frozen=True)
class GitignorePattern:
    """A pattern, without the characters around it.

    Args:
        text: the pattern between these characters.
        number: its place in the file; the last pattern that matches a path decides.
        takes_in: whether it includes matching paths again, instead of excluding them.
        is_of_folders: whether it matches folders only.
        is_of_names: whether it matches the last name of a path, in any folder.
    """

    text: str
    number: int = 0
    takes_in: bool = False
    is_of_folders: bool = False
    is_of_names: bool = False

    @cached_property
    def head(self) -> str:
        """Letters that all its matches begin with."""
        return _PLAIN.match(self.text).group()  # type: ignore[union-attr]

    @property
    def is_plain(self) -> bool:
        """Whether it matches its own letters only."""
        return len(self.head) == len(self.text)

    @cached_property
    def tail(self) -> str:
        """Letters that all its matches end with."""
        end = len(self.text)
        while end and self.text[end - 1] not in _SPECIAL:
            end -= 1
        return self.text[end:]

    @cached_property
    def _tokens(self) -> list[_Token]:
        return list(_tokens(self.text))

    @cached_property
    def _shortest(self) -> int:
        """The minimum length of its matches; shorter texts need no expression."""
        return sum(token not in (_STARS, _FOLDERS, _SLASH) for token in self._tokens)

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(_expression(self._tokens), re.DOTALL)

    def fits(self, text: str) -> bool:
        """Whether it matches a name or path, which begins with its head."""
        return self.is_plain or (
            text.endswith(self.tail)
            and len(text) >= self._shortest
            and self._expression.match(text) is not None
        )


def pattern_of(line: str, number: int = 0) -> GitignorePattern | None:
    """The pattern on a line; ``None`` if there is none.

    Raises:
        InvalidPattern: nothing follows its last backslash.

    """
    text = line.rstrip(" ")
    if len(text) < len(line) and _is_open(text):
        text += " "  # a backslash makes the space part of the pattern
    if not text or text.startswith("#"):
        return None
    takes_in, text = text.startswith("!"), text.removeprefix("!")
    is_of_folders, text = text.endswith("/"), text.removesuffix("/")
    if _is_open(text):
        raise InvalidPattern(line)
    if _ANYWHERE.fullmatch(text):
        text = text.rpartition("/")[2]
    is_of_names = "/" not in text
    return GitignorePattern(text.removeprefix("/"), number, takes_in, is_of_folders, is_of_names)


def _is_open(text: str) -> bool:
    """Whether a text ends with a backslash without its character."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


class GitignorePatterns:
    """Patterns of which the last match of a path decides."""

    def __init__(self, patterns: Iterable[GitignorePattern]) -> None:
        listed = list(patterns)
        self._of_names = _Index(each for each in listed if each.is_of_names)
        self._of_paths = _Index(each for each in listed if not each.is_of_names)

    def last(self, path: str, *, is_folder: bool = False) -> GitignorePattern | None:
        """The last pattern that matches a path itself, independent of its parent folders."""
        match = self._of_names.last(path.rpartition("/")[2], None, is_folder=is_folder)
        return self._of_paths.last(path, match, is_folder=is_folder)

    def leaves_out(self, path: str, is_folder: bool) -> bool:
        """Whether a path is excluded, if none of its parent folders is."""
        match = self.last(path, is_folder=is_folder)
        return match is not None and not match.takes_in


class _Index:
    """Patterns by the letters that they begin or end with, so that few are tried on a text."""

    def __init__(self, patterns: Iterable[GitignorePattern]) -> None:
        self._plain: dict[str, list[GitignorePattern]] = {}
        self._heads: dict[str, list[GitignorePattern]] = {}
        self._tails: dict[str, list[GitignorePattern]] = {}
        for each in patterns:
            if each.is_plain:
                self._plain.setdefault(each.head, []).append(each)
            elif each.head:
                self._heads.setdefault(each.head, []).append(each)
            else:
                self._tails.setdefault(each.tail, []).append(each)
        self._before = sorted(set(map(len, self._heads)))
        self._behind = sorted(set(map(len, self._tails)))

    def last(
        self, text: str, before: GitignorePattern | None, *, is_folder: bool
    ) -> GitignorePattern | None:
        """The last pattern that matches a text, if it is later than ``before``; else ``before``."""
        for listed in self._candidates(text):
            for each in reversed(listed):
                if before and each.number <= before.number:
                    break
                if (is_folder or not each.is_of_folders) and each.fits(text):
                    before = each
                    break
        return before

    def _candidates(self, text: str) -> Iterator[list[GitignorePattern]]:
        if patterns := self._plain.get(text):
            yield patterns
        for length in self._before:
            if patterns := self._heads.get(text[:length]):
                yield patterns
        for length in self._behind:
            if patterns := self._tails.get(text[max(0, len(text) - length) :]):
                yield patterns


# ------------------------------------------------------------ as a regular expression


def _expression(tokens: list[_Token]) -> str:
    """The expression of a whole pattern."""
    names: list[list[_Token]] = [[]]
    for token in tokens:
        if token is _SLASH:
            names.append([])
        else:
            names[-1].append(token)
    if not all(names):
        return _NEVER  # no name is empty
    expression, run, is_sought = "", "", False  # a run: consecutive names
    for number, name in enumerate(names):
        if name == [_FOLDERS]:
            expression += f"(?>{_SKIPPED}{run})" if run and is_sought else run
            run, is_sought = "", True
        else:
            run += f"(?>{_name(name)}{'/' if number < len(names) - 1 else ''})"
    if names[-1] == [_FOLDERS]:
        return rf"{expression}.+\Z"
    return rf"{expression}{_SKIPPED if is_sought else ''}{run}\Z"


def _name(tokens: list[_Token]) -> str:
    """The expression of one name."""
    pieces = [""]
    for token in tokens:
        if token in (_STARS, _FOLDERS):
            pieces.append("")
        else:
            pieces[-1] += token.expression
    first, *others = pieces
    if not others:
        return first
    *between, last = others
    return first + "".join(f"(?>[^/]*?{each})" for each in between if each) + f"[^/]*{last}"


def _tokens(text: str) -> Iterator[_Token]:
    """The pieces of a pattern."""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "*":
            begun = at - 1
            while text[at : at + 1] == "*":
                at += 1
            is_whole = text[begun - 1 : begun] in ("", "/") and _ENDED.match(text, at)
            yield _FOLDERS if is_whole and at - begun > 1 else _STARS
        elif char == "?":
            yield _Token("[^/]")
        elif char == "[":
            expression, at = _brackets(text, at)
            yield _Token(expression)
        else:
            if char == "\\":
                char, at = text[at : at + 1], at + 1
            yield _SLASH if char == "/" else _Token(re.escape(char))


def _brackets(text: str, at: int) -> tuple[str, int]:
    """The expression of brackets that begin at a place, and the place after them."""
    negated = text[at : at + 1] in ("!", "^")
    first = at = at + negated
    characters, before = "", ""
    while at < len(text) and (text[at] != "]" or at == first):
        char = text[at]
        closed = text.find("]", at + 2) if text.startswith("[:", at) else -1
        if text.startswith("[:", at) and closed < 0:
            break
        if closed > at + 2 and text[closed - 1] == ":":
            if (name := text[at + 2 : closed - 1]) not in _CLASSES:
                return _NEVER, len(text)
            characters, before, at = characters + _CLASSES[name], "", closed + 1
            continue
        if char == "-" and before and text[at + 1 : at + 2] not in ("", "]"):
            at += 1 + (text[at + 1] == "\\")
            if before <= text[at : at + 1]:
                characters += f"{re.escape(before)}-{re.escape(text[at])}"
            before, at = "", at + 1
            continue
        if char == "\\":
            at += 1
            char = text[at : at + 1]
        characters, before, at = characters + re.escape(char), char, at + 1
    if at >= len(text) or text[at] != "]":
        return _NEVER, len(text)  # never closed
    if not characters:
        return ("[^/]" if negated else _NEVER), at + 1
    return f"[^/{characters}]" if negated else f"(?!/)[{characters}]", at + 1
