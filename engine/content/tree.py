"""The files that make an artifact: what is ignored, what a Dockerfile copies."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pathspec

# Never part of a function's code, whatever .lambdaignore says.
_NEVER = ("__pycache__/", "*.py[co]", ".git/", ".venv/", ".DS_Store", ".lambdaignore")

_INSTRUCTION = re.compile(r"\s*(COPY|ADD)\s+(.*)", re.IGNORECASE | re.DOTALL)
_MOUNT = re.compile(r"--mount=(\S+)", re.IGNORECASE)
_PLAIN = re.compile(r"[^\"'\\]*")


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


def _instructions(dockerfile: str) -> Iterator[str]:
    """Logical lines: continuations joined, comments dropped."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    yield from re.sub(r"[\\`]\s*\n", " ", "\n".join(lines)).splitlines()


def _mounts_context(line: str) -> bool:
    """Whether a bind mount shows the context; a mount without a type is a bind mount."""
    for mount in _MOUNT.findall(line):
        options = dict(option.partition("=")[::2] for option in mount.lower().split(","))
        if options.get("type", "bind") == "bind" and "from" not in options:
            return True
    return False


def copied_sources(dockerfile: str) -> list[str] | None:
    """The patterns that a Dockerfile copies from its context.

    Returns:
        The sources as written; ``None`` when they cannot be told from the text (a variable, a
        quote, a bind mount), so that the whole context must count.
    """
    found: list[str] = []
    for line in _instructions(dockerfile):
        if _mounts_context(line):
            return None
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        words = match.group(2).split()
        flags = [word for word in words if word.startswith("--")]
        if any(flag.startswith("--from=") for flag in flags):
            continue
        rest = match.group(2).strip()
        for flag in flags:
            rest = rest.replace(flag, "", 1).strip()
        is_json = rest.startswith("[")
        try:
            parts = json.loads(rest) if is_json else rest.split()
        except ValueError:
            return None
        for source in parts[:-1]:
            if "$" in source or "**" in source or not (is_json or _PLAIN.fullmatch(source)):
                return None
            if "://" not in source and not source.startswith("<<"):
                found.append(source)
    return found


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
