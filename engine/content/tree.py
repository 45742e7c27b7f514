"""The files that make an artifact, after what is ignored."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pathspec

from engine.content.dockerfile import copied_sources

# Never part of a function's code, whatever .lambdaignore says.
_NEVER = ("__pycache__/", "*.py[co]", ".git/", ".venv/", ".DS_Store", ".lambdaignore")


def _walk(root: Path) -> Iterator[str]:
    """Paths of all files below a directory, relative, with forward slashes, sorted."""
    for directory, folders, files in os.walk(root):
        folders.sort()
        base = Path(directory)
        for name in files:
            yield (base / name).relative_to(root).as_posix()


def code_files(root: Path) -> list[str]:
    """A function's own files: all but what ``.lambdaignore`` (gitignore patterns) leaves out."""
    ignore = root / ".lambdaignore"
    own = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    spec = pathspec.GitIgnoreSpec.from_lines([*own, *_NEVER])
    return sorted(path for path in _walk(root) if not spec.match_file(path))


def _matches(path: str, patterns: Iterable[str]) -> bool:
    for pattern in patterns:
        clean = pattern.removeprefix("./").strip("/")
        if clean in ("", "."):
            return True
        depth = len(PurePosixPath(clean).parts)
        head = PurePosixPath(*PurePosixPath(path).parts[:depth])
        if head.match(clean) and len(head.parts) == depth:
            return True
    return False


def _ignore_patterns(context: Path, dockerfile: Path) -> list[str]:
    for ignore in (Path(f"{dockerfile}.dockerignore"), context / ".dockerignore"):
        if ignore.is_file():
            lines = map(str.strip, ignore.read_text(encoding="utf-8").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def image_files(context: Path, dockerfile: Path) -> list[str]:
    """The files of a build context that the Dockerfile copies, after ``.dockerignore``."""
    patterns = _ignore_patterns(context, dockerfile)
    if patterns:
        from docker.utils.build import exclude_paths  # Docker's own reading of its patterns

        kept: Iterable[str] = exclude_paths(str(context), patterns)
        paths = sorted(
            PurePosixPath(path).as_posix() for path in kept if (context / path).is_file()
        )
    else:
        paths = sorted(_walk(context))
    sources = copied_sources(dockerfile.read_text(encoding="utf-8"))
    return paths if sources is None else [path for path in paths if _matches(path, sources)]
