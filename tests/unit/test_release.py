"""The script that releases a version, with a remote, and a ``gh`` that writes down its orders."""

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


class Clone:
    """A clone of version 1.2.3 with its ``dist/`` made, and its remote."""

    def __init__(self, root: Path) -> None:
        self.root, self.remote, self.tools = root / "clone", root / "remote", root / "tools"
        self.root.mkdir()
        self.write(".ci/release", (ROOT / ".ci/release").read_text())
        self.write(
            "engine/lambda_fast_deploy/__init__.py", '"""Deploys."""\n\n__version__ = "1.2.3"\n'
        )
        self.write("CHANGELOG.md", CHANGELOG)
        self.write(".gitignore", "/dist/\n")
        subprocess.run(["git", "init", "-q", "--bare", self.remote], check=True)
        for command in ("init -q -b main", f"remote add origin {self.remote}", "add -A"):
            self.git(*command.split())
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Begin")
        self.git("push", "-q", "origin", "main", "HEAD:refs/tags/v1")
        self.write("dist/six.py", "")
        self.tools.mkdir()
        gh = self.tools / "gh"
        gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {self.tools}/asked\n')
        gh.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        """Write a file of the clone."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def git(self, *arguments: str) -> str:
        """What git answers in the clone."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def tree(self) -> str:
        """The tree of dist/, as another machine would tell it."""
        elsewhere = self.tools / "elsewhere"
        shutil.copytree(self.root, elsewhere)
        for command in (["add", "--force", "dist"], ["write-tree", "--prefix=dist/"]):
            said = subprocess.run(
                ["git", *command], cwd=elsewhere, capture_output=True, text=True, check=True
            ).stdout
        return said.strip()

    def release(self, tree: str) -> tuple[int, str, str]:
        """Exit code and errors of a release, and what ``gh`` was asked."""
        done = subprocess.run(
            ["bash", self.root / ".ci/release", tree],
            env={"PATH": f"{self.tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        asked = self.tools / "asked"
        return done.returncode, done.stderr, asked.read_text() if asked.exists() else ""

    def tags(self) -> dict[str, str]:
        """The remote's tags, and their commits."""
        lines = self.git("ls-remote", "--tags", "origin").splitlines()
        return {ref.removeprefix("refs/tags/"): commit for commit, ref in map(str.split, lines)}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone that is ready to be released."""
    return Clone(tmp_path)


def test_a_version_is_released_with_its_dist_and_its_part_of_the_changelog(clone: Clone) -> None:
    code, errors, asked = clone.release(clone.tree())
    assert code == 0, errors
    assert "release create v1.2.3" in asked
    assert "Something new." in asked
    assert "Something old." not in asked
    tags = clone.tags()
    assert tags["v1.2.3"] == tags["v1"]
    assert "dist/six.py" in clone.git("ls-tree", "-r", "--name-only", tags["v1"]).splitlines()
    main = clone.git("ls-remote", "origin", "refs/heads/main").split()[0]
    assert clone.git("rev-parse", f"{tags['v1']}^") == main


def test_dist_that_another_machine_makes_otherwise_is_refused(clone: Clone) -> None:
    tree = clone.tree()
    clone.write("dist/six.py", "raise SystemExit\n")
    before = clone.tags()
    code, errors, asked = clone.release(tree)
    assert code == 1
    assert f"and {tree} where it was made first" in errors
    assert (clone.tags(), asked) == (before, "")


def test_a_version_that_is_released_already_is_refused(clone: Clone) -> None:
    clone.git("push", "-q", "origin", "HEAD:refs/tags/v1.2.3")
    code, errors, asked = clone.release(clone.tree())
    assert code == 1
    assert "v1.2.3 is released already" in errors
    assert asked == ""


def test_a_version_without_notes_is_refused(clone: Clone) -> None:
    clone.write("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n- Something.\n")
    code, errors, asked = clone.release(clone.tree())
    assert code == 1
    assert "CHANGELOG.md has no section [1.2.3]" in errors
    assert asked == ""
