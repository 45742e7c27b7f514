"""Build contexts: what is in them after ``.dockerignore``, and what of it a Dockerfile copies.

One answer for fingerprints, for the context that the Docker engine is sent, and for what a plan
says of a COPY that will fail. It holds all that the image can hold: what is not understood for
certain makes the whole context count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_link, is_there, link_of, read_text
from lambda_fast_deploy.adapters.folders import Kinds, kinds_of
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.images.copy_sources import Source, sources
from lambda_fast_deploy.fingerprints.images.dockerfile import Instruction, read
from lambda_fast_deploy.fingerprints.images.dockerignore import (
    AmbiguousPattern,
    DockerignoreRules,
    Glob,
)

DOCKERIGNORE = ".dockerignore"
_LINKS = 255  # that are followed on one way (containerd, ``fs.RootPath``)
_STEPS = 100_000  # on all ways


class _LinkLoop(Exception):
    """A way through the context leads round in circles."""


@dataclass(frozen=True)
class ContextContent:
    """What counts of a context.

    Attributes:
        root: the folder of the context.
        kinds: what each path is, in order.
        unread: an ignore file that is not understood: nothing is left out then.
    """

    root: Path
    kinds: Kinds
    unread: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether the ignore file is understood."""
        return not self.unread


def content(
    context: Path,
    dockerfile: Path,
    build_args: Mapping[str, str],
    triggers: Iterable[Instruction] | None = (),
) -> ContextContent:
    """What of a build context can come into an image.

    Args:
        context: its folder.
        dockerfile: what is built.
        build_args: what that is given.
        triggers: what ONBUILD of the images that it starts from lets it do; ``None`` if nobody
            knows.

    Raises:
        Invalid: something cannot be read, or a COPY will find nothing.
    """
    ignore = _IgnoreFile(context, dockerfile)
    read_ = read(read_text(dockerfile))
    copied = None if triggers is None else sources(read_, build_args, triggers)
    is_own = read_.is_certain and "BUILDKIT_SYNTAX" not in build_args
    ignored = ignore.rules if is_own else None
    found, problems = kinds_of(context, ignored)
    if problems:
        raise Invalid(problems)
    unread = ignore.text if ignored is None else ""
    if copied is None:
        return _readable(ContextContent(context, found, unread))
    ways = _CopyPaths(context, found)
    try:
        missing = [each for each in copied if not ways.take(each) and each.must_exist]
    except (_LinkLoop, RecursionError):
        return _readable(ContextContent(context, found, unread))
    if missing:
        raise Invalid([ignore.problem(dockerfile, each) for each in missing])
    return _readable(ContextContent(context, dict(sorted(ways.taken.items())), unread))


def _readable(found: ContextContent) -> ContextContent:
    devices = [path for path, kind in found.kinds.items() if kind == "device"]
    if devices:
        says = f"is a device, which no image holds; remove it, or leave it out by {DOCKERIGNORE}"
        raise Invalid([Problem(says, Place(str(found.root / path))) for path in devices])
    return found


class _IgnoreFile:
    """The ignore file of a build: that of the Dockerfile itself, or else of the context."""

    def __init__(self, context: Path, dockerfile: Path) -> None:
        self._context = context
        named = (Path(f"{dockerfile}{DOCKERIGNORE}"), context / DOCKERIGNORE)
        there = [path for path in named if is_there(path)]
        self._path = there[0] if there else None
        self.text = read_text(there[0]) if there else ""
        # To some frontends an empty one of its own is none.
        self._is_open = len(there) > 1 and not self.text
        if self._is_open:
            self.text = read_text(there[1])

    @cached_property
    def rules(self) -> DockerignoreRules | None:
        """What it says; ``None`` where that is not understood."""
        if self._path and is_link(self._path):
            return None  # BuildKit looks where it leads within what it was sent
        if self._is_open:
            return None
        try:
            return DockerignoreRules(self.text)
        except AmbiguousPattern:
            return None

    def problem(self, dockerfile: Path, source: Source) -> Problem:
        """What to tell of a source that is not there."""
        place = Place(str(dockerfile), source.line)
        what = f"{source.instruction} {source.written}"
        path = "/".join(str(part) for part in source.parts)
        if is_there(self._context / path):
            if line := self.rules and self.rules.line_for(path):
                return Problem(f"{what}: left out by {self._path} line {line}", place)
            return Problem(f"{what}: a link on its way leads to nothing in the context", place)
        return Problem(f"{what}: not in the context {self._context}", place)


@dataclass
class _CopyPaths:
    """The ways of COPY through a context; links are followed within it, as BuildKit does."""

    root: Path
    kinds: Kinds
    taken: Kinds = field(default_factory=dict)
    _steps: int = 0
    _done: set[str] = field(default_factory=set)

    @cached_property
    def _paths(self) -> list[str]:
        return list(self.kinds)  # they are in order

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The names in each folder."""
        found: dict[str, list[str]] = {}
        for path in self.kinds:
            folder, _, name = path.rpartition("/")
            found.setdefault(folder, []).append(name)
        return found

    def take(self, source: Source) -> bool:
        """Let count what a source leads to; whether that is anything, or need not be."""
        found = self._walk("", source.parts, _LINKS)
        return found or any(isinstance(part, Glob) for part in source.parts)

    def _walk(self, at: str, parts: tuple[str | Glob, ...], links: int) -> bool:
        """Go on from a folder; whether the way leads to anything."""
        self._steps += 1
        if self._steps > _STEPS or links < 0:
            raise _LinkLoop
        if not parts:
            self._take_all(at)
            return True
        part, others = parts[0], parts[1:]
        if isinstance(part, Glob):
            names = [name for name in self._names.get(at, ()) if part.fits(name)]
            led = [self._step(at, name, others, links) for name in names]  # all of them
            return any(led)
        if part == "..":
            return self._walk(at.rpartition("/")[0], others, links)
        return self._step(at, part, others, links)

    def _step(self, at: str, name: str, others: tuple[str | Glob, ...], links: int) -> bool:
        path = f"{at}/{name}" if at else name
        kind = self.kinds.get(path)
        if kind is None:
            return False
        if kind == "link":
            self.taken[path] = kind
            target = link_of(self.root / path) or ""
            start = "" if target.startswith("/") else at
            names = tuple(each for each in target.split("/") if each not in ("", "."))
            return self._walk(start, (*names, *others), links - 1)
        if others and kind != "folder":
            return False
        return self._walk(path, others, links)

    def _take_all(self, path: str) -> None:
        """Let a file count, or a folder with all below it."""
        if path in self._done:
            return
        self._done.add(path)
        if not path:
            self.taken.update(self.kinds)
            return
        self.taken[path] = self.kinds[path]
        begin = f"{path}/"
        for number in range(bisect_left(self._paths, begin), len(self._paths)):
            below = self._paths[number]
            if not below.startswith(begin):
                break
            self.taken[below] = self.kinds[below]
