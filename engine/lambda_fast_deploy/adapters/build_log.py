"""Reads BuildKit's plain log: the progress, cached steps, and the result of each cache."""

from __future__ import annotations

import re

_VERTEX = re.compile(r"#(\d+) (.*)")
_STEP = re.compile(r"\[(?!internal\]|auth\])[^\]]*\d+/\d+\] (?!FROM )")
_IMPORT = re.compile(r"importing cache manifest from (\S+)")
_EXPORT = re.compile(r"exporting cache to (.+)")


class BuildLog:
    """Reads the log line by line.

    Attributes:
        steps, cached: the number of instructions, and how many of them a cache had.
        imported: caches that were read.
        absent: caches that do not exist.
        unreadable: caches that could not be read, and why.
        unwritten: caches that could not be written, and why.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.cached = 0
        self.imported: list[str] = []
        self.absent: list[str] = []
        self.unreadable: dict[str, str] = {}
        self.unwritten: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def read(self, line: str) -> str:
        """Read a line; returns the instruction that begins on it, or ``""``."""
        if not (match := _VERTEX.match(line)):
            return ""
        number, says = match.groups()
        if number not in self._names:
            self._names[number] = says
            return says if _STEP.match(says) else ""
        name = self._names[number]
        if _STEP.match(name):
            self.steps += says.startswith(("DONE ", "CACHED"))
            self.cached += says == "CACHED"
        elif export := _IMPORT.match(name):
            self._import(export.group(1), says)
        elif (export := _EXPORT.match(name)) and says.startswith("ERROR: "):
            self.unwritten[export.group(1)] = says.removeprefix("ERROR: ")
        return ""

    def _import(self, cache: str, says: str) -> None:
        if says.startswith("DONE"):
            self.imported.append(cache)
        elif says.endswith(": not found"):
            self.absent.append(cache)
        elif says.startswith("ERROR: "):
            self.unreadable[cache] = says.removeprefix("ERROR: ")

    def __str__(self) -> str:
        return f"{self.cached} of {self.steps} steps cached"
