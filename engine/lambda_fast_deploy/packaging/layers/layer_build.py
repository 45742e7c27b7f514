"""Dependency layers: installed once, divided, pruned, proved by import, and zipped."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import digest
from lambda_fast_deploy.adapters.parallel import together, workers
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Archive, Layer
from lambda_fast_deploy.models.quotas import DIRECT_LIMIT, UNZIPPED_LIMIT
from lambda_fast_deploy.packaging.layers import import_check, node_import_check
from lambda_fast_deploy.packaging.layers.bytecode import beside, compile_all, tag_of
from lambda_fast_deploy.packaging.layers.native_code import check_binaries
from lambda_fast_deploy.packaging.layers.node_packages import install_node
from lambda_fast_deploy.packaging.layers.programs import record
from lambda_fast_deploy.packaging.layers.pruning import AGGRESSIVE, PrunedFolder, prune
from lambda_fast_deploy.packaging.layers.wheels import (
    InstalledPackage,
    divide,
    held_back,
    install,
    interpreter,
)
from lambda_fast_deploy.packaging.limits import check_size

ROOM = 10 * units.MB  # for the function's own code, when bytecode must fit beside it


@dataclass(frozen=True, slots=True)
class LayerPart:
    """One layer to publish. ``content`` stands for what is in it, whatever the zip's bytes.

    ``sizes`` are unzipped bytes by package, the heaviest first.
    """

    archive: Archive
    content: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BuiltLayer:
    """Parts by name, what pruning took out or could, in bytes, and what people should know.

    ``packages`` are the versions of all that was installed, and ``modules`` what they bring.
    """

    parts: Mapping[str, LayerPart]
    pruned: int
    prunable: int
    notes: tuple[str, ...]
    packages: Mapping[str, str] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()


def build_layer(
    layer: Layer, tell: Callable[[str], None] = lambda _: None, largest: int = DIRECT_LIMIT
) -> BuiltLayer:
    """Build a layer, with all its parts; the same bytes for the same packages.

    Args:
        layer: what is wanted.
        tell: takes a line when something that can last begins.
        largest: bytes of a zip beyond which it has no bytecode.

    Raises:
        BuildFailed: with the package that is at fault.
    """
    with tempfile.TemporaryDirectory() as folder:
        if layer.is_node:
            return _build_node(layer, Path(folder), tell)
        return _build_python(layer, Path(folder), tell, largest)


def _build_node(layer: Layer, folder: Path, tell: Callable[[str], None]) -> BuiltLayer:
    root = folder / "nodejs/node_modules"
    begun = partial(tell, f"packages of {layer.source} are installed")
    begun()
    found, notes = install_node(layer, root, begun)
    _check_size(layer.name, root, found.values(), 0, 0)
    tell("loading packages and zipping")
    notes += node_import_check.notes(layer, root.parent, found)
    part = _part(folder, root, found.values())
    versions = {one.name: one.version for one in found.values()}
    return BuiltLayer({layer.name: part}, 0, 0, tuple(notes), versions)


def _build_python(
    layer: Layer, folder: Path, tell: Callable[[str], None], largest: int
) -> BuiltLayer:
    root = folder / "python"
    begun = partial(tell, f"uv resolves and installs {layer.source}")
    begun()
    found = install(layer, root, begun)
    parts = divide(layer, found)
    check_binaries(layer, root, found.values())
    is_proved = not import_check.why_not(layer)
    pruned = prune(root, folder / "aside", layer.pruning, is_proved=is_proved)
    for name, held in parts.items():
        _check_filled(name, root, held)
    prunable = _prunable(root)
    for name, held in parts.items():
        _check_size(name, root, held, pruned.size, prunable)

    def zipped(full: Mapping[str, list[InstalledPackage]]) -> dict[str, LayerPart]:
        """Every part, with bytecode where that fits."""

        def fitting(name: str) -> LayerPart:
            part = _part(folder, root, full[name])
            is_large = part.archive.size > largest and layer.bytecode == "include"
            return _part(folder, root, parts[name]) if is_large else part

        return dict(zip(parts, together(fitting, parts, most=2), strict=True))

    modules = import_check.modules_of(root, found.values())
    with workers(2) as pool:  # nearly always nothing has to be put back
        zipping = pool.submit(zipped, _compiled(layer, root, parts, tell))
        older = pool.submit(held_back, layer, found)
        notes = [*_prove(layer, root, modules, pruned, tell), *older.result()]
        built = zipping.result()
    if pruned.restored:
        built = zipped(_compiled(layer, root, parts, tell))
    return BuiltLayer(
        parts=built,
        pruned=pruned.size,
        prunable=prunable,
        notes=tuple(notes),
        packages={one.name: one.version for one in found.values()},
        modules=frozenset(module for one in found.values() for module in one.modules),
    )


def _compiled(
    layer: Layer,
    root: Path,
    parts: Mapping[str, list[InstalledPackage]],
    tell: Callable[[str], None],
) -> Mapping[str, list[InstalledPackage]]:
    """The packages of each part, with bytecode if that can be made here and is wanted."""
    if layer.bytecode == "none":
        return parts
    if not interpreter(layer.runtime):
        if layer.bytecode == "only":
            raise BuildFailed(
                f"layer {layer.name}: bytecode: only needs {layer.runtime}, which is not here",
                remedy="Install it (in a workflow, actions/setup-python), or say include.",
            )
        return parts
    tell("compiling")
    compile_all(layer, root)
    return _with_bytecode(layer, root, parts)


def _with_bytecode(
    layer: Layer, root: Path, parts: Mapping[str, list[InstalledPackage]]
) -> dict[str, list[InstalledPackage]]:
    """The packages with their compiled modules, part by part as long as a function can have it."""
    tag, chosen = tag_of(layer), dict(parts)
    for part, held in parts.items():
        chosen[part] = [
            replace(
                one, files=(*one.files, *filter(None, (beside(root, f, tag) for f in one.files)))
            )
            for one in held
        ]
        total = sum(_unzipped(root, each) for each in chosen.values())
        is_large = _unzipped(root, chosen[part]) > (layer.budget or UNZIPPED_LIMIT)
        may_go = layer.bytecode == "include"
        if may_go and (is_large or total > UNZIPPED_LIMIT - ROOM):
            chosen[part] = held
    return chosen


def _prunable(root: Path) -> int:
    """Bytes that the most pruning would take out besides."""
    return sum(
        path.stat().st_size
        for rule in AGGRESSIVE
        for top in root.glob(rule)
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file()
    )


def _unzipped(root: Path, held: Iterable[InstalledPackage]) -> int:
    return sum(_sizes(root, held).values())


def _sizes(root: Path, held: Iterable[InstalledPackage]) -> dict[str, int]:
    """Bytes of each package, the heaviest first; nothing is read for that."""
    sizes = {
        one.name: sum((root / name).stat().st_size for name in one.files if (root / name).is_file())
        for one in held
    }
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))


def _check_filled(name: str, root: Path, held: Iterable[InstalledPackage]) -> None:
    """Refuse a part that holds nothing which a function could use.

    Raises:
        BuildFailed: of its packages only metadata is left.
    """
    packages = list(held)
    left = (file for one in packages for file in one.files if (root / file).is_file())
    if all(file.partition("/")[0].endswith(".dist-info") for file in left):
        raise BuildFailed(
            f"layer {name} is empty: nothing but metadata is left of "
            f"{', '.join(one.name for one in packages)}",
            remedy='Say what stays by keep, such as keep: ["bin/*"]; prune: none keeps everything.',
        )


def _check_size(
    name: str, root: Path, held: Iterable[InstalledPackage], pruned: int, prunable: int
) -> None:
    """Refuse what no function can have before it is read: a small wheel can hold very much.

    Raises:
        BuildFailed: the part is over Lambda's limit.
    """
    sizes = _sizes(root, held)
    remedy = over_budget(sizes, pruned, prunable)
    check_size(f"layer {name}", sum(sizes.values()), UNZIPPED_LIMIT, "unzipped", remedy)


def _prove(
    layer: Layer,
    root: Path,
    modules: list[str],
    pruned: PrunedFolder,
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """Import everything, and put back what that needs; what people should know of it."""
    if reason := import_check.why_not(layer):
        says = f"Layer {layer.name} was not tried by importing it: {reason}."
        if layer.pruning.profile != "aggressive":
            return (says,)
        return says, f"So prune: aggressive took no more out of layer {layer.name} than safe does."
    tell(f"importing {len(modules)} modules with {layer.runtime}")
    before = set(pruned.removed)
    failed = import_check.restore(layer, root, pruned, modules)
    notes = []
    if back := sorted(before - set(pruned.removed)):
        shown_back = ", ".join(back[:8]) + (f" and {len(back) - 8} more" if len(back) > 8 else "")
        notes.append(f"Layer {layer.name} does not import without {shown_back}: put back.")
    for module, why in failed.items():
        if "." not in module:
            notes.append(f"Module {module} of layer {layer.name} cannot be imported: {why}")
    return tuple(notes)


def _part(folder: Path, root: Path, held: Iterable[InstalledPackage]) -> LayerPart:
    """A part from the packages that it holds: files of ``root``, by names below ``folder``."""
    below = root.relative_to(folder).as_posix()
    packages = list(held)
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
    """What could be done about a layer that is too large: its heaviest packages, and pruning.

    Args:
        sizes: bytes by package, the heaviest first.
        pruned: bytes that are out already.
        prunable: bytes that could be as well.
    """
    heaviest = ", ".join(f"{name} {units.size(size)}" for name, size in list(sizes.items())[:10])
    return (
        f"Heaviest: {heaviest}. Pruning took out {units.size(pruned)}; prune: aggressive could "
        f"take out {units.size(prunable)} more, where imports allow it."
    )
