"""The tail of a Dockerfile: what its image can be given anew without a builder.

The tail is the longest end of the built stage that only copies files of the context, or sets
attributes that are in the image's configuration. Everything before it is the *stem*, with what may
not differ in the tail: two builds of one stem differ in nothing but the files that the tail copies,
and the values that it sets. Each COPY of the tail is a layer, and these are the last layers of the
image.

Source: Dockerfile reference, and BuildKit's conversion of a Dockerfile
(``frontend/dockerfile/dockerfile2llb``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from lambda_fast_deploy.fingerprints.images.copy_sources import Source, copied_by, words_of
from lambda_fast_deploy.fingerprints.images.dockerfile import Dockerfile, Instruction, Stage
from lambda_fast_deploy.fingerprints.images.tail_settings import (
    ImageSetting,
    is_linked_copy,
    settings_of,
)
from lambda_fast_deploy.fingerprints.images.upstream_images import (
    clear_values,
    declared,
    filled,
    names_in,
)

# These only change the configuration, by one entry of its history each.
_ATTRIBUTES = frozenset(
    "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER SHELL STOPSIGNAL USER "
    "VOLUME".split()
)
_OWNER = re.compile(r"(\d{1,9})(?::(\d{1,9}))?")
_MODE = re.compile(r"0?[0-7]{3,4}")
_LINK = (None, "", "true", "false")  # values that BuildKit reads as these words


@dataclass(frozen=True, slots=True)
class Copy:
    """A COPY of files of the context.

    Attributes:
        line: its line.
        sources: what it copies.
        written: the destination as it is written, which can contain variables.
        arguments: the values of the build arguments that it can name; ``""``: not known.
        is_linked: whether the files below the image do not matter (``--link``).
        owner: the numbers of user and group of all that it makes.
        mode: the permissions of all that it copies; ``None``: their own.
    """

    line: int
    sources: tuple[Source, ...]
    written: str
    arguments: Mapping[str, str] = field(hash=False)
    is_linked: bool = False
    owner: tuple[int, int] = (0, 0)
    mode: int | None = None

    def destination(self, variables: Mapping[str, str]) -> str:
        """The destination for an image with these variables; ``""`` if it is not known."""
        values = clear_values(names_in(self.written), self.arguments, variables)
        return "" if values is None else filled(self.written, values)


@dataclass(frozen=True, slots=True)
class Tail:
    """The tail of a stage.

    Attributes:
        instructions: its instructions, in order.
        copies: those that make layers.
        settings: what each instruction sets; ``None`` if it is a COPY, or its values are unknown.
        obstacle: if there are none, the reason, for people.
        remedy: what would make a code change need no builder then.
    """

    instructions: tuple[Instruction, ...] = ()
    copies: tuple[Copy, ...] = ()
    settings: tuple[ImageSetting | None, ...] = ()
    obstacle: str = ""
    remedy: str = ""

    @property
    def of_stem(self) -> list[object]:
        """What of its instructions is the same in all images of the stem."""
        return [
            (each.name, "link")
            if is_linked_copy(each)
            else (each.name, setting.keys)
            if setting
            else (each.name, each.flags, each.rest)
            for each, setting in zip(self.instructions, self.settings, strict=True)
        ]

    @property
    def declared(self) -> set[str]:
        """The names of the build arguments that change nothing of the stem, if it has no others."""
        return {key for each in self.settings if each and each.name == "ARG" for key in each.keys}


def tail_of(dockerfile: Dockerfile, stage: Stage, build_args: Mapping[str, str]) -> Tail:
    """The tail of a stage.

    Args:
        dockerfile: the Dockerfile.
        stage: the stage that is built.
        build_args: its build arguments.
    """
    if not dockerfile.is_certain or "BUILDKIT_SYNTAX" in build_args:
        return Tail(obstacle="BuildKit may read it in another way than it is read here")
    is_global = takewhile(lambda each: each.name != "FROM", dockerfile.instructions)
    known = {n: v for n, v in _arguments([*is_global], {}, build_args).items() if v}
    earlier = [each for other in dockerfile.stages[: stage.number] for each in other.instructions]
    inherited = dict.fromkeys(declared(earlier, {}, {}), "")  # if this stage starts from theirs
    instructions: list[Instruction] = []
    copies: list[Copy] = []
    arguments: list[Mapping[str, str]] = []
    for number in reversed(range(len(stage.instructions))):
        instruction = stage.instructions[number]
        values = {**inherited, **_arguments(stage.instructions[:number], known, build_args)}
        if instruction.name == "COPY":
            copy = _copy(instruction, values)
            if copy is None or _set_by(instructions) & names_in(copy.written):
                break
            copies.insert(0, copy)
        elif instruction.name not in _ATTRIBUTES or not instruction.is_certain:
            break
        instructions.insert(0, instruction)
        arguments.insert(0, values)
    obstacle, remedy = ("", "") if copies else _obstacle(dockerfile, stage, len(instructions))
    settings = settings_of(instructions, arguments, build_args)
    return Tail(tuple(instructions), tuple(copies), settings, obstacle, remedy)


def _arguments(
    before: Sequence[Instruction], known: Mapping[str, str], build_args: Mapping[str, str]
) -> dict[str, str]:
    """The values of the ARGs among some instructions; ``""`` if they depend on variables."""
    dependent = declared([each for each in before if "$" in each.rest], {}, {})
    values = declared(before, known, build_args)
    return {**values, **dict.fromkeys(dependent.keys() - build_args.keys(), "")}


def _copy(instruction: Instruction, arguments: Mapping[str, str]) -> Copy | None:
    """A COPY of the context; ``None`` if it is another one, or its result is not certain."""
    flags = dict(instruction.flags)
    owner = _OWNER.fullmatch(flags.get("chown", "0"))
    mode = flags.get("chmod")
    is_certain = not _odd_flags(instruction) and owner and (mode is None or _MODE.fullmatch(mode))
    sources = copied_by(instruction, must_exist=True) if is_certain else None
    if not sources or owner is None:
        return None
    *paths, destination = words_of(instruction)
    if len(paths) != len(sources) or re.search(r"[\"'\\`]|<<", destination):
        return None  # a here-document, or words that a shell reads
    return Copy(
        line=instruction.line,
        sources=tuple(sources),
        written=destination,
        arguments=arguments,
        is_linked=is_linked_copy(instruction),
        owner=(int(owner[1]), int(owner[2] or owner[1])),
        mode=None if mode is None else int(mode, 8),
    )


def _odd_flags(instruction: Instruction) -> set[str]:
    """The flags of a COPY that end the tail."""
    names = [name for name, _ in instruction.flags]
    odd = set(names) - {"link", "chown", "chmod"}
    is_clear = len(names) == len(set(names)) and instruction.flag("link") in _LINK
    return odd if is_clear else odd | {"link"}


def _set_by(instructions: list[Instruction]) -> set[str]:
    """The words of the ENVs among some instructions, with the names of what they set."""
    words = " ".join(each.rest for each in instructions if each.name == "ENV")
    return set(re.findall(r"\w+", words))


def _obstacle(dockerfile: Dockerfile, stage: Stage, length: int) -> tuple[str, str]:
    """Why the tail of a stage, of some instructions, copies nothing; and what to do."""
    before = stage.instructions[: len(stage.instructions) - length]
    copies = [*filter(_is_of_context, before)]
    if not copies:
        is_elsewhere = any(map(_is_of_context, dockerfile.instructions))
        remedy = "Copy the code in its last lines." if is_elsewhere else ""
        return "its last stage copies nothing from the context", remedy
    first, last = copies[-1], before[-1]
    if last is first:
        what = ", ".join(sorted(f"--{name}" for name, _ in last.flags)) or "its words"
        return (
            f"COPY in line {last.line} depends on more than its files ({what})",
            "Use plain paths, numbers in --chown and --chmod, and no other flag but --link.",
        )
    return (
        f"{last.name} in line {last.line} comes after COPY in line {first.line}",
        f"Move COPY in line {first.line} below it.",
    )


def _is_of_context(instruction: Instruction) -> bool:
    return instruction.name == "COPY" and not instruction.flag("from")
