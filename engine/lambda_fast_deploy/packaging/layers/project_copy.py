"""A copy of a Node.js project, so that an installation does not change the checkout."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.adapters.process import output_of
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.layers import node_project
from lambda_fast_deploy.models import Layer

MANIFEST = "package.json"
# Folders that npm, pnpm and yarn use internally.
_OWN = (".bin", ".cache", ".modules.yaml", ".package-lock.json", ".pnpm", ".yarn-integrity")
_OWN_TOO = (".pnpm-workspace-state.json", ".pnpm-workspace-state-v1.json", ".yarn-state.yml")


class ProjectCopy:
    """A copy of a project with the packages of this checkout that it requires."""

    def __init__(self, lock: Path, folder: Path) -> None:
        project_folder = lock.absolute().parent
        self._locals = node_project.local_packages(lock)
        folders = [each.folder.resolve() for each in self._locals]
        self._top = Path(os.path.commonpath([project_folder.resolve(), *folders]))
        self._folder = folder
        self.project = self._staged(project_folder)
        for each in self._locals:
            names = node_project.files_of(each.path) if each.is_built else [each.path.name]
            _copy(each.folder, self._staged(each.folder), names)
        _copy(
            project_folder,
            self.project,
            [*{MANIFEST, lock.name}, *node_project.settings_of(lock)],
        )

    def fill(self, root: Path, layer: Layer) -> None:
        """Move the installed packages into a folder, with packed packages instead of links."""
        links: dict[str, Path] = {}
        members = (self._staged(each.folder) for each in self._locals if each.is_built)
        for folder in (self.project, *members):
            self._unlink(folder / "node_modules", links)
        root.parent.mkdir(parents=True, exist_ok=True)
        if (self.project / "node_modules").is_dir():
            (self.project / "node_modules").rename(root)
        for name, target in sorted(links.items()):
            self._pack(layer, name, target, root / name)

    def _staged(self, folder: Path) -> Path:
        return self._folder / folder.resolve().relative_to(self._top)

    def _unlink(self, modules: Path, links: dict[str, Path]) -> None:
        """Remove links from a folder of modules, and add their targets to ``links``, by name."""
        for name in (*_OWN, *_OWN_TOO):
            path = modules / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for path in (*modules.glob("*"), *modules.glob("@*/*")):
            if path.is_symlink():
                links.setdefault(path.relative_to(modules).as_posix(), path.resolve())
                path.unlink()

    def _pack(self, layer: Layer, name: str, folder: Path, target: Path) -> None:
        """Copy the files that a package would be published with."""
        if not folder.is_relative_to(self._folder.resolve()):
            raise BuildFailed(
                f"layer {layer.name} requires {name}, which is a link to {folder}",
                remedy=f"Require it by file:, so that {name} is packed.",
            )
        manifest = folder / "package.json"
        before = manifest.read_bytes()
        about = {"name": name, "version": "0.0.0", **json.loads(before)}
        manifest.write_text(json.dumps(about), encoding="utf-8")  # npm packs nothing without these
        command = ["npm", "pack", "--dry-run", "--json", "--ignore-scripts"]
        listed = output_of(command, folder, 60, for_tools())
        manifest.write_bytes(before)
        if listed is None:
            raise BuildFailed(
                f"layer {layer.name} requires {name}, which npm cannot pack",
                remedy="Run npm pack in its folder, and correct the errors that it reports.",
            )
        files = [str(each["path"]) for each in json.loads(listed)[0]["files"]]
        _copy(folder, target, files)
        if (folder / "node_modules").is_dir():
            shutil.copytree(folder / "node_modules", target / "node_modules", dirs_exist_ok=True)


def _copy(source: Path, target: Path, names: list[str]) -> None:
    for name in names:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A link to a folder or to nothing stays a link, which npm does not pack.
        shutil.copy2(source / name, path, follow_symlinks=is_file(source / name))
