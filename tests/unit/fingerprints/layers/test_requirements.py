"""Which files ask for packages, and which settle their versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from lambda_fast_deploy.fingerprints.layers.requirements import requirement_files, workspace_of

WORKSPACE = "[tool.uv.workspace]\nmembers = ['libs/*', 'svc']\nexclude = ['libs/old']\n"


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("named", "there", "kind", "lock"),
    [
        ("requirements.txt", (), "lines", None),
        ("pyproject.toml", (), "project", None),
        ("pyproject.toml", ("uv.lock",), "uv", "uv.lock"),
        ("pyproject.toml", ("poetry.lock",), "poetry", "poetry.lock"),
        ("pyproject.toml", ("pdm.lock",), "pdm", "pdm.lock"),
        ("pyproject.toml", ("pylock.toml",), "pylock", "pylock.toml"),
        ("pyproject.toml", ("pylock.toml", "uv.lock"), "uv", "uv.lock"),
        ("uv.lock", ("pyproject.toml",), "uv", "uv.lock"),
        ("poetry.lock", ("pyproject.toml", "uv.lock"), "poetry", "poetry.lock"),
        ("Pipfile", ("Pipfile.lock",), "pipenv", "Pipfile.lock"),
        ("Pipfile.lock", ("Pipfile",), "pipenv", "Pipfile.lock"),
        ("Pipfile", (), "pipenv", None),
        ("pylock.toml", (), "pylock", "pylock.toml"),
        ("pylock.prod.toml", (), "pylock", "pylock.prod.toml"),
        ("package.json", ("pnpm-lock.yaml",), "node", "pnpm-lock.yaml"),
        ("yarn.lock", ("package.json",), "node", "yarn.lock"),
    ],
)
def test_a_file_is_known_by_its_name_and_by_the_lock_beside_it(
    tmp_path: Path, named: str, there: tuple[str, ...], kind: str, lock: str | None
) -> None:
    write(tmp_path, named, *there)
    found = requirement_files(tmp_path / named)
    assert (found.kind, found.lock and found.lock.name) == (kind, lock)


@pytest.mark.parametrize(
    ("folder", "is_member"),
    [("svc", True), ("libs/one", True), ("libs/old", False), ("other", False)],
)
def test_a_member_of_a_workspace_has_the_lock_of_its_root(
    tmp_path: Path, folder: str, *, is_member: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(WORKSPACE)
    write(tmp_path, "uv.lock", f"{folder}/pyproject.toml")
    project = tmp_path / folder / "pyproject.toml"
    assert workspace_of(project) == (tmp_path if is_member else None)
    found = requirement_files(project)
    assert found.lock == (tmp_path / "uv.lock" if is_member else None)
    assert found.folder == tmp_path / folder


LOCK = """\
[[package]]
name = "svc"
source = {editable = "svc"}
dependencies = [{name = "one"}, {name = "wheel"}]
[package.optional-dependencies]
more = [{name = "three"}]
[[package]]
name = "one"
source = {editable = "libs/one"}
dependencies = [{name = "two"}]
[[package]]
name = "two"
source = {directory = "libs/two"}
[[package]]
name = "three"
source = {directory = "libs/three"}
[[package]]
name = "unused"
source = {editable = "libs/unused"}
[[package]]
name = "wheel"
source = {path = "wheels/wheel-1-py3-none-any.whl"}
"""


def test_a_lock_of_uvs_names_what_the_project_leads_to(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(WORKSPACE)
    (tmp_path / "uv.lock").write_text(LOCK)
    for name in ("one", "two", "three", "unused"):
        write(tmp_path, f"libs/{name}/pyproject.toml")
    write(tmp_path, "svc/pyproject.toml", "wheels/wheel-1-py3-none-any.whl")
    found = local_packages(tmp_path / "svc" / "pyproject.toml")
    assert {(each.name, each.is_built) for each in found} == {
        ("one", True),
        ("two", True),
        ("three", True),
        ("wheel", False),
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", "[[package]]\nname='a'\n[package.source]\ntype='directory'\nurl='../lib'"),
        ("pdm.lock", "[[package]]\nname='a'\npath='../lib'"),
        ("pylock.toml", "[[packages]]\nname='a'\ndirectory={path='../lib'}"),
        ("Pipfile.lock", '{"default": {"a": {"path": "../lib"}}}'),
    ],
)
def test_every_lock_names_its_folders(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, "lib/a.py", "svc/pyproject.toml", "svc/Pipfile")
    (tmp_path / "svc" / name).write_text(text)
    (found,) = local_packages(tmp_path / "svc" / name)
    assert (found.name, found.is_built, found.files) == ("a", True, ["a.py"])
