"""Build contexts: their files without ``.dockerignore``, and those that a Dockerfile copies.

Fingerprints, the context sent to the Docker engine, and the plan's errors about a COPY all use
this. It has every file that the image can contain: if something is ambiguous, the whole context
counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping
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
from lambda_fast_deploy.fingerprints.images.target import text_of

DOCKERIGNORE = ".dockerignore"
_LINKS = 255  # followed on one path (containerd, ``fs.RootPath``)
_STEPS = 100_000  # on all paths


class _LinkLoop(Exception):
    """Links in the context form a loop."""


@dataclass(frozen=True)
class ContextContent:
    """The files of a context that count.

    Attributes:
        root: the folder of the context.
        kinds: the kind of each path, sorted.
        unread: the text of an ambiguous ignore file, which excludes nothing; else ``""``.
    """

    root: Path
    kinds: Kinds
    unread: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether the ignore file is unambiguous."""
        return not self.unread


def content(
    context: Path,
    dockerfile: Path,
    build_args: Mapping[str, str],
    triggers: Iterable[Instruction] | None = (),
    omitted: Container[Instruction] = (),
    target: str = "",
) -> ContextContent:
    """The files of a build context that can become part of an image.

    Args:
        context: its folder.
        dockerfile: the Dockerfile.
        build_args: its build arguments.
        triggers: the ONBUILD instructions of the images that it starts from; ``None`` if unknown.
        omitted: instructions of the Dockerfile whose files do not count.
        target: the stage to build; empty for the last one.

    Raises:
        Invalid: a file cannot be read, or a COPY has no source.
    """
    ignore = _IgnoreFile(context, dockerfile)
    read_ = read(text_of(dockerfile, target))
    copied = None if triggers is None else sources(read_, build_args, triggers, omitted)
    is_own = read_.is_certain and "BUILDKIT_SYNTAX" not in build_args
    ignored = ignore.rules if is_own else None
    kinds, problems = kinds_of(context, ignored)
    if problems:
        raise Invalid(problems)
    unread = ignore.text if ignored is None else ""
    if copied is None:
        return _readable(ContextContent(context, kinds, unread))
    ways = _CopyPaths(context, kinds)
    try:
        missing = [each for each in copied if not ways.take(each) and each.must_exist]
    except (_LinkLoop, RecursionError):
        return _readable(ContextContent(context, kinds, unread))
    if missing:
        raise Invalid([ignore.problem(dockerfile, each) for each in missing])
    return _readable(ContextContent(context, dict(sorted(ways.taken.items())), unread))


def _readable(files: ContextContent) -> ContextContent:
    devices = [path for path, kind in files.kinds.items() if kind == "device"]
    if devices:
        says = f"is a device, which no image has; remove it, or exclude it in {DOCKERIGNORE}"
        raise Invalid([Problem(says, Place(str(files.root / path))) for path in devices])
    return files


class _IgnoreFile:
    """The ignore file of a build: the Dockerfile's, or else the context's."""

    def __init__(self, context: Path, dockerfile: Path) -> None:
        self._context = context
        candidates = (Path(f"{dockerfile}{DOCKERIGNORE}"), context / DOCKERIGNORE)
        existing = [path for path in candidates if is_there(path)]
        self._path = existing[0] if existing else None
        self.text = read_text(existing[0]) if existing else ""
        # Some frontends ignore the Dockerfile's ignore file if it is empty.
        self._is_open = len(existing) > 1 and not self.text
        if self._is_open:
            self.text = read_text(existing[1])

    @cached_property
    def rules(self) -> DockerignoreRules | None:
        """Its rules; ``None`` if they are ambiguous."""
        if self._path and is_link(self._path):
            return None  # BuildKit resolves the link within the files that it received
        if self._is_open:
            return None
        try:
            return DockerignoreRules(self.text)
        except AmbiguousPattern:
            return None

    def problem(self, dockerfile: Path, source: Source) -> Problem:
        """The problem of a source that does not exist."""
        place = Place(str(dockerfile), source.line)
        what = f"{source.instruction} {source.written}"
        path = "/".join(str(part) for part in source.parts)
        if is_there(self._context / path):
            if line := self.rules and self.rules.line_for(path):
                return Problem(f"{what}: excluded by {self._path} line {line}", place)
            return Problem(f"{what}: a link on its path has no target in the context", place)
        return Problem(f"{what}: not in the context {self._context}", place)


@dataclass
class _CopyPaths:
    """The paths of COPY through a context; links are followed within it, as in BuildKit."""

    root: Path
    kinds: Kinds
    taken: Kinds = field(default_factory=dict)
    _steps: int = 0
    _done: set[str] = field(default_factory=set)

    @cached_property
    def _paths(self) -> list[str]:
        return list(self.kinds)  # already sorted

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The names in each folder."""
        names: dict[str, list[str]] = {}
        for path in self.kinds:
            folder, _, name = path.rpartition("/")
            names.setdefault(folder, []).append(name)
        return names

    def take(self, source: Source) -> bool:
        """Count everything at a source; returns whether it exists, or need not."""
        exists = self._walk("", source.parts, _LINKS)
        return exists or any(isinstance(part, Glob) for part in source.parts)

    def _walk(self, at: str, parts: tuple[str | Glob, ...], links: int) -> bool:
        """Continue from a folder; returns whether anything exists at the end of the path."""
        self._steps += 1
        if self._steps > _STEPS or links < 0:
            raise _LinkLoop
        if not parts:
            self._take_all(at)
            return True
        part, others = parts[0], parts[1:]
        if isinstance(part, Glob):
            names = [name for name in self._names.get(at, ()) if part.fits(name)]
            steps = [self._step(at, name, others, links) for name in names]  # all of them
            return any(steps)
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
        """Count a file, or a folder with everything below it."""
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
