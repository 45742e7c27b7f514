"""The images that a Dockerfile starts from, or copies from, and how they are pinned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, froms, read

BASE_IMAGE = "BASE_IMAGE"  # the build argument with a configured base
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}$]*))?\})")
_WORD = re.compile(r"""(\w+)(?:=((?:[^\s'"\\]|'[^']*'|"[^"\\]*")*))?(?=\s|$)""")


class UnknownImage(ValueError):
    """A text has ambiguous syntax."""


def upstreams(
    text: str,
    build_args: Mapping[str, str],
    *,
    base: str | None = None,
    copied: bool = True,
) -> list[str]:
    """The images that a build starts from, or copies from, with variables filled in.

    Its own stages, ``scratch``, and names from unset arguments are left out.

    Args:
        text: the Dockerfile.
        build_args: its build arguments.
        base: the configured base that it starts from, which is left out.
        copied: whether to return images that it only copies from, too.
    """
    dockerfile = read(text)
    arguments = build_args if base is None else {**build_args, BASE_IMAGE: "scratch"}
    references = _references(dockerfile, arguments)
    return [*dict.fromkeys(image for by, _, image in references if copied or by.name == "FROM")]


def pinned(text: str, build_args: Mapping[str, str], digests: Mapping[str, str]) -> str:
    """A Dockerfile whose images are named by their digests; its lines keep their numbers.

    Args:
        text: as it was written.
        build_args: its build arguments.
        digests: of images, as ``upstreams`` names them.

    Raises:
        UnknownImage: the place of an image's name in the text is ambiguous.
    """
    lines = text.split("\n")
    for instruction, reference, image in _references(read(text), build_args):
        if image not in digests or "@" in image:
            continue
        by_digest = f"{image}@{digests[image]}"
        if instruction.name == "FROM":
            flags = "".join(f"--{name}={value} " for name, value in instruction.flags)
            stage_name = " ".join(instruction.words[1:])
            blank = [""] * (instruction.end - instruction.line)
            start = f"FROM {flags}{by_digest} {stage_name}".rstrip()
            lines[instruction.line - 1 : instruction.end] = [start, *blank]
            continue
        pattern = re.compile(rf"(?<=[-=,]from=){re.escape(reference)}(?=[\s,]|$)")
        source = "\n".join(lines[instruction.line - 1 : instruction.end])
        replaced, times = pattern.subn(by_digest.replace("\\", r"\\"), source)
        if not times:
            raise UnknownImage(source)
        lines[instruction.line - 1 : instruction.end] = replaced.split("\n")
    return "\n".join(lines)


def _references(
    dockerfile: Dockerfile, build_args: Mapping[str, str]
) -> Iterator[tuple[Instruction, str, str]]:
    """Each instruction that names an image, the name as written, and the image."""
    is_global = takewhile(lambda each: each.name != "FROM", dockerfile.instructions)
    arguments = declared(is_global, {}, build_args)
    before: set[str] = {"scratch"}
    for stage in dockerfile.stages:
        is_built = stage.number in dockerfile.built or not dockerfile.is_certain
        image = filled(stage.start, arguments)
        if is_built and image and image.lower() not in before:
            yield stage.begins, stage.start, image
        for each in stage.instructions if is_built else ():
            for name in (*froms(each), *(froms(each.trigger) if each.trigger else ())):
                if "$" not in name and not dockerfile.stages_of(name) and name != "scratch":
                    yield each, name, name
        before.add(stage.name)


def declared(
    instructions: Iterable[Instruction], known: Mapping[str, str], build_args: Mapping[str, str]
) -> dict[str, str]:
    """The values of the ARGs among some instructions.

    Args:
        instructions: they are in order.
        known: the values of variables that defaults can name, and of ARGs without a default.
        build_args: the build arguments, which take precedence over defaults.
    """
    arguments: dict[str, str] = {}
    for each in instructions:
        if each.name == "ARG":
            for name, default in (match.groups() for match in _WORD.finditer(each.rest)):
                value = known.get(name, "")
                if default is not None:
                    value = filled(re.sub("[\"']", "", default), {**known, **arguments})
                arguments[name] = build_args.get(name, value)
    return arguments


def names_in(text: str) -> set[str]:
    """The names of the variables in a text."""
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def clear_values(
    names: Iterable[str], arguments: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, str] | None:
    """The values of names in an instruction; ``None`` if one is not known.

    Of a name that has an ENV and, below it, an ARG, newer versions of BuildKit take the ARG
    (``dispatchArg`` sets it as a variable), and older ones the ENV (``toEnvMap``). Here it has a
    value only if these are equal.

    Args:
        names: the names.
        arguments: the values of the build arguments before the instruction; ``""``: not known.
        variables: the environment of the image.
    """
    values: dict[str, str] = {}
    for name in names:
        value = arguments.get(name, variables.get(name))
        if value is None or (name in arguments and not value):
            return None
        if variables.get(name, value) != value:
            return None
        values[name] = value
    return values


def filled(text: str, arguments: Mapping[str, str]) -> str:
    """A text with its variables filled in; ``""`` if that is ambiguous."""

    def value(match: re.Match[str]) -> str:
        argument = arguments.get(match[1] or match[2], "")
        is_set = bool(argument) if (match[3] or "").startswith(":") else match[2] in arguments
        if (match[3] or "").endswith("-"):
            return argument if is_set else match[4]
        if (match[3] or "").endswith("+"):
            return match[4] if is_set else ""
        return argument

    result = _VARIABLE.sub(value, text)
    return "" if re.search(r"[$\"'\\`]", result) else result


def arguments_of(text: str) -> set[str]:
    """The names of all build arguments of a Dockerfile."""
    names = set()
    for each in read(text).instructions:
        instruction = each.trigger or each
        if instruction.name == "ARG":
            names |= {name for name, _ in _WORD.findall(instruction.rest)}
    return names
