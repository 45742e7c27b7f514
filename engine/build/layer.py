"""Dependency layers, built by uv for Lambda's platform without Docker.

uv resolves and installs wheels for another platform; pip would need every older tag spelled out.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.adapters.process import run
from engine.content.archive import archive
from engine.errors import BuildFailed
from engine.model import Architecture, Archive, Layer

# Installers' own files, which differ from run to run and which no import needs.
_INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def platform_of(runtime: str, architecture: Architecture) -> str:
    """uv's name of the platform a runtime has.

    Python 3.12 and newer run on Amazon Linux 2023 (glibc 2.34), older ones on Amazon Linux 2
    (glibc 2.26) (Lambda developer guide, "Lambda runtimes").
    """
    minor = int(runtime.removeprefix("python3."))
    machine = "x86_64" if architecture is Architecture.X86_64 else "aarch64"
    return f"{machine}-manylinux_2_28" if minor >= 12 else f"{machine}-manylinux2014"


def build_layer(layer: Layer, on_line: Callable[[str], None]) -> Archive:
    """Install a layer's requirements and zip them, the same bytes for the same wheels.

    Raises:
        BuildFailed: the requirements cannot be installed for that platform.
    """
    from uv import find_uv_bin

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "python"
        _install(
            layer,
            [
                find_uv_bin(),
                *("pip", "install", "--quiet", "--no-config", "--link-mode=copy"),
                f"--target={target}",
                f"--requirements={layer.requirements}",
                f"--python-version={layer.runtime.removeprefix('python')}",
                f"--python-platform={platform_of(layer.runtime, layer.architecture)}",
                "--only-binary=:all:",
                "--no-compile-bytecode",
            ],
            on_line,
        )
        _clean(target)
        files = {
            path.relative_to(folder).as_posix(): path
            for path in target.rglob("*")
            if path.is_file()
        }
        if not files:
            raise BuildFailed(
                f"layer {layer.name} is empty: {layer.requirements.name} requires nothing",
                remedy="Remove the layer, or name what it should hold.",
            )
        return archive(files, compress=True)


def _install(layer: Layer, command: list[str], on_line: Callable[[str], None]) -> None:
    try:
        run(command, what=f"layer {layer.name}", on_line=on_line)
    except BuildFailed as failure:
        words = " ".join(re.sub(r"[^\w\s.,:;()'\"=<>!~@/\[\]+*-]", " ", failure.detail).split())
        because = re.search(r"Because (.+?)(?:\. |, we can conclude|$)", words)
        cause = because.group(1) if because else words.removeprefix("error: ")[:300]
        raise BuildFailed(
            f"layer {layer.name} cannot be made of {layer.requirements.name}: {cause}",
            detail=failure.detail,
            remedy=f"Correct {layer.requirements.name}; only wheels for {layer.runtime} on "
            f"{layer.architecture} are taken.",
        ) from None


def _clean(target: Path) -> None:
    """Leave out what differs from machine to machine: scripts with a shebang, lock files."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for lock in target.glob(".lock"):
        lock.unlink()
    for information in target.glob("*.dist-info"):
        for name in _INSTALLER_FILES:
            (information / name).unlink(missing_ok=True)
