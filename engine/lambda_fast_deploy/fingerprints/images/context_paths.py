"""The paths of a build context that a COPY names, as BuildKit resolves them.

Source: tonistiigi/fsutil, ``copy.ResolveWildcards``, and containerd's ``fs.RootPath``: links are
followed within the context, but wildcards do not match below a link.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import takewhile

from lambda_fast_deploy.adapters.files import link_of
from lambda_fast_deploy.fingerprints.images.build_context import ContextContent
from lambda_fast_deploy.fingerprints.images.copy_sources import Source
from lambda_fast_deploy.fingerprints.images.dockerignore import Glob

_LINKS = 255  # followed on one path (containerd, ``fs.RootPath``)


class NoSuchPath(ValueError):
    """A path does not exist in the context, or its links form a loop."""


class ContextPaths:
    """The paths of a build context."""

    def __init__(self, files: ContextContent) -> None:
        self.root = files.root
        self._kinds = dict(files.kinds)
        for path in files.kinds:  # a copied path can be listed without the folders above it
            while (path := path.rpartition("/")[0]) and path not in self._kinds:
                self._kinds[path] = "folder"

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._kinds)

    def kind(self, path: str) -> str:
        """The kind of a path; ``""`` if it does not exist. The context itself is ``""``."""
        return self._kinds.get(path, "") if path else "folder"

    def below(self, folder: str) -> Iterator[str]:
        """All paths below a folder, sorted."""
        begin = f"{folder}/" if folder else ""
        start = bisect_left(self._sorted, begin)
        return takewhile(
            lambda path: path.startswith(begin),
            (self._sorted[number] for number in range(start, len(self._sorted))),
        )

    def matches(self, source: Source) -> list[tuple[str, str]]:
        """Each path that a source names, with links resolved; and the name of its copy.

        Raises:
            NoSuchPath: a path without wildcards does not exist, or links form a loop.
        """
        plain = [*takewhile(lambda part: not isinstance(part, Glob), source.parts)]
        start = self._resolved("", [str(part) for part in plain])
        patterns = source.parts[len(plain) :]
        if not patterns:
            return [(start, str(plain[-1]) if plain else "")]
        depth = start.count("/") + bool(start) + len(patterns) - 1
        return [
            (self._resolved("", path.split("/")), path.rpartition("/")[2])
            for path in self.below(start)
            if path.count("/") == depth
            and all(map(_fits, patterns, path.split("/")[-len(patterns) :]))
        ]

    def kinds_at(self, source: Source) -> list[str]:
        """The kinds of what a source names."""
        try:
            return sorted({self.kind(path) for path, _ in self.matches(source)})
        except NoSuchPath:
            return []

    def _resolved(self, at: str, parts: list[str]) -> str:
        links, waiting = 0, [*reversed(parts)]
        while waiting:
            part = waiting.pop()
            if part == "..":
                at = at.rpartition("/")[0]
                continue
            path = f"{at}/{part}" if at else part
            kind = self.kind(path)
            if kind != "link":
                if not kind or (waiting and kind != "folder"):
                    raise NoSuchPath(path)
                at = path
                continue
            links += 1
            if links > _LINKS:
                raise NoSuchPath(path)
            target = link_of(self.root / path) or ""
            at = "" if target.startswith("/") else at
            waiting += [each for each in reversed(target.split("/")) if each not in ("", ".")]
        return at


def _fits(pattern: str | Glob, name: str) -> bool:
    return pattern.fits(name) if isinstance(pattern, Glob) else pattern == name
