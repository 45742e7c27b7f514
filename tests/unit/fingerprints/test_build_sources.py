"""The fingerprint of a build: its sources, its command, and the variables that it names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.build_sources import of_build, sources_of
from lambda_fast_deploy.models import BuildCommand
from tests.repositories import committed, git


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below the top of a repository; what is built is not tracked."""
    committed(tmp_path, "README.md", "app/a.ts", "app/lib/b.ts", "app/dist/kept.js")
    (tmp_path / "app/untracked.ts").write_text("")
    return tmp_path / "app"


@pytest.fixture
def build(root: Path) -> BuildCommand:
    return BuildCommand(("make",), root)


@pytest.fixture
def fingerprint(root: Path) -> Callable[[BuildCommand], str]:
    return lambda build: of_build(build, (root / "dist",), "python3.13")


def test_all_that_git_tracks_below_the_file_counts(root: Path, build: BuildCommand) -> None:
    assert sources_of(build, (root / "dist",)) == {"a.ts": "", "lib/b.ts": ""}
    (root / "a.ts").unlink()
    assert sources_of(build, (root / "dist",)) == {"lib/b.ts": ""}


def test_named_files_and_directories_count_without_git(root: Path, build: BuildCommand) -> None:
    shutil.rmtree(root.parent / ".git")
    named = replace(build, sources=("lib", "untracked.ts"))
    assert sources_of(named, ()) == {"lib/b.ts": "", "untracked.ts": ""}
    with pytest.raises(Invalid, match="git does not list the sources of the build"):
        sources_of(build, ())


def test_a_submodule_counts_by_its_commit(root: Path, build: BuildCommand) -> None:
    commit = "1" * 40
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{commit},app/vendor")
    assert sources_of(build, (root / "dist",))["vendor"] == commit


def test_a_build_without_sources_is_refused(root: Path, build: BuildCommand) -> None:
    with pytest.raises(Invalid, match="the build has no sources"):
        sources_of(build, (root,))


def test_equal_exactly_when_what_it_names_is_equal(
    root: Path,
    build: BuildCommand,
    fingerprint: Callable[[BuildCommand], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fingerprint(build)
    (root / "untracked.ts").write_text("x")
    (root / "dist/kept.js").write_text("x")
    monkeypatch.setenv("MODE", "production")
    assert fingerprint(build) == before
    different = {
        before,
        fingerprint(replace(build, command=("make", "all"))),
        fingerprint(replace(build, variables=("MODE",))),
        of_build(build, (root / "dist",), "python3.14"),
    }
    monkeypatch.setenv("MODE", "test")
    different.add(fingerprint(replace(build, variables=("MODE",))))
    (root / "a.ts").chmod(0o755)
    different.add(fingerprint(build))
    (root / "a.ts").write_text("other")
    different.add(fingerprint(build))
    assert len(different) == 7


def test_what_a_named_directory_has_counts_even_if_a_zip_would_not_have_it(
    root: Path, build: BuildCommand
) -> None:
    (root / "lib/.lambdaignore").write_text("*.ts\n")
    (root / "lib/.env").write_text("API=https://example.com")
    (root / "lib/__pycache__").mkdir()
    (root / "lib/__pycache__/b.pyc").write_text("")
    (root / "lib/gone").symlink_to("nowhere")
    named = replace(build, sources=("lib",))
    counted = ["lib/.env", "lib/.lambdaignore", "lib/b.ts", "lib/gone"]
    assert sorted(sources_of(named, ())) == counted
    assert of_build(named, ()) == of_build(named, ())


@pytest.mark.parametrize("sources", [(), ("lib",)])
def test_the_content_behind_a_link_counts(
    root: Path,
    build: BuildCommand,
    fingerprint: Callable[[BuildCommand], str],
    sources: tuple[str, ...],
) -> None:
    shared = root.parent / "shared"
    (shared / "kit").mkdir(parents=True)
    (shared / "one.ts").write_text("1")
    (shared / "kit/two.ts").write_text("2")
    (root / "lib/one.ts").symlink_to("../../shared/one.ts")
    (root / "lib/kit").symlink_to("../../shared/kit")
    git(root, "add", "-A")
    build = replace(build, sources=sources)
    before = fingerprint(build)
    (shared / "one.ts").write_text("other")
    second = fingerprint(build)
    (shared / "kit/two.ts").write_text("other")
    assert len({before, second, fingerprint(build)}) == 3


def test_a_link_to_what_is_built_counts_as_a_link(
    root: Path, build: BuildCommand, fingerprint: Callable[[BuildCommand], str]
) -> None:
    (root / "lib/latest.js").symlink_to("../dist/kept.js")
    (root / "lib/nowhere").symlink_to("gone")
    git(root, "add", "-A")
    before = fingerprint(build)
    (root / "dist/kept.js").write_text("x")
    assert fingerprint(build) == before
