"""Node.js dependencies: the packages of a lock, installed by the lock's own package manager.

A copy of the project is used, so that the checkout does not change. Install scripts do not run,
since they would build for this machine. Linked packages are packed as ``npm pack`` does it.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.files import LOCK, read_text
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.errors import BuildFailed, disk_full
from lambda_fast_deploy.fingerprints.layers.requirements import requirement_files
from lambda_fast_deploy.models import Architecture, Layer
from lambda_fast_deploy.packaging.layers.project_copy import MANIFEST, ProjectCopy
from lambda_fast_deploy.packaging.layers.wheels import InstalledPackage

# npm settings for the password of a registry (npm documentation, "npmrc").
_TOKENS = ("NODE_AUTH_TOKEN", "NPM_TOKEN", "YARN_NPM_AUTH_TOKEN")
_CPU = {Architecture.X86_64: "x64", Architecture.ARM64: "arm64"}
_SCRIPTS = ("preinstall", "install", "postinstall")
_MARKS = ("npm error ", "ERR_PNPM_", "error ", "\u27a4 YN")  # before messages of npm, pnpm and yarn


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager, and how it installs exactly the packages of a lock.

    ``commands`` run one after the other, with the settings in ``variables``. ``again`` is the
    command that updates its lock.
    """

    commands: tuple[tuple[str, ...], ...]
    again: str
    variables: Mapping[str, str] = field(default_factory=dict)
    is_for_machine: bool = False  # it installs for this machine's processor only


_OF_NPM = ("--omit=dev", "--ignore-scripts", "--install-links=false")
_QUIET = ("--no-audit", "--no-fund", "--no-progress")
_PNPM = ("pnpm", "install", "--prod", "--frozen-lockfile", "--ignore-scripts")
_HOISTED = ("--config.node-linker=hoisted", "--config.manage-package-manager-versions=false")
_YARN_1 = ("yarn", "install", "--production", "--frozen-lockfile", "--ignore-scripts")
_YARN_SETTINGS = {
    "YARN_NODE_LINKER": "node-modules",
    "YARN_ENABLE_SCRIPTS": "false",
    "YARN_ENABLE_TELEMETRY": "false",
}


def manager_of(lock: Path, architecture: Architecture) -> Manager:
    """The package manager of a lock, or of a package.json without one, set up for Lambda."""
    target = ("--os=linux", "--libc=glibc", f"--cpu={_CPU[architecture]}")
    if lock.name == "pnpm-lock.yaml":
        return Manager(((*_PNPM, *_HOISTED, *target),), "pnpm install")
    if lock.name != "yarn.lock":
        install = "install" if lock.name == MANIFEST else "ci"
        return Manager((("npm", install, *_OF_NPM, *_QUIET, *target),), "npm install")
    if "__metadata:" not in read_text(lock, LOCK)[:2000]:
        command = (*_YARN_1, "--non-interactive", "--no-progress")
        return Manager((command,), "yarn install", is_for_machine=True)
    focus = ("yarn", "workspaces", "focus", "--all", "--production")
    return Manager((("yarn", "install", "--immutable"), focus), "yarn install", _YARN_SETTINGS)


