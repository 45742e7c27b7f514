"""Checks that the runtime can load the native code of a layer."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from pathlib import Path

from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Architecture, Layer
from lambda_fast_deploy.packaging.layers.wheels import InstalledPackage

_MACHINES = {Architecture.X86_64: 62, Architecture.ARM64: 183}  # e_machine of ELF
_SYMBOLS = re.compile(rb"GLIBC_2\.(\d+)")


def check_binaries(layer: Layer, root: Path, packages: Iterable[InstalledPackage]) -> None:
    """Refuse native code that the runtime cannot load.

    Raises:
        BuildFailed: with the package and what it needs.
    """
    newest = layer.runtime.glibc
    for one in packages:
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
                    remedy="Use a version that has a wheel for that architecture.",
                )
            if needs > newest[1]:
                raise BuildFailed(
                    f"{one.name} {one.version} in layer {layer.name} needs glibc 2.{needs}; "
                    f"{layer.runtime} has 2.{newest[1]} ({name})",
                    remedy="Use an older version, or a newer runtime.",
                )


def _read_elf(file: Path) -> tuple[int, int] | None:
    """The machine of a file's native code, and the glibc 2 version it needs; reads any size."""
    with file.open("rb") as opened:
        if opened.read(4) != b"\x7fELF":
            return None
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            needs = max((int(minor) for minor in _SYMBOLS.findall(content)), default=0)
            return int.from_bytes(content[18:20], "little"), needs
