"""Node.js dependencies: what package-lock.json settles, installed by ``npm ci``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from engine.adapters.environment import for_tools
from engine.adapters.process import run
from engine.build.wheels import Distribution
from engine.errors import BuildFailed, disk_full
from engine.model import Architecture, Layer

# What npm's settings name where an index wants a password (npm documentation, "npmrc").
_TOKENS = ("NODE_AUTH_TOKEN", "NPM_TOKEN")
_CPU = {Architecture.X86_64: "x64", Architecture.ARM64: "arm64"}


def install_npm(
    layer: Layer, root: Path, beat: Callable[[], None] = lambda: None
) -> dict[str, Distribution]:
    """Install what a lock settles, for Lambda's platform; what is there now, by name.

    Scripts of packages are not run: they would build for this machine.

    Args:
        layer: its requirements are a package-lock.json with the package.json beside it.
        root: the folder to fill, ``…/node_modules``.
        beat: called while npm is silent; what it raises ends npm.

    Raises:
        BuildFailed: npm cannot install it.
    """
    lock = layer.requirements
    assert isinstance(lock, Path)
    root.parent.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock.with_name(name), root.parent / name)
    command = [
        *(
            "npm",
            "ci",
            "--omit=dev",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-progress",
        ),
        *("--os=linux", "--libc=glibc", f"--cpu={_CPU[layer.architecture]}"),
        f"--prefix={root.parent}",
    ]
    try:
        environment = for_tools(*_TOKENS)
        run(command, what=f"layer {layer.name}", environment=environment, beat=beat)
    except BuildFailed as failure:
        disk_full(f"layer {layer.name}", failure.detail)
        says = [line for line in failure.detail.splitlines() if line.startswith("npm error")]
        cause = next((line.removeprefix("npm error ") for line in says if " " in line), "")
        raise BuildFailed(
            f"layer {layer.name} cannot be made of {lock.name}: {cause or failure.message}",
            detail=failure.detail,
            remedy="Run npm install, and commit package.json with package-lock.json.",
        ) from None
    for name in (".bin", ".package-lock.json"):
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    packages = {
        manifest.parent.relative_to(root).as_posix(): manifest
        for pattern in ("*/package.json", "@*/*/package.json")
        for manifest in root.glob(pattern)
        if not manifest.parent.name.startswith("@")
    }
    if not packages:
        raise BuildFailed(
            f"layer {layer.name} is empty: {lock.name} requires nothing",
            remedy="Remove the layer, or name what it should hold.",
        )
    return {name: _read(name, root, manifest) for name, manifest in packages.items()}


def _read(name: str, root: Path, manifest: Path) -> Distribution:
    try:
        version = json.loads(manifest.read_text(encoding="utf-8")).get("version", "")
    except (ValueError, RecursionError, AttributeError):  # which npm takes no offence at
        version = ""
    files = (path for path in manifest.parent.rglob("*") if path.is_file())
    return Distribution(
        name=name,
        version=str(version),
        files=tuple(sorted(path.relative_to(root).as_posix() for path in files)),
        needs=(),
    )
