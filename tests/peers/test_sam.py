"""Projects built and packaged by this engine and by ``sam build`` and ``sam package``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.packaged import differences, packaged_by_sam, packaged_by_us

TEMPLATES = sorted(Path(__file__).with_name("templates").glob("*/template.*"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_a_project_is_built_and_packaged_as_by_sam(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path.parent, tmp_path / "project")
    copied = tmp_path / "project" / path.name
    assert differences(packaged_by_us(copied), packaged_by_sam(copied)) == []


def test_what_only_one_side_has_is_a_difference(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(Path(__file__).with_name("templates") / "hello-python", project)
    (project / "hello_world/tests").mkdir()
    (project / "hello_world/tests/test_app.py").write_text("")
    (project / "hello_world/.lambdaignore").write_text("tests/\n")
    ours = packaged_by_us(project / "template.yaml")
    with (project / "template.yaml").open("a") as template:
        template.write("Mappings: {Regions: {us-east-1: {Name: one}}}\n")
    found = differences(ours, packaged_by_sam(project / "template.yaml"))
    code = "Resources/HelloWorldFunction/Properties/CodeUri"
    assert [(each.where, each.ours) for each in found] == [
        (f"{code}/.lambdaignore", "absent"),
        (f"{code}/tests/test_app.py", "absent"),
        ("Mappings", "None"),
    ]


def test_there_are_thirteen_templates() -> None:
    assert len(TEMPLATES) == 13
