"""Which files make an artifact."""

from __future__ import annotations

import io
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.fingerprints.archive import code_archive
from lambda_fast_deploy.fingerprints.file_tree import code_files, link_target, sized_files


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return root


# ---------------------------------------------------------------- a function's own code


def test_code_is_every_file_in_order_and_never_what_tools_leave_behind(tmp_path: Path) -> None:
    tree(
        tmp_path,
        *("b.py", "a/c.py", "a/__pycache__/c.cpython-311.pyc", "old.pyc", "x.pyo"),
        *(".git/config", ".venv/bin/python", ".DS_Store", "a/.DS_Store", "data/.hidden"),
    )
    assert code_files(tmp_path) == ["a/c.py", "b.py", "data/.hidden"]


def test_what_other_tools_leave_and_what_may_hold_a_token_stays_out(tmp_path: Path) -> None:
    tree(tmp_path, "app.py", "venv/bin/python", ".aws-sam/build/x.py", ".npmrc", "a/.yarnrc.yml")
    tree(tmp_path, ".gitignore", "a/.idea/x.xml", ".vscode/x.json", ".coverage")
    tree(tmp_path, ".mypy_cache/x.json", "a/.pytest_cache/README.md", ".ruff_cache/x")
    assert code_files(tmp_path) == ["app.py"]
    assert ".gitignore" in sized_files(tmp_path)  # some build backends read it
    assert code_files(tree(tmp_path, "node_modules/ms/x.js"), ("node_modules/",)) == ["app.py"]
    (tmp_path / ".lambdaignore").write_text("!.npmrc\n!node_modules/\n")
    assert ".npmrc" in code_files(tmp_path)


def test_two_links_to_one_directory_are_two_copies_and_a_circle_is_none(tmp_path: Path) -> None:
    tree(tmp_path, "shared/money.py", "src/app.py", "src/orders/__init__.py")
    for link in ("src/common", "src/orders/common"):
        (tmp_path / link).symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "again").symlink_to(tmp_path / "shared")
    names = code_files(tmp_path / "src")
    assert names == ["app.py", "common/money.py", "orders/__init__.py", "orders/common/money.py"]
    assert [name for name in names if link_target(tmp_path / "src", name)] == []


PNPM = "node_modules/.pnpm/debug@4/node_modules"


def test_links_between_packages_and_into_layers_stay_links(tmp_path: Path) -> None:
    tree(tmp_path, f"{PNPM}/debug/index.js", "node_modules/.pnpm/ms@2/node_modules/ms/index.js")
    tree(tmp_path.with_name("outside"), "index.js")
    links = {
        f"{PNPM}/ms": "../../ms@2/node_modules/ms",
        "node_modules/debug": ".pnpm/debug@4/node_modules/debug",
        "node_modules/absolute": str(tmp_path / PNPM / "debug"),
        "node_modules/outside": str(tmp_path.with_name("outside")),
        "modules": "/opt/nodejs/node_modules",
        "own": "node_modules/.pnpm",
    }
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    names = code_files(tmp_path)
    found = {name: leads for name in names if (leads := link_target(tmp_path, name))}
    links["node_modules/absolute"] = ".pnpm/debug@4/node_modules/debug"
    copied = {"node_modules/outside", "own"}
    assert found == {name: target for name, target in links.items() if name not in copied} | {
        "own/debug@4/node_modules/ms": "../../ms@2/node_modules/ms"
    }
    assert "node_modules/outside/index.js" in names
    zipped = zipfile.ZipFile(io.BytesIO(code_archive(tmp_path, names).content))
    link = zipped.getinfo("node_modules/debug")
    assert (stat.S_ISLNK(link.external_attr >> 16), zipped.read(link)) == (
        True,
        b".pnpm/debug@4/node_modules/debug",
    )


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ("*.md", ["a/keep.txt", "a/x.py", "app.py"]),
        ("a/", ["app.py", "notes.md"]),
        ("/a/x.py", ["a/keep.txt", "a/notes.md", "app.py", "notes.md"]),
        ("# a comment\n\n*.md", ["a/keep.txt", "a/x.py", "app.py"]),
        ("*\n!app.py", ["app.py"]),
        ("a/*\n!a/keep.txt", ["a/keep.txt", "app.py", "notes.md"]),
        ("**/x.py", ["a/keep.txt", "a/notes.md", "app.py", "notes.md"]),
        ("!.env", [".env", "a/keep.txt", "a/notes.md", "a/x.py", "app.py", "notes.md"]),
    ],
)
def test_lambdaignore_is_read_like_gitignore(
    tmp_path: Path, patterns: str, kept: list[str]
) -> None:
    own = ("app.py", "notes.md", "a/x.py", "a/notes.md", "a/keep.txt")
    tree(tmp_path, *own, ".git/x", "y.pyc", ".env")
    (tmp_path / ".lambdaignore").write_text(patterns)
    assert code_files(tmp_path) == kept


def test_what_is_no_pattern_is_said_at_its_line(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text("*.txt\nfolder\\")
    with pytest.raises(Invalid) as caught:
        code_files(tmp_path)
    assert f"{tmp_path}/.lambdaignore:2: 'folder\\\\' is not a pattern" in str(caught.value)


def test_more_than_lambda_takes_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    for number in range(1, 8):
        with (tmp_path / f"{number}.bin").open("wb") as file:
            file.truncate(number * 10_000_000)
    tracemalloc.start()
    with pytest.raises(Invalid) as caught:
        code_files(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert str(caught.value) == (
        f"{tmp_path}: is 280.0 MB unzipped; Lambda's limit is 262.1 MB; exclude files that the "
        "function does not need in .lambdaignore. Largest: 7.bin (70.0 MB), "
        "6.bin (60.0 MB), 5.bin (50.0 MB), 4.bin (40.0 MB), 3.bin (30.0 MB)"
    )
    (tmp_path / ".lambdaignore").write_text("[123].bin\n")
    assert code_files(tmp_path) == ["4.bin", "5.bin", "6.bin", "7.bin"]


def test_what_is_below_a_folder_that_is_left_out_is_not_looked_at(tmp_path: Path) -> None:
    tree(tmp_path, "app.py", ".venv/bin/x")
    (tmp_path / ".venv" / "python").symlink_to("/nowhere/python")
    assert code_files(tmp_path) == ["app.py"]


def test_as_for_git_nothing_is_taken_back_out_of_a_folder_that_is_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "a/keep.txt", "app.py")
    (tmp_path / ".lambdaignore").write_text("a/\n!a/keep.txt\n")
    assert code_files(tmp_path) == ["app.py"]
    (tmp_path / ".lambdaignore").write_text("a/*\n!a/keep.txt\n")
    assert code_files(tmp_path) == ["a/keep.txt", "app.py"]


def test_patterns_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".lambdaignore").write_text("".join(f"p{i}*\n" for i in range(10_001)))
    with pytest.raises(Invalid, match=r"\.lambdaignore:10001: has 10002 lines, but the limit is"):
        code_files(tmp_path)


def test_of_additional_patterns_the_last_decides_and_lambdaignore_after_them(
    tmp_path: Path,
) -> None:
    tree(tmp_path, "a.js", "b.js", "c.js", ".lambdaignore")
    assert code_files(tmp_path, ("*.js", "!/b.js")) == ["b.js"]
    (tmp_path / ".lambdaignore").write_text("b.js\n!c.js\n")
    assert code_files(tmp_path, ("*.js", "!/b.js")) == ["c.js"]
