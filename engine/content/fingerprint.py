"""Fingerprints: equal exactly when the files and options that make a thing are equal.

Times, owners and the place of the checkout do not count. A fingerprint is 16 hex digits of a
SHA-256, enough to tell apart all that one repository will ever hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from engine.adapters.files import digest, link_of, read_text
from engine.content.archive import archive
from engine.content.local import local_packages
from engine.content.requirements import requirements
from engine.content.tree import code_files, image_files
from engine.model import (
    Base,
    Fingerprints,
    Function,
    ImageSource,
    Layer,
    Settings,
    ZipSource,
)

# Raised when the same inputs would be built differently than before.
_RECIPES = {"base": 1, "image": 1, "layer": 1}


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


def of_layer(layer: Layer) -> str:
    """Fingerprint of a layer: what it requires, what it is built for, and what is left out.

    The user's own folders among the requirements count by what is in them.
    """
    built: dict[str, object] = {}
    if layer.sources:
        built["sources"] = layer.sources
    if own := () if layer.is_node else local_packages(layer.requirements):
        built["own"] = [(each.name, _contents(each.folder, each.files)) for each in own]
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


def fingerprints(settings: Settings, bases: Mapping[str, str]) -> Fingerprints:
    """Fingerprints of all that the settings name, and the code archives themselves.

    Args:
        settings: what was asked for.
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
    return Fingerprints(bases=bases, layers=layers, images=images, archives=archives)
