"""The fingerprint of a layer: what it requires, and what of that is in the working tree."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from lambda_fast_deploy.adapters.files import digest, link_of
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from lambda_fast_deploy.fingerprints.layers.node_project import files_of, settings_of
from lambda_fast_deploy.fingerprints.layers.node_project import local_packages as node_packages
from lambda_fast_deploy.fingerprints.layers.package_indexes import indexes_of
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from lambda_fast_deploy.models import Layer

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
    return fingerprint_of(
        "layer",
        requirements=requirements(layer.requirements),
        runtime=layer.runtime,
        architecture=layer.architecture,
        split=list(layer.split.items()),
        pruning=asdict(layer.pruning),
        bytecode=layer.bytecode,
        **built,
    )
