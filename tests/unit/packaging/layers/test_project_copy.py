"""Where a project of Node.js is installed: with its settings and its own packages beside it."""

from __future__ import annotations

import json
from pathlib import Path

from lambda_fast_deploy.packaging.layers.project_copy import ProjectCopy


def test_a_copy_has_the_settings_of_npm_and_the_packages_that_the_project_leads_to(
    tmp_path: Path,
) -> None:
    for name, text in {
        "shop/src/package.json": json.dumps({"dependencies": {"common": "file:../common"}}),
        "shop/src/package-lock.json": "{}",
        "shop/src/.npmrc": "registry=https://own/\n",
        "shop/src/app.js": "",
        "shop/src/node_modules/ms/index.js": "",
        "shop/common/package.json": '{"name": "common"}',
        "shop/common/index.js": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = ProjectCopy(tmp_path / "shop/src/package-lock.json", tmp_path / "copy")
    files = {
        each.relative_to(tmp_path / "copy").as_posix()
        for each in (tmp_path / "copy").rglob("*")
        if each.is_file()
    }
    assert files == {
        *("src/package.json", "src/package-lock.json", "src/.npmrc"),
        *("common/package.json", "common/index.js"),
    }
    assert made.project == tmp_path / "copy/src"


def test_links_to_folders_and_to_nothing_stay_links(tmp_path: Path) -> None:
    (tmp_path / "svc").mkdir()
    (tmp_path / "common/lib").mkdir(parents=True)
    (tmp_path / "svc/package.json").write_text('{"dependencies": {"common": "file:../common"}}')
    (tmp_path / "svc/package-lock.json").write_text("{}")
    (tmp_path / "common/package.json").write_text('{"name": "common"}')
    for name, target in {"same": "lib", "gone": "nowhere", "readme": "package.json"}.items():
        (tmp_path / "common" / name).symlink_to(target)
    ProjectCopy(tmp_path / "svc/package-lock.json", tmp_path / "copy")
    copied = {each.name: each.is_symlink() for each in (tmp_path / "copy/common").iterdir()}
    assert copied == {"package.json": False, "same": True, "gone": True, "readme": False}
