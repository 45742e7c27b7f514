"""Git runs nothing that a repository, a checkout or an environment names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.git import Git, checkout_of
from tests.repositories import PROGRAMS, SIGNED, armed, committed, git, planted
from tests.repositories import program as program_in


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A program, and what appears when it was run."""
    return program_in(tmp_path)


@pytest.fixture
def program(made: tuple[Path, Path]) -> Path:
    """A program that tells that it was run."""
    return made[0]


@pytest.fixture
def marker(made: tuple[Path, Path]) -> Path:
    """What appears when it was run."""
    return made[1]


@pytest.mark.parametrize("where", [".", "deep/er"])
def test_no_setting_of_the_repository_runs_anything(
    tmp_path: Path, program: Path, marker: Path, where: str
) -> None:
    root = tmp_path / "repository"
    first, _ = committed(root, "a.py", "deep/er/b.py")
    signed = git(root, "hash-object", "-t", "commit", "-w", "--stdin", stdin=SIGNED)
    armed(root, program)
    (root / "a.py").write_text("changed")
    asked = Git(root / where)
    assert (asked.message(signed) or "").strip() == "signed [smoke]"
    assert asked.changed(first) == ("deep/er/b.py",)
    assert len(asked.head() or "") == 40
    assert asked.changed("1" * 40) is None  # a partial clone would ask its remote for it
    assert asked.message("1" * 40) is None
    assert not marker.exists()


def test_the_programs_would_run_without_these_precautions(
    tmp_path: Path, program: Path, marker: Path
) -> None:
    root = tmp_path / "repository"
    committed(root, "a.py")
    signed = git(root, "hash-object", "-t", "commit", "-w", "--stdin", stdin=SIGNED)
    armed(root, program)
    subprocess.run(["git", "log", "-1", signed], cwd=root, capture_output=True, check=False)
    assert marker.exists()


def test_a_folder_that_looks_like_a_repository_is_none(
    tmp_path: Path, program: Path, marker: Path
) -> None:
    """Its files can be committed, cloned and checked out like any others."""
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "service"
    committed(outer, "a.py")
    git(outer, "commit", "-q", "--allow-empty", "-m", "the right one [dry-run]")
    inner.mkdir()
    planted(inner, program)
    assert subprocess.run(
        ["git", "log", "-1", "--format=%B"], cwd=inner, capture_output=True, text=True, check=True
    ).stdout.startswith("signed")  # git itself takes the inner one
    marker.unlink(missing_ok=True)
    asked = Git(inner)
    assert (asked.message("HEAD") or "").strip() == "the right one [dry-run]"
    assert not marker.exists()


def test_no_setting_of_the_environment_or_the_user_runs_anything(
    tmp_path: Path, program: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, home = tmp_path / "repository", tmp_path / "home"
    first, last = committed(root, "a.py", "b.py")
    home.mkdir()
    for key in PROGRAMS:
        git(root, "config", "--file", str(home / ".gitconfig"), key, str(program))
    monkeypatch.setenv("HOME", str(home))
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "GIT_ASKPASS", "GIT_EDITOR"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "log.showSignature")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    asked = Git(root)
    assert asked.head() == last
    assert asked.changed(first) == ("b.py",)
    assert not marker.exists()


def test_git_sees_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, tools = tmp_path / "repository", tmp_path / "tools"
    committed(root, "a.py")
    tools.mkdir()
    (tools / "git").write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-from-git")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    Git(root).head()
    assert "GIT_CONFIG_GLOBAL" in (tmp_path / "seen").read_text()
    assert "hidden-from-git" not in (tmp_path / "seen").read_text()


def test_a_worktree_and_a_submodule_are_checkouts_too(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    _, last = committed(root, "a.py", "b.py")
    git(root, "worktree", "add", "-q", str(tmp_path / "beside"))
    (tmp_path / "beside" / "c").mkdir()
    assert checkout_of(tmp_path / "beside" / "c") == tmp_path / "beside"
    assert Git(tmp_path / "beside" / "c").head() == last


def test_nothing_is_told_apart_from_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository"
    _, last = committed(root, "a.py", "b.py")
    assert Git(root).changed(last) == ()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nexit 128\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    assert Git(root).changed(last) is None
    assert Git(tmp_path / "tools").head() is None


def test_an_owner_other_than_the_user_is_no_hindrance(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder to somebody else")
    root = tmp_path / "repository"
    (last,) = committed(root, "a.py")
    for path in (root, root / ".git"):
        os.chown(path, 12345, 12345)
    assert Git(root).head() == last
