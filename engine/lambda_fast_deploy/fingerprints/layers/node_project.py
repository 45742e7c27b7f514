"""The input of a Node.js lock: the files of its project, and local packages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import LOCK, is_directory, is_file, is_there, read_text, real
from lambda_fast_deploy.adapters.folders import tree
from lambda_fast_deploy.fingerprints.layers.local_packages import LocalPackage
from lambda_fast_deploy.fingerprints.layers.requirements import texts

# Files that installers read in addition to package.json and the lock; some may be folders.
SETTINGS = (
    *(".npmrc", ".pnpmfile.cjs", "pnpm-workspace.yaml", ".yarnrc", ".yarnrc.yml"),
    *("patches", ".yarn/patches", ".yarn/plugins", ".yarn/releases"),
)
_LEFT = frozenset({"node_modules", ".git", ".aws-sam"})
_DEPENDENCIES = ("dependencies", "optionalDependencies", "devDependencies")
_HERE = ("file:", "link:", "portal:", "./", "../")


def settings_of(lock: Path) -> list[str]:
    """The files next to a lock that its installer reads, relative to its folder."""
    names = []
    for name in SETTINGS:
        path = lock.parent / name
        if is_file(path):
            names.append(name)
        elif is_directory(path):
            names += [f"{name}/{each}" for each in tree(path, follow=False).files]
    return names


def files_of(folder: Path) -> list[str]:
    """The files of a local package, without packages installed in it."""

    def is_left(path: str, is_folder: bool) -> bool:
        return is_folder and path.rpartition("/")[2] in _LEFT

    return tree(folder, follow=False, leaves_out=is_left).files


def local_packages(lock: Path) -> tuple[LocalPackage, ...]:
    """The local packages and package archives that a project and its workspaces need.

    All members of a workspace count, since its lock installs for all of them. The project's own
    folder is left out.
    """
    root = lock.absolute().parent
    packages: dict[str, LocalPackage] = {}
    waiting = [root, *_members(root)]
    while waiting:
        folder = waiting.pop()
        manifest = manifest_of(folder)
        if folder != root:
            if real(folder) in packages:
                continue
            packages[real(folder)] = LocalPackage(str(manifest.get("name", "")), folder)
        for name, path in _local_folders(manifest, folder):
            if is_directory(path) and real(path) != real(root):
                waiting.append(path)
            elif is_file(path):
                packages[real(path)] = LocalPackage(name, path)
    return tuple(packages[key] for key in sorted(packages))


def manifest_of(folder: Path) -> Mapping[str, Any]:
    """The package.json of a folder; empty if it does not exist or is not valid."""
    path = folder / "package.json"
    if not is_there(path):
        return {}
    try:
        document = json.loads(read_text(path, LOCK))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _local_folders(manifest: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, Path]]:
    for kind in _DEPENDENCIES:
        listed = manifest.get(kind)
        for name, where in listed.items() if isinstance(listed, dict) else ():
            if isinstance(where, str) and where.startswith(_HERE):
                for scheme in _HERE[:3]:
                    where = where.removeprefix(scheme)
                yield str(name), folder / where.removeprefix("//")


def _members(root: Path) -> list[Path]:
    """The folders of the workspaces of a project."""
    globs = manifest_of(root).get("workspaces")
    patterns = texts(globs.get("packages") if isinstance(globs, dict) else globs)
    of_pnpm = root / "pnpm-workspace.yaml"
    if is_file(of_pnpm):
        import yaml

        try:
            document = yaml.safe_load(read_text(of_pnpm))
        except (yaml.YAMLError, RecursionError):
            document = None
        patterns += texts(document.get("packages") if isinstance(document, dict) else None)
    chosen: dict[str, Path] = {}
    for pattern in patterns:
        is_out = pattern.startswith("!")
        for folder in _folders(root, pattern.removeprefix("!")):
            if is_out:
                chosen.pop(real(folder), None)
            elif is_file(folder / "package.json") and real(folder) != real(root):
                chosen[real(folder)] = folder
    return list(chosen.values())


def _folders(root: Path, pattern: str) -> Iterator[Path]:
    try:
        for path in sorted(root.glob(pattern.removeprefix("./").rstrip("/") or ".")):
            if "node_modules" not in path.relative_to(root).parts and is_directory(path):
                yield path
    except (OSError, ValueError, NotImplementedError):  # an invalid pattern
        return
