"""The attributes and the history of an image whose tail sets other values than its donor's.

Sources: OCI image specification, "Image Configuration"; BuildKit
(``frontend/dockerfile/dockerfile2llb``, ``commitToHistory``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lambda_fast_deploy.fingerprints.images.copy_sources import words_of
from lambda_fast_deploy.fingerprints.images.dockerfile import Instruction
from lambda_fast_deploy.fingerprints.images.tail import Tail
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from lambda_fast_deploy.fingerprints.images.tail_settings import ImageSetting, is_linked_copy
from lambda_fast_deploy.models.image_layers import Donor

_LISTS = {"CMD": "Cmd", "ENTRYPOINT": "Entrypoint"}
_WORDS = {"USER": "User", "STOPSIGNAL": "StopSignal"}


def with_settings(tail: Tail, donor: Donor) -> Donor:
    """The donor with the attributes that a tail sets, and with the tail in its history.

    Args:
        tail: the tail.
        donor: an image of the same stem; its history ends with instructions of the same names.

    Raises:
        UncertainLayer: a value is not known.
    """
    own = {key for each in tail.settings if each and each.name == "ENV" for key in each.keys}
    variables = {name: value for name, value in donor.variables.items() if name not in own}
    attributes = dict(donor.attributes)
    created_by: list[str] = []
    for instruction, setting in zip(tail.instructions, tail.settings, strict=True):
        values = setting.filled(variables) if setting else ()
        if values is None:
            what = f"{instruction.name} {instruction.rest} in line {instruction.line}"
            raise UncertainLayer(f"{what} is not known")
        if setting:
            _set(attributes, setting, values)
        created_by.append(_written(setting, values) if setting else "")
    changed = replace(donor, configuration={**donor.configuration, "config": attributes})
    destinations = iter([copy.destination(changed.variables) for copy in tail.copies])
    for number, instruction in enumerate(tail.instructions):
        to = next(destinations) if instruction.name == "COPY" else ""
        if is_linked_copy(instruction):
            created_by[number] = _copied(instruction, to)
    history = _history(donor.configuration["history"], created_by)
    return replace(changed, configuration={**changed.configuration, "history": history})


def _set(attributes: dict[str, Any], setting: ImageSetting, values: tuple[str, ...]) -> None:
    """Set the attributes of an instruction; names that exist keep their places."""
    pairs = dict(zip(setting.keys, values, strict=False))
    if setting.name == "ENV":
        existing = dict(each.partition("=")[::2] for each in attributes.get("Env") or ())
        attributes["Env"] = [f"{name}={value}" for name, value in (existing | pairs).items()]
    elif setting.name == "LABEL":
        attributes["Labels"] = {**(attributes.get("Labels") or {}), **pairs}
    elif setting.name in _LISTS:
        attributes[_LISTS[setting.name]] = [*values]
    elif setting.name in _WORDS:
        attributes[_WORDS[setting.name]] = values[0]


def _written(setting: ImageSetting, values: tuple[str, ...]) -> str:
    """An instruction as the history of an image has it."""
    if setting.keys:
        words = [f"{key}={value}" for key, value in zip(setting.keys, values, strict=True)]
    elif setting.name in _LISTS:
        words = ["[{}]".format(" ".join(f'"{value}"' for value in values))]
    else:
        words = [*values]
    return " ".join((setting.name, *words))


def _copied(instruction: Instruction, to: str) -> str:
    """A COPY as the history of an image has it."""
    owner = instruction.flag("chown")
    *sources, _ = words_of(instruction)
    return " ".join(("COPY", *([f"--chown={owner}"] if owner else ()), *sources, to, "# buildkit"))


def _history(
    history: Iterable[Mapping[str, Any]], created_by: list[str]
) -> list[Mapping[str, Any]]:
    """A history with other last instructions, where these are not empty."""
    entries = [*history]
    last = zip(entries[-len(created_by) :], created_by, strict=True)
    changed = [{**entry, "created_by": text} if text else entry for entry, text in last]
    return [*entries[: -len(created_by)], *changed]
