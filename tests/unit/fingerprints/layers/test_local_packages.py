"""Which requirements are folders of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer
from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from tests.unit import make

NAMED = '[project]\nname = "Own_Lib"\n'


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with folders, in which the engine runs."""
    for folder, text in {
        "libs/own": NAMED,
        "libs/with blank": NAMED,
        "idna": NAMED,
        "poems": '[tool.poetry]\nname = "poems"\n',
        "old": "",
        "broken": "[project",
    }.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pyproject.toml").write_text(text)
    (tmp_path / "wheel-1.0-py3-none-any.whl").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*lines: str) -> list[tuple[str, str]]:
    return [
        (each.name, each.path.relative_to(Path.cwd()).as_posix()) for each in local_packages(lines)
    ]


@pytest.mark.parametrize(
    ("line", "name", "folder"),
    [
        ("./libs/own", "Own_Lib", "libs/own"),
        ("libs/own", "Own_Lib", "libs/own"),
        ("-e ./libs/own", "Own_Lib", "libs/own"),
        ("--editable=libs/own", "Own_Lib", "libs/own"),
        ("-e idna", "Own_Lib", "idna"),
        ("./libs/own[more] ; python_version > '3.8'", "Own_Lib", "libs/own"),
        ("named[x] @ ./old", "named", "old"),
        ("named @ file:./libs/own", "named", "libs/own"),
        ("file:./libs/with%20blank", "Own_Lib", "libs/with blank"),
        ("./poems", "poems", "poems"),
        ("./old", "", "old"),
        ("./broken", "", "broken"),
        ("./wheel-1.0-py3-none-any.whl", "wheel", "wheel-1.0-py3-none-any.whl"),
        ("wheel-1.0-py3-none-any.whl", "wheel", "wheel-1.0-py3-none-any.whl"),
        ("x @ file:./wheel-1.0-py3-none-any.whl#sha256=1", "x", "wheel-1.0-py3-none-any.whl"),
        ("--find-links .", "wheel", "wheel-1.0-py3-none-any.whl"),
    ],
)
def test_a_folder_is_found_however_it_is_written(line: str, name: str, folder: str) -> None:
    assert found(line) == [(name, folder)]


@pytest.mark.parametrize(
    "line",
    [
        "idna",
        "idna==3.10",
        "-c ./libs/own",
        "./nowhere",
        "named @ https://example.com/libs/own",
        "git+https://example.com/own.git",
        f"./{'x' * 5000}",
        "./\0",
    ],
)
def test_all_else_is_none(line: str) -> None:
    assert found(line) == []


def test_an_absolute_address_is_one_as_well(root: Path) -> None:
    assert found(f"own @ file://{root}/libs/own") == [("own", "libs/own")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tool = 1",
        "[tool.uv]\nsources = []",
        "[tool.uv.sources]\na = 1\nb = [1]\nc = {path = 1}\nd = {path = 'gone'}",
        "[project]\ndependencies = 1",
        "[project]\ndependencies = [1]",
        "package = 1",
        "package = [1]",
        "[[package]]\nsource = 1",
        "[[package]]\nsource = {editable = 1}",
        "[[package]]\nsource = {editable = '.'}",
        "[",
    ],
)
def test_whatever_a_project_or_its_lock_says_is_read(root: Path, text: str) -> None:
    project = root / "pyproject.toml"
    project.write_text(text)
    assert local_packages(project) == ()
    (root / "uv.lock").write_text(text)
    assert local_packages(project) == ()


def test_a_project_names_them_by_its_sources_or_its_lock(root: Path) -> None:
    project = root / "pyproject.toml"
    project.write_text(
        "[project]\ndependencies = ['a', 'b @ file:./old']\n"
        "[tool.uv.sources]\na = [{path = 'idna', marker = 'x'}, {git = 'y'}]\n"
    )
    assert [each.name for each in local_packages(project)] == ["b", "a"]
    (root / "uv.lock").write_text("[[package]]\nname = 'c'\nsource = {directory = 'libs/own'}\n")
    assert [each.name for each in local_packages(project)] == ["c"]


def test_the_content_behind_a_link_counts(root: Path) -> None:
    (root / "shared.py").write_text("1")
    (root / "libs/own/shared.py").symlink_to("../../shared.py")
    (root / "libs/own/gone").symlink_to("nowhere")
    layer = make.layer(requirements=("./libs/own",))
    before = of_layer(layer)
    (root / "shared.py").write_text("2")
    assert of_layer(layer) != before
