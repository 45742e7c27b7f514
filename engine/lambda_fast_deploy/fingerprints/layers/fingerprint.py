"""The fingerprint of a layer: its requirements, and the local packages that these name."""

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

Own = tuple[str, Path, list[str]]  # the name of a package, its folder, and the files in it


def _contents(root: Path, names: list[str]) -> list[tuple[str, str, str]]:
    """Name, kind and content hash of each file; for a link, its target."""
    rows = []
    for name in names:
        if (target := link_of(root / name)) is not None:
            rows.append((name, "link", target))
        else:
            sha256, mode = digest(root / name)
            rows.append((name, "program" if mode & 0o100 else "file", sha256))
    return rows


def local_contents(layer: Layer) -> tuple[Own, ...]:
    """The local packages of a layer's requirements: folders and files, by their content."""
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
    """The fingerprint of a layer: its requirements, its runtime, and its pruning.

    Args:
        layer: the layer.
        own: the local packages of the requirements, as listed before a build, so that the build's
            own output next to the files does not count.
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
    if own := local_contents(layer) if own is None else own:
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
