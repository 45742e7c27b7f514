"""Fingerprints: equal exactly when the files and options that make a thing are equal.

Times, owners and the place of the checkout do not count. A fingerprint is 16 hex digits of a
SHA-256, enough to tell apart all that one repository will ever hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from engine.adapters.files import digest, link_of, read_text
from engine.content.archive import code_archive
from engine.content.indexes import indexes_of
from engine.content.local import local_packages
from engine.content.node import files_of, settings_of
from engine.content.node import local_packages as node_packages
from engine.content.requirements import requirements
from engine.content.tree import code_files, image_files
from engine.errors import BuildFailed, Invalid
from engine.model import (
    Archive,
    Base,
    Fingerprints,
    Function,
    ImageSource,
    Layer,
    Settings,
    ZipSource,
)
from engine.model.sizes import DIRECT_LIMIT

Own = tuple[str, Path, list[str]]  # the name of a package, its folder, and files in that

# Raised when the same inputs would be built differently than before.
_RECIPES = {"base": 1, "image": 1, "layer": 2}


def _fingerprint(kind: str, **parts: object) -> str:
    text = json.dumps({"recipe": f"{kind}/{_RECIPES[kind]}", **parts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _contents(root: Path, names: list[str]) -> list[tuple[str, str, str]]:
    """Name, kind and content hash of each file; of a link, where it leads."""
    return [(name, *_content(root / name)) for name in names]


def _content(path: Path) -> tuple[str, str]:
    if (target := link_of(path)) is not None:
        return "link", target
    sha256, is_program = digest(path)
    return "program" if is_program else "file", sha256


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
    return _fingerprint(
        "layer",
        requirements=requirements(layer.requirements),
        runtime=layer.runtime,
        architecture=layer.architecture,
        split=list(layer.split.items()),
        pruning=asdict(layer.pruning),
        bytecode=layer.bytecode,
        **built,
    )


def of_base(base: Base) -> str:
    """Fingerprint of a base's recipe: its Dockerfile, the files that it copies, its arguments."""
    return _fingerprint(
        "base",
        dockerfile=read_text(base.dockerfile),
        files=_contents(base.context, image_files(base.context, base.dockerfile)),
        arguments=dict(base.build_args),
        platform=base.architecture.platform,
    )


def standing_on(recipe: str, upstreams: Mapping[str, str]) -> str:
    """Fingerprint of a base: its recipe and the digest of each image that it starts from."""
    return _fingerprint("base", recipe_fingerprint=recipe, upstreams=dict(upstreams))


def of_image(function: Function, source: ImageSource, base: str) -> str:
    """Fingerprint of an app image: as of a base, and the fingerprint of the base it stands on."""
    return _fingerprint(
        "image",
        dockerfile=read_text(source.dockerfile),
        files=_contents(source.context, image_files(source.context, source.dockerfile)),
        arguments=dict(source.build_args),
        base=base,
        compression=source.compression,
        platform=function.architecture.platform,
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


def base_recipes(settings: Settings) -> dict[str, str]:
    """The fingerprint of each base's recipe."""
    return {name: of_base(base) for name, base in settings.bases.items()}


def _code(source: ZipSource, *, fits: bool) -> Archive:
    """The code of a function; compressed only where it would not fit, as of ``archive``."""
    names = code_files(source.code)
    made = code_archive(source.code, names)
    if fits or made.size <= DIRECT_LIMIT:
        return made
    return code_archive(source.code, names, compress=True)


def fingerprints(
    settings: Settings, recipes: Mapping[str, str], bases: Mapping[str, str]
) -> Fingerprints:
    """Fingerprints of all that the settings name, and the code archives themselves.

    Args:
        settings: what was asked for.
        recipes: fingerprints of the bases' recipes.
        bases: fingerprints of the bases, which depend on more than the working tree.
    """
    layers = {name: of_layer(layer) for name, layer in settings.layers.items()}
    images: dict[str, str] = {}
    archives = {}
    for function in settings.functions:
        source = function.source
        if isinstance(source, ImageSource):
            images[function.name] = of_image(function, source, bases.get(source.base or "", ""))
        elif isinstance(source, ZipSource):
            archives[function.name] = _code(source, fits=settings.artifacts is not None)
    return Fingerprints(bases, layers, images, archives, recipes)
