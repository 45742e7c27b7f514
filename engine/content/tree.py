"""The files that make an artifact, after what is ignored."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pathspec

from engine.adapters.files import read_text
from engine.content.dockerfile import copied_sources
from engine.errors import Invalid, Place, Problem

# Not part of a function's code, unless .lambdaignore takes it back in (such as "!.env").
_LEFT_OUT = ("__pycache__/", "*.py[co]", ".git/", ".venv/", ".env", ".DS_Store", ".lambdaignore")


def _walk(root: Path, *, follow: bool) -> Iterator[str]:
    """Paths of all files below a directory, relative, with forward slashes.

    Links to directories are walked into, or else count as files themselves, as Docker has them.
    """
    seen = {root.resolve()}
    for directory, folders, files in os.walk(root, followlinks=follow):
        base = Path(directory)
        for name in files:
            yield (base / name).relative_to(root).as_posix()
        links = [name for name in folders if (base / name).is_symlink()]
        for name in links:
            target = (base / name).resolve()
            if not follow:
                yield (base / name).relative_to(root).as_posix()
            elif target in seen or target in base.resolve().parents:
                folders.remove(name)  # a link that leads round in a circle
            seen.add(target)


def _ignored(ignore: Path) -> pathspec.GitIgnoreSpec:
    text = read_text(ignore) if ignore.is_file() else ""
    # Three asterisks and more mean one; as so many, no path would ever be compared to its end.
    lines = re.sub(r"(?<!\\)\*{3,}", "*", text).splitlines()
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except ValueError:
            says = f"{line!r} is no pattern as in .gitignore"
            problems.append(Problem(says, Place(str(ignore), number)))
    if problems:
        raise Invalid(problems)
    return pathspec.GitIgnoreSpec.from_lines([*_LEFT_OUT, *lines])


def code_files(root: Path) -> list[str]:
    """A function's own files: all but what ``.lambdaignore`` (gitignore patterns) leaves out.

    Raises:
        Invalid: a link leads nowhere, so that there is nothing to put into the zip, or what
            ``.lambdaignore`` says is no pattern.
    """
    spec = _ignored(root / ".lambdaignore")
    kept = sorted(path for path in _walk(root, follow=True) if not spec.match_file(path))
    problems = []
    for path in kept:
        if not (root / path).exists():
            says = "is a link that leads nowhere; remove it, or leave it out by .lambdaignore"
            problems.append(Problem(says, Place(str(root / path))))
        elif not path.isprintable():
            says = "has a name that is no text; rename it, or leave it out by .lambdaignore"
            problems.append(Problem(says, Place(repr(path))))
    if problems:
        raise Invalid(problems)
    return kept


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
            lines = map(str.strip, read_text(ignore).splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def image_files(context: Path, dockerfile: Path) -> list[str]:
    """The files of a build context that the Dockerfile copies, after ``.dockerignore``."""
    patterns = _ignore_patterns(context, dockerfile)
    if patterns:
        from docker.utils.build import exclude_paths  # Docker's own reading of its patterns

        kept: Iterable[str] = exclude_paths(str(context), patterns)
        paths = sorted(
            PurePosixPath(path).as_posix()
            for path in kept
            if (context / path).is_file() or (context / path).is_symlink()
        )
    else:
        paths = sorted(_walk(context, follow=False))
    sources = copied_sources(read_text(dockerfile))
    return paths if sources is None else [path for path in paths if _matches(path, sources)]
