"""The images that a Dockerfile starts from, or copies from, and how each is held fast."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, froms, read

BASE_IMAGE = "BASE_IMAGE"  # the argument that hands over a base of the configuration
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}$]*))?\})")
_WORD = re.compile(r"""(\w+)(?:=((?:[^\s'"\\]|'[^']*'|"[^"\\]*")*))?(?=\s|$)""")


class UnknownImage(ValueError):
    """A text has something in it that is not understood."""


def upstreams(
    text: str,
    build_args: Mapping[str, str],
    *,
    base: str | None = None,
    copied: bool = True,
) -> list[str]:
    """The images that what is built starts from, or copies from; variables are filled in.

    Stages of its own, ``scratch``, and images that no argument names are left out.

    Args:
        text: the Dockerfile.
        build_args: what it is given.
        base: the base of the configuration that it stands on; that is none of them.
        copied: whether those count that it only copies from.
    """
    dockerfile = read(text)
    given = build_args if base is None else {**build_args, BASE_IMAGE: "scratch"}
    every = _named(dockerfile, given)
    return [*dict.fromkeys(image for by, _, image in every if copied or by.name == "FROM")]


def pinned(text: str, build_args: Mapping[str, str], digests: Mapping[str, str]) -> str:
    """A Dockerfile whose images are named by their digests; its lines keep their numbers.

    Args:
        text: as it was written.
        build_args: what it is given.
        digests: of images, as ``upstreams`` names them.

    Raises:
        Unknown: the place of an image's name in the text is not understood.
    """
    lines = text.split("\n")
    for instruction, written, image in _named(read(text), build_args):
        if image not in digests or "@" in image:
            continue
        by_digest = f"{image}@{digests[image]}"
        if instruction.name == "FROM":
            flags = "".join(f"--{name}={value} " for name, value in instruction.flags)
            named = " ".join(instruction.words[1:])
            blank = [""] * (instruction.end - instruction.line)
            start = f"FROM {flags}{by_digest} {named}".rstrip()
            lines[instruction.line - 1 : instruction.end] = [start, *blank]
            continue
        known = re.compile(rf"(?<=[-=,]from=){re.escape(written)}(?=[\s,]|$)")
        found = "\n".join(lines[instruction.line - 1 : instruction.end])
        changed, times = known.subn(by_digest.replace("\\", r"\\"), found)
        if not times:
            raise UnknownImage(found)
        lines[instruction.line - 1 : instruction.end] = changed.split("\n")
    return "\n".join(lines)


def _named(
    dockerfile: Dockerfile, build_args: Mapping[str, str]
) -> Iterator[tuple[Instruction, str, str]]:
    """Each instruction that names an image, how it is written there, and which image it is."""
    arguments = _arguments(dockerfile, build_args)
    before: set[str] = {"scratch"}
    for stage in dockerfile.stages:
        is_built = stage.number in dockerfile.built or not dockerfile.is_certain
        image = _filled(stage.start, arguments)
        if is_built and image and image.lower() not in before:
            yield stage.begins, stage.start, image
        for each in stage.instructions if is_built else ():
            for name in (*froms(each), *(froms(each.trigger) if each.trigger else ())):
                if "$" not in name and not dockerfile.stages_of(name) and name != "scratch":
                    yield each, name, name
        before.add(stage.name)


def _arguments(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> dict[str, str]:
    """The values of ARG before the first FROM."""
    found: dict[str, str] = {}
    for each in dockerfile.instructions:
        if each.name == "FROM":
            break
        if each.name == "ARG":
            for name, default in _WORD.findall(each.rest):
                value = _filled(re.sub("[\"']", "", default), found)
                found[name] = build_args.get(name, value)
    return found


def _filled(text: str, arguments: Mapping[str, str]) -> str:
    """A text with its variables filled in; nothing where that is not understood."""

    def value(match: re.Match[str]) -> str:
        found = arguments.get(match[1] or match[2], "")
        is_set = bool(found) if (match[3] or "").startswith(":") else match[2] in arguments
        if (match[3] or "").endswith("-"):
            return found if is_set else match[4]
        if (match[3] or "").endswith("+"):
            return match[4] if is_set else ""
        return found

    filled = _VARIABLE.sub(value, text)
    return "" if re.search(r"[$\"'\\`]", filled) else filled


def arguments_of(text: str) -> set[str]:
    """The names of all build arguments that a Dockerfile takes."""
    found = set()
    for each in read(text).instructions:
        instruction = each.trigger or each
        if instruction.name == "ARG":
            found |= {name for name, _ in _WORD.findall(instruction.rest)}
    return found
