"""The files that a Dockerfile copies from its build context."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, mount
from lambda_fast_deploy.fingerprints.images.dockerignore import AmbiguousPattern, Glob, cleaned

# Flags that do not change which files are copied, or that only reduce them.
_FLAGS = {
    "COPY": {"chown", "chmod", "link", "exclude", "from"},
    "ADD": {"chown", "chmod", "link", "exclude", "checksum", "keep-git-dir", "unpack"},
    "RUN": {"mount", "network", "security", "device"},
}
_MOUNTS_NOTHING = {"cache", "tmpfs", "secret", "ssh"}
_READ_BY_SHELL = re.compile(r"[$\"'\\`]")
_FETCHED = re.compile(r"https?://")
_PERHAPS_FETCHED = re.compile(r"[a-z]+://|git@|\S+\.git(?:#|$)")  # by ADD, with Git


@dataclass(frozen=True, slots=True)
class Source:
    """A path of the context that is copied, with or without wildcards.

    Attributes:
        instruction, line: the instruction, and its line.
        written: the path as it is written.
        parts: the names of the path from the context, in order.
        must_exist: whether the build fails without it.
    """

    instruction: str
    line: int
    written: str
    parts: tuple[str | Glob, ...]
    must_exist: bool


def sources(
    dockerfile: Dockerfile, build_args: Mapping[str, str], triggers: Iterable[Instruction] = ()
) -> list[Source] | None:
    """The paths copied from the context; ``None`` if ambiguous, so that all of it counts.

    Args:
        dockerfile: the Dockerfile.
        build_args: its build arguments.
        triggers: the ONBUILD instructions of the images that it starts from.
    """
    # A frontend of another name may do anything (BuildKit, ``BUILDKIT_SYNTAX``).
    if not dockerfile.is_certain or "BUILDKIT_SYNTAX" in build_args:
        return None
    stages = [stage for stage in dockerfile.stages if stage.number in dockerfile.built]
    instructions = [each for stage in stages for each in stage.instructions]
    others = [
        each
        for stage in stages
        if stage.number in dockerfile.started_from
        for each in stage.triggers
    ]
    paths: list[Source] = []
    certain = [_add(each, paths, must_exist=True) for each in instructions]
    certain += [_add(each, paths, must_exist=False) for each in (*others, *triggers)]
    return paths if all(certain) else None


def _add(instruction: Instruction, paths: list[Source], *, must_exist: bool) -> bool:
    """Add the sources of an instruction; returns whether they are unambiguous."""
    flags = _FLAGS.get(instruction.name)
    if flags is None:
        return True
    if not instruction.is_certain or not {name for name, _ in instruction.flags} <= flags:
        return False
    if instruction.flag("from"):
        return True
    try:
        for path, parts in _paths(instruction):
            is_needed = must_exist and not _PERHAPS_FETCHED.match(path)
            paths.append(Source(instruction.name, instruction.line, path, parts, is_needed))
    except (AmbiguousPattern, ValueError, RecursionError):
        return False
    return True


def _paths(instruction: Instruction) -> Iterator[tuple[str, tuple[str | Glob, ...]]]:
    """The paths that an instruction copies, as they are written, and part by part.

    Raises:
        AmbiguousPattern, ValueError: they are ambiguous.
    """
    if instruction.name == "RUN":
        for name, value in instruction.flags:
            if name == "mount" and (path := _mounted(value)):
                yield path, tuple(filter(None, cleaned(f"/{path}").split("/")))
        return
    words = instruction.words
    if instruction.rest.startswith("["):
        words = json.loads(instruction.rest)
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise AmbiguousPattern(instruction.rest)
    for word in words[:-1]:
        if _READ_BY_SHELL.search(word) and not word.startswith("<<"):
            raise AmbiguousPattern(word)
        is_fetched = instruction.name == "ADD" and _FETCHED.match(word)
        if not word.startswith("<<") and not is_fetched:
            yield word, _parts(word)


def _parts(path: str) -> tuple[str | Glob, ...]:
    if "**" in path:
        raise AmbiguousPattern(path)
    globs = (Glob(part, is_of_name=True) for part in cleaned(f"/{path}").split("/") if part)
    return tuple(each.text if each.is_plain else each for each in globs)


def _mounted(value: str) -> str:
    """The path of the context that a mount shows, or ``""``."""
    options = mount(value)
    kind = options.get("type", "bind")
    if kind in _MOUNTS_NOTHING or "from" in options:
        return ""
    if kind != "bind" or "$" in value:
        raise AmbiguousPattern(value)
    return options.get("source") or options.get("src") or "."
