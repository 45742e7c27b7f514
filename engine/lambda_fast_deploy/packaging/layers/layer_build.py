"""Dependency layers: installed once, divided, pruned, tested by import, and zipped."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import digest
from lambda_fast_deploy.adapters.parallel import together, workers
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import FolderLayer, Layer, PublishedLayer
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers import import_check, node_import_check
from lambda_fast_deploy.packaging.layers.built_layer import BuiltLayer, LayerPart
from lambda_fast_deploy.packaging.layers.bytecode import beside, compile_all, tag_of
from lambda_fast_deploy.packaging.layers.folder import build_folder
from lambda_fast_deploy.packaging.layers.native_code import check_binaries
from lambda_fast_deploy.packaging.layers.node_packages import install_node
from lambda_fast_deploy.packaging.layers.programs import record
from lambda_fast_deploy.packaging.layers.pruning import AGGRESSIVE, PrunedFolder, prune
from lambda_fast_deploy.packaging.layers.wheels import (
    InstalledPackage,
    divide,
    install,
    interpreter,
    outdated_notes,
)
from lambda_fast_deploy.packaging.limits import check_size

ROOM = 10 * units.MB  # left for the function's own code by parts with bytecode


def build_layer(
    layer: PublishedLayer, tell: Callable[[str], None] = lambda _: None, largest: int = DIRECT_LIMIT
) -> BuiltLayer:
    """Build a layer with all its parts; the same packages give the same bytes.

    Args:
        layer: the layer.
        tell: receives a line when a long operation begins.
        largest: bytes; a larger zip gets no bytecode.

    Raises:
        BuildFailed: with the package that causes it.
    """
    if isinstance(layer, FolderLayer):
        return build_folder(layer)
    with tempfile.TemporaryDirectory() as folder:
        if layer.is_node:
            return _build_node(layer, Path(folder), tell)
        return _build_python(layer, Path(folder), tell, largest)


def _build_node(layer: Layer, folder: Path, tell: Callable[[str], None]) -> BuiltLayer:
    root = folder / "nodejs/node_modules"
    begun = partial(tell, f"installing the packages of {layer.source}")
    begun()
    packages, notes = install_node(layer, root, begun)
    _check_size(layer.name, root, packages.values(), 0, 0)
    tell("loading packages and zipping")
    notes += node_import_check.notes(layer, root.parent, packages)
    part = _part(folder, root, packages.values())
    versions = {one.name: one.version for one in packages.values()}
    return BuiltLayer({layer.name: part}, 0, 0, tuple(notes), versions)


def _build_python(
    layer: Layer, folder: Path, tell: Callable[[str], None], largest: int
) -> BuiltLayer:
    root = folder / "python"
    begun = partial(tell, f"uv resolves and installs {layer.source}")
    begun()
    packages = install(layer, root, begun)
    parts = divide(layer, packages)
    check_binaries(layer, root, packages.values())
    has_import_check = not import_check.why_not(layer)
    pruned = prune(root, folder / "aside", layer.pruning, has_import_check=has_import_check)
    for name, members in parts.items():
        _check_filled(name, root, members)
    prunable = _prunable(root)
    for name, members in parts.items():
        _check_size(name, root, members, pruned.size, prunable)

    def zipped(full: Mapping[str, list[InstalledPackage]]) -> dict[str, LayerPart]:
        """Every part, with bytecode where that fits."""

        def fitting(name: str) -> LayerPart:
            part = _part(folder, root, full[name])
            is_large = part.archive.size > largest and layer.bytecode == "include"
            return _part(folder, root, parts[name]) if is_large else part

        return dict(zip(parts, together(fitting, parts, most=2), strict=True))

    modules = import_check.modules_of(root, packages.values())
    with workers(2) as pool:  # restoring is rare, so zip before the import check ends
        zipping = pool.submit(zipped, _compiled(layer, root, parts, tell))
        older = pool.submit(outdated_notes, layer, packages)
        notes = [*_import_all(layer, root, modules, pruned, tell), *older.result()]
        built = zipping.result()
    if pruned.restored:
        built = zipped(_compiled(layer, root, parts, tell))
    return BuiltLayer(
        parts=built,
        pruned=pruned.size,
        prunable=prunable,
        notes=tuple(notes),
        packages={one.name: one.version for one in packages.values()},
        modules=frozenset(module for one in packages.values() for module in one.modules),
    )


def _compiled(
    layer: Layer,
    root: Path,
    parts: Mapping[str, list[InstalledPackage]],
    tell: Callable[[str], None],
) -> Mapping[str, list[InstalledPackage]]:
    """The packages of each part, with bytecode if requested and possible on this machine."""
    if layer.bytecode == "none":
        return parts
    if not interpreter(layer.runtime):
        if layer.bytecode == "only":
            raise BuildFailed(
                f"layer {layer.name}: bytecode: only needs {layer.runtime}, which is not "
                "installed here",
                remedy="Install it (in a workflow: actions/setup-python), or set bytecode: "
                "include.",
            )
        return parts
    tell("compiling")
    compile_all(layer, root)
    return _with_bytecode(layer, root, parts)


def _with_bytecode(
    layer: Layer, root: Path, parts: Mapping[str, list[InstalledPackage]]
) -> dict[str, list[InstalledPackage]]:
    """The packages with their compiled modules, part by part while a function can have them."""
    tag, chosen = tag_of(layer), dict(parts)
    for part, members in parts.items():
        chosen[part] = [
            replace(
                one, files=(*one.files, *filter(None, (beside(root, f, tag) for f in one.files)))
            )
            for one in members
        ]
        total = sum(_unzipped(root, each) for each in chosen.values())
        is_large = _unzipped(root, chosen[part]) > (layer.budget or UNZIPPED_LIMIT)
        may_go = layer.bytecode == "include"
        if may_go and (is_large or total > UNZIPPED_LIMIT - ROOM):
            chosen[part] = members
    return chosen


def _prunable(root: Path) -> int:
    """Bytes that aggressive pruning would still remove."""
    return sum(
        path.stat().st_size
        for rule in AGGRESSIVE
        for top in root.glob(rule)
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file()
    )


def _unzipped(root: Path, packages: Iterable[InstalledPackage]) -> int:
    return sum(_sizes(root, packages).values())


def _sizes(root: Path, packages: Iterable[InstalledPackage]) -> dict[str, int]:
    """Bytes of each package, the largest first, from file sizes alone."""
    sizes = {
        one.name: sum((root / name).stat().st_size for name in one.files if (root / name).is_file())
        for one in packages
    }
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))


def _check_filled(name: str, root: Path, installed: Iterable[InstalledPackage]) -> None:
    """Refuse a part that has nothing a function could use.

    Raises:
        BuildFailed: the part has only metadata of its packages.
    """
    packages = list(installed)
    files = (file for one in packages for file in one.files if (root / file).is_file())
    if all(file.partition("/")[0].endswith(".dist-info") for file in files):
        raise BuildFailed(
            f"layer {name} is empty: only metadata is left of "
            f"{', '.join(one.name for one in packages)}",
            remedy='Set keep, such as keep: ["bin/*"]. prune: none keeps everything.',
        )


def _check_size(
    name: str, root: Path, packages: Iterable[InstalledPackage], pruned: int, prunable: int
) -> None:
    """Refuse a part over Lambda's limit before its files are read: a small wheel can be large.

    Raises:
        BuildFailed: the part is over Lambda's limit.
    """
    sizes = _sizes(root, packages)
    remedy = over_budget(sizes, pruned, prunable)
    check_size(f"layer {name}", sum(sizes.values()), UNZIPPED_LIMIT, "unzipped", remedy)


def _import_all(
    layer: Layer,
    root: Path,
    modules: list[str],
    pruned: PrunedFolder,
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """Import all modules and restore what they need; returns notes for people."""
    if reason := import_check.why_not(layer):
        says = f"Layer {layer.name} was not tested by importing it: {reason}."
        if layer.pruning.profile != "aggressive":
            return (says,)
        return (
            says,
            f"So prune: aggressive removed no more than safe from layer {layer.name}.",
        )
    tell(f"importing {len(modules)} modules with {layer.runtime}")
    before = set(pruned.removed)
    failed = import_check.restore(layer, root, pruned, modules)
    notes = []
    if back := sorted(before - set(pruned.removed)):
        shown_back = ", ".join(back[:8]) + (f" and {len(back) - 8} more" if len(back) > 8 else "")
        notes.append(f"Layer {layer.name} does not import without {shown_back}: restored.")
    for module, why in failed.items():
        if "." not in module:
            notes.append(f"Module {module} of layer {layer.name} cannot be imported: {why}")
    return tuple(notes)


def _part(folder: Path, root: Path, installed: Iterable[InstalledPackage]) -> LayerPart:
    """A part with its packages: files of ``root``, by names below ``folder``."""
    below = root.relative_to(folder).as_posix()
    packages = list(installed)
    for one in packages:
        record(root, one.files)
    files = {
        f"{below}/{name}": root / name
        for one in packages
        for name in one.files
        if (root / name).is_file()
    }
    manifest = hashlib.sha256()
    for name in sorted(files):
        sha256, is_program = digest(files[name])
        manifest.update(f"{name}\n{0o100 if is_program else 0}\n{sha256}\n".encode())
    zipped = archive(files, compress=True)
    return LayerPart(zipped, manifest.hexdigest()[:12], _sizes(root, packages))


def over_budget(sizes: Mapping[str, int], pruned: int, prunable: int) -> str:
    """What can reduce a layer that is too large: its largest packages, and pruning.

    Args:
        sizes: bytes by package, the largest first.
        pruned: bytes that pruning removed.
        prunable: bytes that aggressive pruning could remove in addition.
    """
    heaviest = ", ".join(f"{name} {units.size(size)}" for name, size in list(sizes.items())[:10])
    return (
        f"Largest packages: {heaviest}. Pruning removed {units.size(pruned)}; prune: aggressive "
        f"could remove {units.size(prunable)} more, if imports still work."
    )
