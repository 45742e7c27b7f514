"""The instructions of a tail that set known attributes of an image.

Their values may differ between two images of one stem, since a replaced image gets them anew. What
they set is the same: the names of variables and labels are part of the stem, in order, because the
attributes of the image before the tail are not known. An instruction whose values are not known is
itself a part of the stem.

Source: Dockerfile reference, and BuildKit's conversion of a Dockerfile
(``frontend/dockerfile/dockerfile2llb``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lambda_fast_deploy.fingerprints.images.dockerfile import Instruction
from lambda_fast_deploy.fingerprints.images.upstream_images import clear_values

_PAIR = re.compile(r"""([A-Za-z_][\w./-]*)=(?:"([^"\\`]*)"|([^\s"'\\`]*))(?:\s+|$)""")
_ARGUMENT = re.compile(r"""([A-Za-z_]\w*)(?:=([^\s"'\\`$]*))?""")
_OF_BUILDKIT = re.compile(r"TARGET\w+|BUILD\w+")  # arguments that have values by themselves
_WORD = re.compile(r"""[^\s"'\\`]+""")
_SIGNAL = re.compile(r"SIG(?:TERM|INT|QUIT|KILL|HUP|USR1|USR2)")
_QUOTED_AS_IT_IS = re.compile(r"[ !#-\[\]-~]*")  # by Go: neither quotes nor backslashes
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


@dataclass(frozen=True, slots=True)
class ImageSetting:
    """An instruction that sets known attributes.

    Attributes:
        name: the instruction.
        keys: the names that it sets, in order; none if the instruction stands for one attribute.
        values: of the names, or of its words. Those of ENV, LABEL and USER can contain variables.
        arguments: the values of the build arguments that it can name; ``""``: not known.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    arguments: Mapping[str, str] = field(hash=False)

    @property
    def variables(self) -> set[str]:
        """The names of the variables in its values."""
        if self.name not in ("ENV", "LABEL", "USER"):
            return set()
        return {match[1] or match[2] for each in self.values for match in _VARIABLE.finditer(each)}

    def filled(self, variables: Mapping[str, str]) -> tuple[str, ...] | None:
        """Its values for an image with these variables; ``None`` if one is not known."""
        if not self.variables:
            return self.values
        known = clear_values(self.variables, self.arguments, variables)
        if known is None:
            return None
        return tuple(_VARIABLE.sub(lambda m: known[m[1] or m[2]], each) for each in self.values)


def settings_of(
    instructions: Sequence[Instruction],
    arguments: Sequence[Mapping[str, str]],
    build_args: Mapping[str, str],
) -> tuple[ImageSetting | None, ...]:
    """What each instruction of a tail sets; ``None`` if that may not differ.

    Args:
        instructions: the tail.
        arguments: of each, the values of the build arguments that it can name.
        build_args: the build arguments.
    """
    read = [
        _setting(instruction, known, build_args)
        for instruction, known in zip(instructions, arguments, strict=True)
    ]
    # What a variable had been before the tail is not known any more.
    own = {key for each in read if each and each.name == "ENV" for key in each.keys}
    read = [None if each and each.variables & own else each for each in read]
    for name in ("ENV", "ARG"):  # variables that unknown values name
        read = _without_partly_known(instructions, read)
        named = _named_by_unknown(instructions, read)
        read = [
            None if each and each.name == name and named.intersection(each.keys) else each
            for each in read
        ]
    return tuple(_without_partly_known(instructions, read))


def _without_partly_known(
    instructions: Iterable[Instruction], settings: Iterable[ImageSetting | None]
) -> list[ImageSetting | None]:
    """The settings without the kinds of which one is not known: it may overwrite the others."""
    pairs = [*zip(instructions, settings, strict=True)]
    unknown = {instruction.name for instruction, setting in pairs if setting is None} - {"ARG"}
    return [None if instruction.name in unknown else setting for instruction, setting in pairs]


def _named_by_unknown(
    instructions: Iterable[Instruction], settings: Iterable[ImageSetting | None]
) -> set[str]:
    """The words of the instructions that are not known and can name a variable."""
    texts = [
        " ".join((instruction.rest, *(value for _, value in instruction.flags)))
        for instruction, setting in zip(instructions, settings, strict=True)
        if setting is None and not is_linked_copy(instruction)
    ]
    return {word for text in texts if "$" in text for word in re.findall(r"\w+", text)}


def is_linked_copy(instruction: Instruction) -> bool:
    """Whether an instruction of a tail is a COPY whose layer depends on nothing below it.

    With --chmod, BuildKit does not link (``dispatchCopy``).
    """
    is_linked = instruction.name == "COPY" and instruction.flag("link") in ("", "true")
    return is_linked and instruction.flag("chmod") is None


def _setting(
    instruction: Instruction, arguments: Mapping[str, str], build_args: Mapping[str, str]
) -> ImageSetting | None:
    name, rest = instruction.name, instruction.rest
    if instruction.flags or not instruction.is_certain:
        return None
    pairs: list[tuple[str, str]] | None = None
    if name in ("ENV", "LABEL"):
        pairs = _pairs(rest)
    elif name == "ARG":
        pairs = _declarations(instruction.words, build_args)
    elif name in ("CMD", "ENTRYPOINT"):
        words = _json_words(rest)
        return ImageSetting(name, (), words, arguments) if words else None
    elif (name == "USER" and _WORD.fullmatch(rest) and not _odd(rest)) or (
        name == "STOPSIGNAL" and _SIGNAL.fullmatch(rest)
    ):
        return ImageSetting(name, (), (rest,), arguments)
    if not pairs or len(dict(pairs)) < len(pairs):
        return None
    keys, values = zip(*pairs, strict=True)
    return ImageSetting(name, keys, values, arguments)


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """The names and values of ENV or LABEL, if a shell would read nothing else."""
    pairs, at = [], 0
    while at < len(text):
        match = _PAIR.match(text, at)
        value = (match[3] if match[2] is None else match[2]) if match else ""
        if not match or _odd(value):
            return None
        pairs.append((match[1], value))
        at = match.end()
    return pairs


def _odd(value: str) -> bool:
    """Whether a value has other variables than plain ones."""
    return "$" in _VARIABLE.sub("", value)


def _declarations(
    words: Iterable[str], build_args: Mapping[str, str]
) -> list[tuple[str, str]] | None:
    """The names and values of an ARG; ``None`` if one has no value here."""
    pairs = []
    for word in words:
        match = _ARGUMENT.fullmatch(word)
        value = build_args.get(match[1], match[2]) if match else None
        if match is None or value is None or _OF_BUILDKIT.fullmatch(match[1]):
            return None
        pairs.append((match[1], value))
    return pairs


def _json_words(text: str) -> tuple[str, ...]:
    """The words of the JSON form, if Go quotes them as they are; else none."""
    try:
        words = json.loads(text) if text.startswith("[") else []
    except (ValueError, RecursionError):
        return ()
    is_plain = all(isinstance(word, str) and _QUOTED_AS_IT_IS.fullmatch(word) for word in words)
    return tuple(words) if is_plain else ()
