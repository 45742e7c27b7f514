"""The files that a Dockerfile copies from its build context."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
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
    dockerfile: Dockerfile,
    build_args: Mapping[str, str],
    triggers: Iterable[Instruction] = (),
    omitted: Container[Instruction] = (),
) -> list[Source] | None:
    """The paths copied from the context; ``None`` if ambiguous, so that all of it counts.

    Args:
        dockerfile: the Dockerfile.
        build_args: its build arguments.
        triggers: the ONBUILD instructions of the images that it starts from.
        omitted: instructions of it that do not count.
    """
    # A frontend of another name may do anything (BuildKit, ``BUILDKIT_SYNTAX``).
    if not dockerfile.is_certain or "BUILDKIT_SYNTAX" in build_args:
        return None
    stages = [stage for stage in dockerfile.stages if stage.number in dockerfile.built]
    instructions = [each for stage in stages for each in stage.instructions if each not in omitted]
    others = [
        each
        for stage in stages
        if stage.number in dockerfile.started_from
        for each in stage.triggers
    ]
    copied = [copied_by(each, must_exist=True) for each in instructions]
    copied += [copied_by(each, must_exist=False) for each in (*others, *triggers)]
    return None if None in copied else [path for paths in copied for path in paths or ()]


def copied_by(instruction: Instruction, *, must_exist: bool) -> list[Source] | None:
    """The paths of the context that an instruction copies; ``None`` if they are ambiguous."""
    flags = _FLAGS.get(instruction.name)
    if flags is None:
        return []
    if not instruction.is_certain or not {name for name, _ in instruction.flags} <= flags:
        return None
    if instruction.flag("from"):
        return []
    try:
        return [
            Source(
                instruction.name,
                instruction.line,
                path,
                parts,
                must_exist=must_exist and not _PERHAPS_FETCHED.match(path),
            )
            for path, parts in _paths(instruction)
        ]
    except (AmbiguousPattern, ValueError, RecursionError):
        return None


def words_of(instruction: Instruction) -> list[str]:
    """The sources and the destination of a COPY or ADD, in either form.

    Raises:
        ValueError: the JSON form is ambiguous.
    """
    if not instruction.rest.startswith("["):
        return instruction.words
    words = json.loads(instruction.rest)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise AmbiguousPattern(instruction.rest)
    return words


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
    for word in words_of(instruction)[:-1]:
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
