"""The script that releases a tag, with a ``gh`` that only writes down what it is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.markdown import ROOT

CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.2.3] - 2026-01-31

### Added

- Something new.

## [1.2.2] - 2026-01-01

- Something old.
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of version 1.2.3 with a ``gh`` beside it."""
    root = tmp_path / "clone"
    (root / ".ci").mkdir(parents=True)
    (root / "engine").mkdir()
    shutil.copy(ROOT / ".ci" / "release", root / ".ci")
    (root / "engine" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "1.2.3"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *identity, *command], cwd=root, check=True)
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/asked\n[ "$4" != "$NOT" ]\n')
    gh.chmod(0o755)
    return root


def release(clone: Path, tag: str, fails: str = "-") -> tuple[int, str, str]:
    """Exit code and errors of a release, and what ``gh`` was asked; ``fails`` is what it cannot."""
    done = subprocess.run(
        ["bash", clone / ".ci" / "release", tag],
        env={
            "PATH": f"{clone.parent}:{os.environ['PATH']}",
            "GITHUB_REPOSITORY": "owner/name",
            "NOT": fails,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    asked = clone.parent / "asked"
    return done.returncode, done.stderr, asked.read_text() if asked.exists() else ""


def test_a_tag_is_released_with_its_part_of_the_changelog(clone: Path) -> None:
    code, _, asked = release(clone, "v1.2.3")
    assert code == 0
    assert "release create v1.2.3" in asked
    assert "Something new." in asked
    assert "Something old." not in asked


@pytest.mark.parametrize(
    ("fails", "change"),
    [
        pytest.param("-", "PATCH repos/owner/name/git/refs/tags/v1 -f", id="it is there"),
        pytest.param("PATCH", "POST repos/owner/name/git/refs -f ref=refs/tags/v1", id="it is new"),
    ],
)
def test_the_major_version_moves_to_the_release(clone: Path, fails: str, change: str) -> None:
    code, _, asked = release(clone, "v1.2.3", fails)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert code == 0
    assert f"--method {change}" in asked.splitlines()[-1]
    assert f"sha={commit}" in asked.splitlines()[-1]


@pytest.mark.parametrize("tag", ["v1.2.4", "v1.2.2"])
def test_a_tag_of_another_version_is_refused(clone: Path, tag: str) -> None:
    code, errors, asked = release(clone, tag)
    assert code == 1
    assert "engine/__init__.py does not say version" in errors
    assert asked == ""


def test_a_version_without_notes_is_refused(clone: Path) -> None:
    (clone / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n- Something.\n")
    code, errors, asked = release(clone, "v1.2.3")
    assert code == 1
    assert "CHANGELOG.md has no section [1.2.3]" in errors
    assert asked == ""
