"""Which packages of a checkout a project of Node.js leads to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer
from lambda_fast_deploy.fingerprints.layers.node_project import local_packages, settings_of
from lambda_fast_deploy.models.runtime import Runtime
from tests.unit import make


def package(folder: Path, **about: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": folder.name, **about}))
    (folder / "index.js").write_text("1")


def found(root: Path) -> set[str]:
    lock = root / "package-lock.json"
    lock.touch()
    return {
        each.path.resolve().relative_to(root.parent).as_posix() for each in local_packages(lock)
    }


@pytest.mark.parametrize(
    ("workspaces", "members"),
    [
        (["packages/*"], {"one", "two"}),
        ({"packages": ["packages/one"]}, {"one"}),
        (["packages/*", "!packages/two"], {"one"}),
        (["nowhere/*", "../*/["], set()),
        ("packages", set()),
    ],
)
def test_workspaces_are_members_that_have_a_manifest(
    tmp_path: Path, workspaces: Any, members: set[str]
) -> None:
    root = tmp_path / "shop"
    package(root, workspaces=workspaces)
    for name in ("one", "two"):
        package(root / "packages" / name)
    (root / "packages/three").mkdir()
    package(root / "packages/one/node_modules/four")
    assert found(root) == {f"shop/packages/{name}" for name in members}


def test_pnpm_names_its_members_in_a_file_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    package(root)
    package(root / "packages/one")
    (root / "pnpm-workspace.yaml").write_text("packages: ['packages/*']\n")
    assert found(root) == {"shop/packages/one"}


def test_folders_lead_to_folders_in_circles_too_and_archives_count(tmp_path: Path) -> None:
    root = tmp_path / "svc"
    package(root, dependencies={"a": "file:../a", "ms": "2.1.3"})
    package(tmp_path / "a", dependencies={"b": "link:../b"}, devDependencies={"c": "file:c.tgz"})
    package(tmp_path / "b", optionalDependencies={"a": "../a", "svc": "file:../svc"})
    (tmp_path / "a/c.tgz").touch()
    assert found(root) == {"a", "b", "a/c.tgz"}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"dependencies": [], "workspaces": 1}'])
def test_whatever_a_manifest_says_is_read(tmp_path: Path, text: str) -> None:
    root = tmp_path / "svc"
    root.mkdir()
    (root / "package.json").write_text(text)
    assert found(root) == set()


def test_what_they_hold_counts_and_what_is_installed_does_not(tmp_path: Path) -> None:
    root = tmp_path / "svc"
    package(root, dependencies={"a": "file:../a"})
    package(tmp_path / "a")
    lock = root / "package-lock.json"
    lock.touch()
    layer = make.layer(requirements=lock, runtime=Runtime("nodejs20.x"))
    prints = [of_layer(layer)]
    package(tmp_path / "a/node_modules/ms")
    assert of_layer(layer) == prints[0]
    (tmp_path / "a/index.js").write_text("2")
    prints.append(of_layer(layer))
    (root / ".npmrc").write_text("registry=https://own/")
    prints.append(of_layer(layer))
    (root / "patches").mkdir()
    (root / "patches/one.patch").touch()
    prints.append(of_layer(layer))
    (tmp_path / "shared.js").write_text("1")
    (tmp_path / "a/shared.js").symlink_to("../shared.js")
    (tmp_path / "a/folder").symlink_to("node_modules")
    prints.append(of_layer(layer))
    (tmp_path / "shared.js").write_text("2")
    prints.append(of_layer(layer))
    assert len(set(prints)) == 6
    assert settings_of(lock) == [".npmrc", "patches/one.patch"]
