"""The package indexes of a layer: those of this machine, and those of its project."""

from __future__ import annotations

from pathlib import Path

from lambda_fast_deploy.adapters.index_settings import PackageIndexes, of_table, of_this_machine
from lambda_fast_deploy.fingerprints.layers.requirements import (
    requirement_files,
    table,
    toml_of,
    workspace_of,
)


def indexes_of(source: Path | tuple[str, ...]) -> PackageIndexes:
    """The indexes for the packages of requirements.

    A project of uv can name indexes in its pyproject.toml, or in that of its workspace. With a
    lock, ``explicit`` indexes are included: uv finds their credentials by their names, and the lock
    says which index has which package.
    """
    indexes = of_this_machine()
    if not isinstance(source, Path):
        return indexes
    files = requirement_files(source)
    if files.kind not in ("uv", "project") or not files.manifest:
        return indexes
    root = workspace_of(files.manifest)
    for manifest in (files.manifest, *([root / "pyproject.toml"] if root else [])):
        settings = table(toml_of(manifest), "tool", "uv")
        first, default = of_table(settings, explicit=files.kind == "uv")
        indexes = indexes.after(*first, default=default)
    return indexes
