"""Dependency layers: installed once, divided, pruned, proved by import, and zipped."""

from __future__ import annotations

import hashlib
import mmap
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from engine.adapters.parallel import together, workers
from engine.build import imports, node_proof
from engine.build.budget import check_size
from engine.build.bytecode import beside, compile_all, tag_of
from engine.build.node import install_node
from engine.build.pruning import AGGRESSIVE, Pruned, prune
from engine.build.wheels import Distribution, divide, held_back, install, interpreter
from engine.content.archive import archive
from engine.errors import BuildFailed
from engine.model import Architecture, Archive, Layer
from engine.model.sizes import DIRECT_LIMIT, MB, UNZIPPED_LIMIT, shown

ROOM = 10 * MB  # for the function's own code, when bytecode must fit beside it
# glibc of Amazon Linux 2 and 2023 (Lambda developer guide, "Lambda runtimes").
_GLIBC = {True: (2, 34), False: (2, 26)}
_MACHINES = {Architecture.X86_64: 62, Architecture.ARM64: 183}  # e_machine of ELF
_SYMBOLS = re.compile(rb"GLIBC_2\.(\d+)")


@dataclass(frozen=True, slots=True)
class Part:
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

    parts: Mapping[str, Part]
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
    notes += node_proof.notes(layer, root.parent, found)
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
    _check_binaries(layer, root, found.values())
    pruned = prune(root, folder / "aside", layer.pruning)
    prunable = _prunable(root)
    for name, held in parts.items():
        _check_size(name, root, held, pruned.size, prunable)

    def zipped(full: Mapping[str, list[Distribution]]) -> dict[str, Part]:
        """Every part, with bytecode where that fits."""

        def fitting(name: str) -> Part:
            part = _part(folder, root, full[name])
            is_large = part.archive.size > largest and layer.bytecode == "include"
            return _part(folder, root, parts[name]) if is_large else part

        return dict(zip(parts, together(fitting, parts, most=2), strict=True))

    modules = imports.modules_of(root, found.values())
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
    layer: Layer, root: Path, parts: Mapping[str, list[Distribution]], tell: Callable[[str], None]
) -> Mapping[str, list[Distribution]]:
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
    layer: Layer, root: Path, parts: Mapping[str, list[Distribution]]
) -> dict[str, list[Distribution]]:
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


def _unzipped(root: Path, held: Iterable[Distribution]) -> int:
    return sum(_sizes(root, held).values())


def _sizes(root: Path, held: Iterable[Distribution]) -> dict[str, int]:
    """Bytes of each package, the heaviest first; nothing is read for that."""
    sizes = {
        one.name: sum((root / name).stat().st_size for name in one.files if (root / name).is_file())
        for one in held
    }
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1]))


def _check_size(
    name: str, root: Path, held: Iterable[Distribution], pruned: int, prunable: int
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
    pruned: Pruned,
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """Import everything, and put back what that needs; what people should know of it."""
    if reason := imports.why_not(layer):
        return (f"Layer {layer.name} was not tried by importing it: {reason}.",)
    tell(f"importing {len(modules)} modules with {layer.runtime}")
    before = set(pruned.removed)
    failed = imports.restore(layer, root, pruned, modules)
    notes = []
    if back := sorted(before - set(pruned.removed)):
        shown_back = ", ".join(back[:8]) + (f" and {len(back) - 8} more" if len(back) > 8 else "")
        notes.append(f"Layer {layer.name} does not import without {shown_back}: put back.")
    for module, why in failed.items():
        if "." not in module:
            notes.append(f"Module {module} of layer {layer.name} cannot be imported: {why}")
    return tuple(notes)


def _part(folder: Path, root: Path, held: Iterable[Distribution]) -> Part:
    """A part from the packages that it holds: files of ``root``, by names below ``folder``."""
    below = root.relative_to(folder).as_posix()
    packages = list(held)
    files = {
        f"{below}/{name}": root / name
        for one in packages
        for name in one.files
        if (root / name).is_file()
    }
    manifest = hashlib.sha256()
    for name in sorted(files):
        mode = files[name].stat().st_mode & 0o100
        digest = hashlib.sha256(files[name].read_bytes()).hexdigest()
        manifest.update(f"{name}\n{mode}\n{digest}\n".encode())
    zipped = archive(files, compress=True)
    return Part(zipped, manifest.hexdigest()[:12], _sizes(root, packages))


def _check_binaries(layer: Layer, root: Path, found: Iterable[Distribution]) -> None:
    """Refuse native code that the runtime cannot load.

    Raises:
        BuildFailed: with the package and what it needs.
    """
    newest = _GLIBC[int(layer.runtime.removeprefix("python3.")) >= 12]
    for one in found:
        for name in one.files:
            if ".so" not in name or not (root / name).is_file():
                continue
            elf = _read_elf(root / name)
            if elf is None:
                continue
            machine, needs = elf
            if machine != _MACHINES[layer.architecture]:
                raise BuildFailed(
                    f"{one.name} {one.version} in layer {layer.name} is not for "
                    f"{layer.architecture} ({name})",
                    remedy="Use a version of it that has a wheel for that architecture.",
                )
            if needs > newest[1]:
                raise BuildFailed(
                    f"{one.name} {one.version} in layer {layer.name} needs glibc 2.{needs}; "
                    f"{layer.runtime} has 2.{newest[1]} ({name})",
                    remedy="Use an older version of it, or a newer runtime.",
                )


def _read_elf(file: Path) -> tuple[int, int] | None:
    """The machine of native code, and the version of glibc 2 that it needs; however large it is."""
    with file.open("rb") as opened:
        if opened.read(4) != b"\x7fELF":
            return None
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            needs = max((int(minor) for minor in _SYMBOLS.findall(content)), default=0)
            return int.from_bytes(content[18:20], "little"), needs


def over_budget(sizes: Mapping[str, int], pruned: int, prunable: int) -> str:
    """What could be done about a layer that is too large: its heaviest packages, and pruning.

    Args:
        sizes: bytes by package, the heaviest first.
        pruned: bytes that are out already.
        prunable: bytes that could be as well.
    """
    heaviest = ", ".join(f"{name} {shown(size)}" for name, size in list(sizes.items())[:10])
    return (
        f"Heaviest: {heaviest}. Pruning took out {shown(pruned)}; prune: aggressive could "
        f"take out {shown(prunable)} more, where imports allow it."
    )
