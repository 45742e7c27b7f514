"""The fingerprint of a layer: its requirements, and the local packages that these name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lambda_fast_deploy.adapters.files import is_file, link_of
from lambda_fast_deploy.fingerprints.build_sources import of_build
from lambda_fast_deploy.fingerprints.digest import fingerprint_of
from lambda_fast_deploy.fingerprints.file_tree import code_files, content_of, link_target
from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from lambda_fast_deploy.fingerprints.layers.node_project import files_of, settings_of
from lambda_fast_deploy.fingerprints.layers.node_project import local_packages as node_packages
from lambda_fast_deploy.fingerprints.layers.package_indexes import indexes_of
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from lambda_fast_deploy.models import FolderLayer, PublishedLayer

Own = tuple[str, Path, list[str]]  # the name of a package, its folder, and the files in it


def _contents(
    root: Path, names: list[str], stays: Callable[[Path, str], str | None]
) -> list[tuple[str, str, str]]:
    """Name, kind and content of each file; ``stays`` is the target of a link that stays one."""
    return [(name, *content_of(root / name, stays(root, name))) for name in names]


def _without_content(root: Path, name: str) -> str | None:
    """The target of a link that is not to a file; builds and packed packages have its content."""
    return None if is_file(root / name) else link_of(root / name)


def local_contents(layer: PublishedLayer) -> tuple[Own, ...]:
    """The folders and files of a layer: its own, or the local packages of its requirements."""
    if isinstance(layer, FolderLayer):
        if layer.build:
            return ()  # the fingerprint lists its sources
        return (("", layer.code, code_files(layer.code)),)
    source = layer.requirements
    if layer.is_node and isinstance(source, Path):
        own: list[Own] = [
            (each.name, each.folder, files_of(each.path) if each.is_built else each.files)
            for each in node_packages(source)
        ]
        return (*own, ("", source.parent, settings_of(source)))
    packages = local_packages(source, layer.extras, layer.groups)
    return tuple((each.name, each.folder, each.files) for each in packages)


def of_layer(layer: PublishedLayer, own: tuple[Own, ...] | None = None) -> str:
    """The fingerprint of a layer: its files; or its requirements, its runtime, and its pruning.

    Args:
        layer: the layer.
        own: the local packages of the requirements, as listed before a build, so that the build's
            own output next to the files does not count.
    """
    if isinstance(layer, FolderLayer) and layer.build:
        return of_build(layer.build, (layer.code,), layer.runtime, layer.architecture)
    if isinstance(layer, FolderLayer):
        ((_, folder, files),) = own or local_contents(layer)
        return fingerprint_of(
            "folder layer",
            files=_contents(folder, files, link_target),
            runtime=layer.runtime,
            architecture=layer.architecture,
        )
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
        built["own"] = [
            (name, _contents(folder, files, _without_content)) for name, folder, files in own
        ]
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
