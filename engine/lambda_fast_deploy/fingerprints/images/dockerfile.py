"""Dockerfiles, read as BuildKit reads them.

Sources: the Dockerfile reference, and the parser of moby/buildkit (``frontend/dockerfile``), which
tests/judges compares with this reader. Ambiguous syntax is marked (``is_certain``), so that callers
can choose the safe answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_OWN_SYNTAX = re.compile(r"(docker\.io/)?docker/dockerfile(-upstream)?(:[\w.-]+)?(@\w+:\w+)?")
_CONTINUED = {
    "\\": re.compile(r"(?:(?<=[^\\])|^)\\[ \t]*$"),
    "`": re.compile(r"(?:(?<=[^`])|^)`[ \t]*$"),
}
_SPACES = re.compile(r"[\t\v\f\r ]+")
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_DOCUMENT = re.compile(r"\d*<<(-?)([^<]+)")
_QUOTED = re.compile(r"""(['"]?)([^\s'"\\$]+)\1""")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?(?:\s+|$)")
_KNOWN = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL "
    "STOPSIGNAL USER VOLUME WORKDIR".split()
)
_LONGEST = 16_384  # characters of a line; BuildKit reads 64 KB
# Characters that not all of Go, Python and the parts of BuildKit treat as blanks.
_ODD = re.compile("[\x00-\x08\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its lines joined.

    Attributes:
        name: in capitals.
        flags: pairs such as ``("from", "build")``; ``""`` if there is no value.
        rest: the text after the flags.
        line, end: its first and last line, counted from 1, with its here-documents.
        is_certain: whether the flags are unambiguous.
        trigger: the instruction after ONBUILD, which other builds run.
    """

    name: str
    flags: tuple[tuple[str, str], ...]
    rest: str
    line: int
    end: int
    is_certain: bool = True
    trigger: Instruction | None = None

    def flag(self, name: str) -> str | None:
        """The value of a flag; ``None`` if it is not set."""
        return dict(self.flags).get(name)

    @property
    def words(self) -> list[str]:
        """The words after the flags."""
        return self.rest.split()


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile.

    Attributes:
        text: as it was written.
        instructions: in order.
        syntax: the image of its frontend, if it names one.
        is_certain: whether BuildKit is known to read exactly these instructions.
    """

    text: str
    instructions: tuple[Instruction, ...]
    syntax: str = ""
    is_certain: bool = True

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order; instructions before the first FROM are in none."""
        all_stages: list[Stage] = []
        for each in self.instructions:
            if each.name == "FROM":
                words = each.words
                name = words[2] if len(words) == 3 and words[1].upper() == "AS" else ""
                all_stages.append(
                    Stage(len(all_stages), name.lower(), words[0] if words else "", each)
                )
            elif all_stages:
                all_stages[-1].instructions.append(each)
        return tuple(all_stages)

    @property
    def triggers(self) -> tuple[Instruction, ...]:
        """The instructions after ONBUILD, which other images' builds run."""
        return self.stages[-1].triggers if self.stages else ()

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {}
        for each in self.stages:
            for name in filter(None, (each.name, str(each.number))):
                numbers.setdefault(name, []).append(each.number)
        return numbers

    def stages_of(self, name: str) -> list[int]:
        """The numbers of the stages with this name or number; empty if it is an image's name."""
        return self._numbers.get(name.lower(), [])

    @cached_property
    def built(self) -> frozenset[int]:
        """The numbers of the stages that the last one needs; BuildKit builds no others."""
        waiting = [each.number for each in self.stages[-1:]]
        numbers: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number not in numbers:
                numbers.add(number)
                stage = self.stages[number]
                stage_numbers = [
                    stage.start,
                    *(name for each in stage.instructions for name in froms(each)),
                ]
                for name in stage_numbers:
                    waiting += range(number) if "$" in name else self.stages_of(name)
        return frozenset(numbers)

    @cached_property
    def started_from(self) -> frozenset[int]:
        """The numbers of the stages that other stages start from."""
        starts = {number for each in self.stages for number in self.stages_of(each.start)}
        is_open = any("$" in each.start for each in self.stages[1:])
        return frozenset(range(len(self.stages)) if is_open else starts)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: its number, its name in lower case or ``""``, and the image or stage after FROM."""

    number: int
    name: str
    start: str
    begins: Instruction
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def triggers(self) -> tuple[Instruction, ...]:
        """The ONBUILD instructions for builds that start from this stage."""
        return tuple(each.trigger for each in self.instructions if each.trigger)


def froms(instruction: Instruction) -> Iterator[str]:
    """The stages or images that an instruction copies files from."""
    if instruction.name in ("COPY", "RUN"):
        for name, value in instruction.flags:
            if name == "from":
                yield value
            elif name == "mount" and (source := mount(value).get("from")):
                yield source


def mount(value: str) -> dict[str, str]:
    """The options of ``RUN --mount``, by their names in lower case."""
    pairs = (option.partition("=") for option in value.split(","))
    return {name.strip().lower(): value for name, _, value in pairs}


@lru_cache(maxsize=64)
def read(text: str) -> Dockerfile:
    """Read a Dockerfile; its errors are left to the builder."""
    return _DockerfileReader(text).read()


class _DockerfileReader:
    """Reads a Dockerfile line by line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.removeprefix("\ufeff").split("\n")
        self._at = 0
        self._continued = _CONTINUED["\\"]
        self._directives: dict[str, str] | None = {}
        self._syntax = ""
        self._is_certain = not self._lines[0].startswith(("#!", "//", "{"))

    def read(self) -> Dockerfile:
        instructions = []
        while self._at < len(self._lines):
            if all_instructions := self._joined():
                instructions.append(all_instructions)
        certain = self._is_certain and all(each.name in _KNOWN for each in instructions)
        certain = certain and all(len(line) < _LONGEST for line in self._lines)
        certain = certain and not _ODD.search(self._text)
        if self._syntax and not _OWN_SYNTAX.fullmatch(self._syntax):
            certain = False
        return Dockerfile(self._text, tuple(instructions), self._syntax, certain)

    def _next(self) -> str:
        line = self._lines[self._at].rstrip("\r")
        self._at += 1
        self._direct(line.lstrip())
        return line

    def _direct(self, line: str) -> None:
        """Read a directive; these are only at the top."""
        if self._directives is None:
            return
        match = _DIRECTIVE.fullmatch(line)
        name = match[1].lower() if match else ""
        if not match or name not in _DIRECTIVES:
            self._directives = None
            return
        if name in self._directives or (name == "escape" and match[2] not in _CONTINUED):
            self._is_certain = False  # BuildKit refuses it
        self._directives[name] = match[2]
        if name == "syntax":
            self._syntax = match[2].split()[0]
        elif name == "escape":
            self._continued = _CONTINUED.get(match[2], self._continued)

    def _joined(self) -> Instruction | None:
        """The instruction that begins on the next line; ``None`` if there is none."""
        line, first = self._next().lstrip(), self._at
        if not line or line.startswith("#"):
            return None
        joined, goes_on = self._continues(line)
        while goes_on and self._at < len(self._lines):
            line = self._next()
            if line.strip() and not line.lstrip().startswith("#"):
                more, goes_on = self._continues(line)
                joined += more
        if not joined.strip():
            self._is_certain = False
            return None
        return self._instruction(joined, first)

    def _continues(self, line: str) -> tuple[str, bool]:
        match = self._continued.search(line)
        return (line[: match.start()], True) if match else (line, False)

    def _instruction(self, line: str, first: int, *, is_trigger: bool = False) -> Instruction:
        name, *others = _SPACES.split(line.strip(), maxsplit=1)
        name, rest = name.upper(), (others[0] if others else "").strip()
        if not is_trigger and name in ("ADD", "COPY", "RUN", "ONBUILD") and "<<" in rest:
            self._pass_documents(name, line)
        flags: list[tuple[str, str]] = []
        at = 0
        while match := _FLAG.match(rest, at):
            flags.append((match[1], match[2] or ""))
            at = match.end()
        rest = rest[at:]
        certain = not rest.startswith("--") and not any(re.search(r"[\"'\\`]", v) for _, v in flags)
        trigger = (
            self._instruction(rest, first, is_trigger=True) if name == "ONBUILD" and rest else None
        )
        return Instruction(name, tuple(flags), rest, first, self._at, certain, trigger)

    def _pass_documents(self, name: str, line: str) -> None:
        """Skip the here-documents of an instruction."""
        if name == "ONBUILD" and line.split()[1].upper() not in ("ADD", "COPY", "RUN"):
            return
        if _WORD.sub("", line).strip() or "${" in line:
            self._is_certain = False  # BuildKit's shell may read other words
        for word in _WORD.findall(line):
            if match := _DOCUMENT.fullmatch(word):
                ends = _QUOTED.fullmatch(match[2])
                if not ends:
                    self._is_certain = False
                    continue
                self._pass_document(ends[2], is_chomped=bool(match[1]))

    def _pass_document(self, end: str, *, is_chomped: bool) -> None:
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip("\r")
            self._at += 1
            if (line.lstrip("\t") if is_chomped else line) == end:
                return
        self._is_certain = False  # it never ends
