"""Fingerprints: equal exactly when the files and options that make a thing are equal.

Times, owners and the place of the checkout do not count. A fingerprint is 16 hex digits of a
SHA-256, enough to tell apart all that one repository will ever hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from engine.adapters.files import digest, link_of
from engine.content.archive import code_archive
from engine.content.indexes import indexes_of
from engine.content.local import local_packages
from engine.content.node import files_of, settings_of
from engine.content.node import local_packages as node_packages
from engine.content.print_of import print_of
from engine.content.recipe import Lines, recipes_of
from engine.content.requirements import requirements
from engine.content.tree import code_files
from engine.errors import BuildFailed, Invalid
from engine.model import (
    Archive,
    Fingerprints,
    Layer,
    Settings,
    ZipSource,
)
from engine.model.sizes import DIRECT_LIMIT

Own = tuple[str, Path, list[str]]  # the name of a package, its folder, and files in that


def _contents(root: Path, names: list[str]) -> list[tuple[str, str, str]]:
    """Name, kind and content hash of each file; of a link, where it leads."""
    found = []
    for name in names:
        if (target := link_of(root / name)) is not None:
            found.append((name, "link", target))
        else:
            sha256, mode = digest(root / name)
            found.append((name, "program" if mode & 0o100 else "file", sha256))
    return found


def own_of(layer: Layer) -> tuple[Own, ...]:
    """What of a layer's requirements is in this checkout: folders and files, by their content."""
    source = layer.requirements
    if layer.is_node and isinstance(source, Path):
        own: list[Own] = [
            (each.name, each.folder, files_of(each.path) if each.is_built else each.files)
            for each in node_packages(source)
        ]
        return (*own, ("", source.parent, settings_of(source)))
    packages = local_packages(source, layer.extras, layer.groups)
    return tuple((each.name, each.folder, each.files) for each in packages)


def of_layer(layer: Layer, own: tuple[Own, ...] | None = None) -> str:
    """Fingerprint of a layer: what it requires, what it is built for, and what is left out.

    Args:
        layer: what is wanted.
        own: what of the requirements is in this checkout; it counts by what those files hold, so
            that what a build leaves beside them can be left out.
    """
    built: dict[str, object] = {
        name: value
        for name, value in (
            ("sources", layer.sources),
            ("extras", layer.extras),
            ("groups", layer.groups),
            ("indexes", () if layer.is_node else indexes_of(layer.requirements).hosts),
        )
        if value
    }
    if own := own_of(layer) if own is None else own:
        built["own"] = [(name, _contents(folder, files)) for name, folder, files in own]
    return print_of(
        "layer",
        requirements=requirements(layer.requirements),
        runtime=layer.runtime,
        architecture=layer.architecture,
        split=list(layer.split.items()),
        pruning=asdict(layer.pruning),
        bytecode=layer.bytecode,
        **built,
    )


def still(what: str, fingerprint: str, now: Callable[[], str]) -> None:
    """Hold what was made against the files that it was made of, before it is given its name.

    Whoever has those files later is given what has their fingerprint, on every machine.

    Args:
        what: was made, for people.
        fingerprint: of the files, from before it was made.
        now: takes it again.

    Raises:
        BuildFailed: the files changed meanwhile.
    """
    try:
        if now() == fingerprint:
            return
    except (Invalid, OSError):  # some are gone
        pass
    raise BuildFailed(
        f"files changed while they were built: those of {what}",
        remedy="It was given no name, and nothing of it is released. Run again.",
    )


def _code(source: ZipSource, *, fits: bool) -> Archive:
    """The code of a function; compressed only where it would not fit, as of ``archive``."""
    names = code_files(source.code)
    made = code_archive(source.code, names)
    if fits or made.size <= DIRECT_LIMIT:
        return made
    return code_archive(source.code, names, compress=True)


def fingerprints(
    settings: Settings, foreign: Mapping[str, Lines] = MappingProxyType({})
) -> Fingerprints:
    """Fingerprints of all that the working tree holds: recipes, layers, and the archives of code.

    Args:
        settings: what was asked for.
        foreign: what ONBUILD of other people's images lets a build do, by its step.
    """
    layers = {name: of_layer(layer) for name, layer in settings.layers.items()}
    recipes = {each.step: each.fingerprint for each in recipes_of(settings, foreign)}
    archives = {}
    for function in settings.functions:
        if isinstance(source := function.source, ZipSource):
            archives[function.name] = _code(source, fits=settings.artifacts is not None)
    return Fingerprints({}, layers, {}, archives, recipes, foreign=foreign)
