"""Layers of a folder: its files as they are."""

from __future__ import annotations

from collections import Counter

from lambda_fast_deploy.adapters.aws.lambda_layers import MODULE
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files, link_target
from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer
from lambda_fast_deploy.models import FolderLayer
from lambda_fast_deploy.packaging.layers.built_layer import BuiltLayer, LayerPart


def build_folder(layer: FolderLayer) -> BuiltLayer:
    """Zip the files of a layer.

    Raises:
        BuildFailed: there are none.
    """
    names = code_files(layer.code)
    if not names:
        raise BuildFailed(
            f"layer {layer.name} is empty: {layer.code.name} has no files",
            remedy="Add files to it, or correct code.",
        )
    zipped = code_archive(layer.code, names, compress=True)
    sizes: Counter[str] = Counter()
    for name in names:
        is_link = link_target(layer.code, name) is not None
        sizes[name.partition("/")[0]] += 0 if is_link else (layer.code / name).stat().st_size
    modules = frozenset(match[1] for name in names if (match := MODULE.match(name)))
    part = LayerPart(zipped, of_layer(layer)[:12], dict(sizes.most_common()))
    return BuiltLayer({layer.name: part}, 0, 0, (), modules=modules)
