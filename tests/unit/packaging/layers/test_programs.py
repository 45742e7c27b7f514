"""Programs in layers run by Lambda's Python, and RECORD names what is there."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lambda_fast_deploy.packaging.layers.programs import make_portable, record

BODY = b"import sys\nsys.exit(0)\n"


@pytest.mark.parametrize(
    ("first", "is_changed"),
    [
        (b"#!/home/me/.venv/bin/python3.11\n", True),
        (b"#!/usr/bin/python\r\n", True),
        (b"#!python\n", True),
        (b"#!/bin/sh\n'''exec' \"/a long/path/python\" \"$0\" \"$@\"\n' '''\n", True),
        (b"#!/bin/sh\necho\n", False),
        (b"#!/usr/bin/env node\n", False),
        (b"\x7fELF#!/usr/bin/python\n", False),
    ],
)
def test_a_first_line_names_no_python_of_this_machine(
    tmp_path: Path, first: bytes, *, is_changed: bool
) -> None:
    program = tmp_path / "bin" / "tool"
    program.parent.mkdir()
    program.write_bytes(first + BODY)
    program.chmod(0o755)
    cached = tmp_path / "cached"
    cached.hardlink_to(program)
    make_portable(tmp_path)
    expected = b"#!/usr/bin/env python3\n" if is_changed else first
    assert program.read_bytes() == expected + BODY
    assert program.stat().st_mode & 0o777 == 0o755
    assert cached.read_bytes() == first + BODY  # what it is a link to stays


def test_a_record_that_is_kept_names_what_is_there(tmp_path: Path) -> None:
    files = ("a.py", "gone.py", "a-1.dist-info/RECORD", "a-1.dist-info/METADATA")
    (tmp_path / "a-1.dist-info").mkdir()
    for file in files:
        if file != "gone.py":
            (tmp_path / file).write_text("text")
    record(tmp_path, files)
    with (tmp_path / "a-1.dist-info/RECORD").open(newline="") as opened:
        rows = {row[0]: row[1:] for row in csv.reader(opened)}
    sha256 = "sha256=mC2eP_ZOT1R-Bkq3bo4fV0MVx3QoTg_jnmmBPgeo1kY"
    assert rows.keys() == {"a.py", "a-1.dist-info/RECORD", "a-1.dist-info/METADATA"}
    assert rows["a-1.dist-info/RECORD"] == ["", ""]
    assert rows["a.py"][1] == "4"
    assert rows["a.py"][0].startswith("sha256=")
    assert len(rows["a.py"][0]) == len(sha256)


def test_without_a_record_none_is_made(tmp_path: Path) -> None:
    record(tmp_path, ("a-1.dist-info/RECORD",))
    assert not list(tmp_path.iterdir())
