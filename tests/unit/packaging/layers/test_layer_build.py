"""Layers that are built of small wheels: what they hold, and which are refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.models import Layer, PruningRules
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from tests.unit import make

TOOL = "own-1.0.data/scripts/tool"


def wheel(folder: Path, files: dict[str, str]) -> Path:
    """A wheel of package own."""
    files = {
        **files,
        "own-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n",
        "own-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    path = folder / "own-1.0-py3-none-any.whl"
    rows = "".join(f"{name},,\n" for name in (*files, "own-1.0.dist-info/RECORD"))
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in {**files, "own-1.0.dist-info/RECORD": rows}.items():
            packed.writestr(name, text)
    return path


def layer(path: Path, **changes: Any) -> Layer:
    asked = (f"own @ {path.as_uri()}",)
    return make.layer(name="stack", requirements=asked, runtime=Runtime("python3.11"), **changes)


def held(built: Layer) -> dict[str, str]:
    content = build_layer(built).parts["stack"].archive.content
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return {name: zipped.read(name).decode(errors="replace") for name in zipped.namelist()}


def test_a_layer_of_programs_alone_is_refused_unless_they_are_kept(tmp_path: Path) -> None:
    path = wheel(tmp_path, {TOOL: "#!python\nprint(1)\n"})
    with pytest.raises(BuildFailed, match="empty: only metadata is left of own") as caught:
        build_layer(layer(path))
    assert "keep" in caught.value.remedy
    for rules in (PruningRules("none"), PruningRules("safe", keep=("bin/*",))):
        found = held(layer(path, pruning=rules))
        assert found["python/bin/tool"] == "#!/usr/bin/env python3\nprint(1)\n"


def test_no_profile_keeps_all_but_what_names_this_machine(tmp_path: Path) -> None:
    path = wheel(tmp_path, {"own.py": "", "own.pyi": "", TOOL: "#!python\n"})
    found = held(layer(path, pruning=PruningRules("none"), bytecode="none"))
    information = {f"python/own-1.0.dist-info/{n}" for n in ("INSTALLER", "METADATA", "RECORD")}
    assert {"python/own.py", "python/own.pyi", "python/bin/tool"} | information <= found.keys()
    assert not [text for text in found.values() if str(tmp_path) in text]
    listed = {row.split(",")[0] for row in found["python/own-1.0.dist-info/RECORD"].splitlines()}
    assert {f"python/{name}" for name in listed} == found.keys()


def test_a_link_to_this_machine_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path, {"own.pth": f"{tmp_path}/src\n"})
    with pytest.raises(BuildFailed, match=r"own 1.0 in layer stack refers to /.*own.pth"):
        build_layer(layer(path))


LAZY = "import pathlib\npathlib.Path(__file__).with_name('own.pyi').read_text()\n"


def test_stubs_that_code_reads_stay_where_imports_cannot_be_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wheel(tmp_path, {"own.py": LAZY, "own.pyi": "", "unread.pyi": ""})
    assert "python/own.pyi" in held(layer(path))
    monkeypatch.setattr(
        "lambda_fast_deploy.packaging.layers.import_check.why_not",
        lambda layer: "this machine is another",
    )
    built = build_layer(layer(path, pruning=PruningRules("aggressive")))
    assert {"python/own.pyi", "python/unread.pyi"} <= held(layer(path)).keys()
    untried, spared = built.notes
    assert "this machine is another" in untried
    assert "aggressive removed no more than safe from layer stack" in spared
