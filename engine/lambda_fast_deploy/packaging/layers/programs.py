"""Programs of packages, and the list of a package's files, adapted to Lambda."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

# The first lines that installers write; for long paths as distlib writes them.
_FIRST_LINES = re.compile(rb"#!(?:\S*/)?python[\d.]*\r?\n|#!/bin/sh\n'''exec' [^\n]*\n' '''\n")


def make_portable(root: Path) -> None:
    """Make programs in ``bin`` run with the Python on Lambda's PATH, not this machine's."""
    for program in (root / "bin").glob("*"):
        if not program.is_file() or program.is_symlink():
            continue
        content = program.read_bytes()
        if match := _FIRST_LINES.match(content):
            mode = program.stat().st_mode
            program.unlink()  # it may be a link into uv's cache
            program.write_bytes(b"#!/usr/bin/env python3\n" + content[match.end() :])
            program.chmod(mode)


def record(root: Path, files: Iterable[str]) -> None:
    """Rewrite the RECORD of a package, if kept, to the files that remain (PEP 376)."""
    listed = {*files}
    record_name = next((file for file in listed if file.endswith(".dist-info/RECORD")), "")
    path = root / record_name
    if not record_name or not path.is_file():
        return
    rows = [[record_name, "", ""]]
    for file in listed - {record_name}:
        if (root / file).is_file():
            content = (root / file).read_bytes()
            sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            rows.append([file, f"sha256={sha256.rstrip('=')}", str(len(content))])
    path.unlink()  # it may be a link into uv's cache
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows(sorted(rows))
