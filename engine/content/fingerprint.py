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

from engine.adapters.files import digest, link_of, mode_of, read_text
from engine.content.archive import archive
from engine.content.context import Content, content
from engine.content.local import local_packages
from engine.content.requirements import requirements
from engine.content.tree import code_files
from engine.errors import BuildFailed, Invalid
from engine.model import (
    Base,
    Fingerprints,
    Function,
    ImageSource,
    Layer,
    Settings,
    ZipSource,
)

Own = tuple[str, Path, list[str]]  # the name of a package, its folder, and files in that

# Raised when the same inputs would be built differently than before.
_RECIPES = {"base": 2, "image": 2, "layer": 1}


def _fingerprint(kind: str, **parts: object) -> str:
    text = json.dumps({"recipe": f"{kind}/{_RECIPES[kind]}", **parts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def _copied(found: Content) -> dict[str, object]:
    """What counts of a build context, as it is in an image.

    Of modes what others may do counts, since that is who Lambda runs a function as, and whether its
    owner may run it, as builds do.
    """
    files: list[tuple[str, ...]] = []
    for name, kind in found.kinds.items():
        path = found.root / name
        if kind == "link":
            files.append((name, kind, link_of(path) or ""))
        elif kind == "file":
            sha256, mode = digest(path)
            files.append((name, f"{mode & 0o105:o}", sha256))
        else:
            files.append((name, kind, f"{mode_of(path) & 0o105:o}"))
    return {"files": files, **({"ignore": found.unread} if found.unread else {})}


def own_of(layer: Layer) -> tuple[Own, ...]:
    """The user's own folders among the requirements of a layer, and the files that are in each."""
    packages = () if layer.is_node else local_packages(layer.requirements)
    return tuple((each.name, each.folder, each.files) for each in packages)


def of_layer(layer: Layer, own: tuple[Own, ...] | None = None) -> str:
    """Fingerprint of a layer: what it requires, what it is built for, and what is left out.

    Args:
        layer: what is wanted.
        own: the user's own folders among the requirements; they count by what those files hold, so
            that what a build leaves beside them can be left out.
    """
    built: dict[str, object] = {}
    if layer.sources:
        built["sources"] = layer.sources
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
        arguments=dict(base.build_args),
        platform=base.architecture.platform,
        **_copied(content(base.context, base.dockerfile, base.build_args)),
    )


def standing_on(recipe: str, upstreams: Mapping[str, str]) -> str:
    """Fingerprint of a base: its recipe and the digest of each image that it starts from."""
    return _fingerprint("base", recipe_fingerprint=recipe, upstreams=dict(upstreams))


def of_image(function: Function, source: ImageSource, base: str) -> str:
    """Fingerprint of an app image: as of a base, and the fingerprint of the base it stands on."""
    return _fingerprint(
        "image",
        dockerfile=read_text(source.dockerfile),
        arguments=dict(source.build_args),
        base=base,
        compression=source.compression,
        platform=function.architecture.platform,
        **_copied(content(source.context, source.dockerfile, source.build_args)),
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
            files = {name: source.code / name for name in code_files(source.code)}
            archives[function.name] = archive(files, compress=False)
    return Fingerprints(bases, layers, images, archives, recipes)
