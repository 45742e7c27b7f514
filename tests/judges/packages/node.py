"""Small projects of npm, pnpm and yarn: what they ask for, locked and installed by these."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.judges.packages.managers import call, manager
from tests.judges.packages.python import write


@dataclass(frozen=True)
class Judged:
    """A project that is locked, and a copy of it in which its manager has installed."""

    root: Path
    lock: str
    modules: Path
    manager: str = ""


Make = Callable[[Path], Judged]


def manifest(name: str, dependencies: Mapping[str, str], **more: Any) -> str:
    """A package.json."""
    about = {"name": name, "version": "1.0.0", "private": True, "dependencies": dependencies}
    return json.dumps({**about, **more}, indent=2)


def _installed(
    root: Path, lock: list[str], install: list[str], *more: list[str], name: str, by: str = ""
) -> Judged:
    """Lock a project, install it in a copy, and leave the project without what that has made."""
    call(lock, root)
    for left in root.rglob("node_modules"):
        shutil.rmtree(left, ignore_errors=True)
    copy = root.with_name(f"{root.name}-installed")
    shutil.copytree(root, copy, symlinks=True)
    for command in (install, *more):
        call(command, copy)
    return Judged(root, name, copy / "node_modules", by)


WORKSPACE = {
    "packages/common/package.json": manifest("@shop/common", {"left-pad": "1.3.0", "ms": "2.0.0"}),
    "packages/common/index.js": "exports.greet = () => require('left-pad')(require('ms')(1), 9);\n",
    "packages/common/index.test.js": "throw new Error('a test');\n",
    "packages/common/.npmignore": "*.test.js\n",
    "packages/tool/package.json": manifest("tool", {"@shop/common": "1.0.0"}, version=None),
    "packages/tool/index.js": "module.exports = require('@shop/common').greet();\n",
}


def _npm(root: Path) -> Judged:
    ci = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--silent"]
    return _installed(root, ["npm", "install", "--silent"], ci, name="package-lock.json")


def npm_plain(root: Path) -> Judged:
    """Development packages stay out, and packages of other platforms."""
    optional = {"@rollup/rollup-linux-x64-gnu": "4.9.0", "fsevents": "2.3.3"}
    asked = {"ms": "2.1.3", "debug": "4.3.7"}
    text = manifest(
        "app", asked, devDependencies={"left-pad": "1.3.0"}, optionalDependencies=optional
    )
    write(root, {"package.json": text})
    return _npm(root)


def npm_workspaces(root: Path) -> Judged:
    """Members of a workspace, one of which needs a package in a version of its own."""
    text = manifest("shop", {"ms": "2.1.3"}, workspaces=["packages/*"])
    tool = WORKSPACE["packages/tool/package.json"].replace("null", '"1.0.0"')
    write(root, {**WORKSPACE, "package.json": text, "packages/tool/package.json": tool})
    return _npm(root)


def npm_file(root: Path) -> Judged:
    """Folders beside the project, required by file:."""
    write(
        root / "common",
        {
            "package.json": manifest("common", {"ms": "2.0.0"}, files=["lib"], main="lib/index.js"),
            "lib/index.js": "module.exports = require('ms')(1000);\n",
            "src/index.ts": "export default 1;\n",
        },
    )
    write(
        root / "svc", {"package.json": manifest("svc", {"common": "file:../common", "ms": "2.1.3"})}
    )
    return _npm_beside(root)


def _npm_beside(root: Path) -> Judged:
    call(["npm", "install", "--silent"], root / "svc")
    copy = root.with_name(f"{root.name}-installed")
    shutil.copytree(root, copy, symlinks=True)
    for left in root.rglob("node_modules"):
        shutil.rmtree(left, ignore_errors=True)
    call(["npm", "ci", "--omit=dev", "--ignore-scripts", "--silent"], copy / "svc")
    return Judged(root / "svc", "package-lock.json", copy / "svc" / "node_modules")


def _pnpm(root: Path) -> Judged:
    pnpm = manager("pnpm")
    install = [pnpm, "install", "--prod", "--frozen-lockfile", "--ignore-scripts"]
    lock = [pnpm, "install", "--lockfile-only"]
    return _installed(
        root, lock, [*install, "--config.node-linker=hoisted"], name="pnpm-lock.yaml", by="pnpm"
    )


def pnpm_plain(root: Path) -> Judged:
    """What node_modules holds without links."""
    text = manifest("app", {"debug": "4.3.7"}, devDependencies={"left-pad": "1.3.0"})
    write(root, {"package.json": text})
    return _pnpm(root)


def pnpm_workspaces(root: Path) -> Judged:
    """Members of a workspace, which the project requires."""
    text = manifest("shop", {"ms": "2.1.3", "@shop/common": "workspace:*"})
    tool = manifest("tool", {"@shop/common": "workspace:*"})
    more = {"pnpm-workspace.yaml": "packages:\n  - packages/*\n", "package.json": text}
    write(root, {**WORKSPACE, **more, "packages/tool/package.json": tool})
    return _pnpm(root)


def yarn_1(root: Path) -> Judged:
    """yarn 1, with a workspace."""
    text = manifest(
        "shop", {"debug": "4.3.7"}, workspaces=["packages/*"], devDependencies={"he": "1.2.0"}
    )
    tool = manifest("tool", {"@shop/common": "1.0.0"})
    write(root, {**WORKSPACE, "package.json": text, "packages/tool/package.json": tool})
    yarn = manager("yarn-1")
    how = ["--production", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"]
    lock = [yarn, "install", "--ignore-scripts", "--non-interactive"]
    return _installed(root, lock, [yarn, "install", *how], name="yarn.lock", by="yarn-1")


def yarn_4(root: Path) -> Judged:
    """yarn 4, with its node_modules."""
    text = manifest("app", {"debug": "4.3.7"}, devDependencies={"left-pad": "1.3.0"})
    settings = "nodeLinker: node-modules\nenableGlobalCache: true\nenableTelemetry: false\n"
    write(root, {"package.json": text, ".yarnrc.yml": settings})
    yarn = manager("yarn-4")
    focus = [yarn, "workspaces", "focus", "--all", "--production"]
    write(root, {"yarn.lock": ""})
    lock = [yarn, "install", "--no-immutable"]
    install = [yarn, "install", "--immutable"]
    return _installed(root, lock, install, focus, name="yarn.lock", by="yarn-4")


PROJECTS: Mapping[str, Make] = {
    "npm plain": npm_plain,
    "npm workspaces": npm_workspaces,
    "npm file": npm_file,
    "pnpm plain": pnpm_plain,
    "pnpm workspaces": pnpm_workspaces,
    "yarn 1": yarn_1,
    "yarn 4": yarn_4,
}


def versions(modules: Path) -> set[tuple[str, str]]:
    """Every package in a folder of modules and in those inside it, by place, and its version."""
    return set(_versions(modules, ""))


def _versions(modules: Path, above: str) -> Iterator[tuple[str, str]]:
    for path in (*modules.glob("*"), *modules.glob("@*/*")):
        about = path / "package.json"
        if path.name.startswith((".", "@")) or not about.is_file():
            continue
        name = f"{above}{path.relative_to(modules).as_posix()}"
        yield name, str(json.loads(about.read_text()).get("version"))
        yield from _versions(path / "node_modules", f"{name}/")
