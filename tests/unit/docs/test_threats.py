"""The page about security counts the tests that try each kind of attack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

from tests.markdown import ROOT

PAGE = ROOT / "docs" / "security.md"
_TRIED = re.compile(r"`(tests/[\w/.]+)`: (\d+)")


def test_every_kind_of_attack_is_tried_as_often_as_the_page_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    table = rows[: next(i for i, row in enumerate(rows) if not _TRIED.search(row))]
    told = {path: int(count) for row in table for path, count in _TRIED.findall(row)}
    assert len(table) >= 9
    # Only counted here: where CI must run those that need Docker, that is told elsewhere.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *told],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = Counter(line.partition("::")[0] for line in listed.splitlines() if "::" in line)
    assert told == dict(found)
