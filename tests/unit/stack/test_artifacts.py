"""Zips of a stack that were made elsewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from engine.errors import Invalid, Place
from engine.stack.artifacts import _own
from engine.stack.parts import Form, Part


def part(path: Path) -> Part:
    return Part("Greeter", Form("CodeUri"), path, Place("template.yaml", 3))


def test_a_zip_that_was_made_elsewhere_tells_what_it_holds(tmp_path: Path) -> None:
    made = tmp_path / "code.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("app.py", bytes(10**6))
    found = _own(part(made))
    assert (found.unzipped, found.content) == (10**6, made.read_bytes())
    text = tmp_path / "api.yaml"
    text.write_text("openapi: 3.0.1\n")
    assert _own(part(text)).unzipped == 0


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    made = tmp_path / "code.zip"
    with made.open("wb") as file:
        file.truncate(10**12)  # which no memory holds
    with pytest.raises(Invalid, match=r"code\.zip: is larger than 262,144,000 bytes"):
        _own(part(made))