def install_node(
    layer: Layer, root: Path, beat: Callable[[], None] = lambda: None
) -> tuple[dict[str, InstalledPackage], list[str]]:
    """Install the packages of a lock for Lambda's platform.

    Args:
        layer: its requirements are a lock with the package.json next to it, or that alone.
        root: the folder to fill, ``…/node_modules``.
        beat: called while the manager is silent; an exception in it ends the manager.

    Returns:
        The installed packages by name, and notes for people.

    Raises:
        BuildFailed: the packages cannot be installed, or one is a link that cannot be packed.
    """
    lock = layer.requirements
    assert isinstance(lock, Path)
    lock = requirement_files(lock).lock or lock
    manager = manager_of(lock, layer.architecture)
    _check_platform(layer, manager)
    stage = ProjectCopy(lock, root.parent.parent / "stage")
    if manager.variables is _YARN_SETTINGS:
        _for_lambda(stage.project / ".yarnrc.yml", layer)
    environment = {**for_tools(*_TOKENS), **manager.variables}
    output: list[str] = []
    try:
        for command in manager.commands:
            what = f"layer {layer.name}"
            run(
                command,
                what=what,
                environment=environment,
                on_line=output.append,
                beat=beat,
                cwd=stage.project,
            )
    except BuildFailed as failure:
        disk_full(f"layer {layer.name}", failure.detail)
        raise BuildFailed(
            f"layer {layer.name} cannot be built from {lock.name}: "
            f"{_cause(output) or failure.message}",
            detail=failure.detail,
            remedy=f"Run {manager.again}, and commit package.json with its lock.",
        ) from None
    stage.fill(root, layer)
    packages = {
        manifest.parent.relative_to(root).as_posix(): manifest
        for pattern in ("*/package.json", "@*/*/package.json")
        for manifest in root.glob(pattern)
        if not manifest.parent.name.startswith("@")
    }
    if not packages:
        raise BuildFailed(
            f"layer {layer.name} is empty: {lock.name} requires nothing",
            remedy="Remove the layer, or add its packages.",
        )
    installed = {name: _read(name, root, manifest) for name, manifest in packages.items()}
    return installed, [*_without_lock(layer, lock, installed), *_of_scripts(layer, root)]


def _without_lock(
    layer: Layer, lock: Path, installed: Mapping[str, InstalledPackage]
) -> Iterator[str]:
    """A note about versions that no lock pins."""
    if lock.name == MANIFEST:
        chosen = ", ".join(f"{each.name} {each.version}" for each in list(installed.values())[:5])
        more = f" and {len(installed) - 5} more" if len(installed) > 5 else ""
        yield (
            f"{layer.name} has no lock: npm chose {chosen}{more}. They stay until {MANIFEST} "
            "changes; to pin them yourself, run npm install and commit package-lock.json."
        )


def _check_platform(layer: Layer, manager: Manager) -> None:
    """Refuse an install for another processor.

    Raises:
        BuildFailed: the manager installs for this machine, but the layer is for another processor.
    """
    processor = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if manager.is_for_machine and processor != _CPU[layer.architecture]:
        raise BuildFailed(
            f"layer {layer.name} is for {layer.architecture}, but yarn 1 installs for this machine "
            f"({platform.machine()})",
            remedy="Build it on such a machine, or use yarn 4, npm or pnpm.",
        )


def _cause(output: Iterable[str]) -> str:
    """The first error message in a manager's output."""
    for line in output:
        for mark in _MARKS:
            _, separator, says = line.partition(mark)
            if separator and " " in says.strip() and not says.startswith("code "):
                return says.strip()
    return ""


def _for_lambda(settings: Path, layer: Layer) -> None:
    """Set Lambda's platform in yarn's settings; yarn has no option for it."""
    import yaml

    document: Any = (
        yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    )
    platforms = {"os": ["linux"], "cpu": [_CPU[layer.architecture]], "libc": ["glibc"]}
    settings.write_text(
        yaml.safe_dump({**(document or {}), "supportedArchitectures": platforms}), encoding="utf-8"
    )


def _of_scripts(layer: Layer, root: Path) -> list[str]:
    """Notes about packages with install scripts."""
    waiting = []
    for manifest in sorted(root.rglob("node_modules/*/package.json")) + sorted(
        root.glob("*/package.json")
    ):
        about = _json(manifest)
        scripts = about.get("scripts")
        has_script = isinstance(scripts, dict) and any(scripts.get(name) for name in _SCRIPTS)
        if has_script or (manifest.parent / "binding.gyp").is_file():
            waiting.append(f"{about.get('name')} {about.get('version')}")
    if not waiting:
        return []
    many = len(waiting) > 1
    return [
        f"{', '.join(dict.fromkeys(waiting))} in layer {layer.name} "
        f"{'have' if many else 'has'} install scripts, which do not run here; a package that "
        "builds or downloads files in them needs a version with prebuilt binaries."
    ]


def _json(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # npm accepts such a file
        return {}
    return document if isinstance(document, dict) else {}


def _read(name: str, root: Path, manifest: Path) -> InstalledPackage:
    files = (path for path in manifest.parent.rglob("*") if path.is_file())
    return InstalledPackage(
        name=name,
        version=str(_json(manifest).get("version", "")),
        files=tuple(sorted(path.relative_to(root).as_posix() for path in files)),
        needs=(),
    )
