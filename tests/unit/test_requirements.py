"""What is installed is pinned, hashed, and from whatever index the machine has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKED = sorted([*ROOT.glob("requirements/*.in"), *ROOT.glob("lab/**/*.in")])
LOCKS = [path.with_suffix(".txt") for path in ASKED]


def entries(lock: Path) -> list[str]:
    """The requirements of a lock, each with its hashes in one line."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def test_everything_that_is_asked_for_is_locked() -> None:
    assert len(LOCKS) >= 10
    assert {*ROOT.glob("requirements/*.txt"), *ROOT.glob("lab/**/*.txt")} - set(LOCKS) == {
        ROOT / "requirements" / "left-out.txt"
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_lock_pins_by_hash_and_names_no_index(lock: Path) -> None:
    pinned = entries(lock)
    assert pinned
    for entry in pinned:
        assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==\S+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
        assert "://" not in entry, entry
    assert not re.search(r"(^|\s)(-i|--index|--extra-index|--find-links|-f)\b", lock.read_text())


def test_every_lock_is_audited_and_made_anew_by_one_list() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makefile.count("for lock in $(LOCKS)") == 2
    for lock in LOCKS:
        folder = lock.parent.relative_to(ROOT).as_posix()
        assert f"{folder}/*.txt" in makefile, lock
