"""Which files make an artifact."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from engine.content.tree import code_files
from engine.errors import Invalid


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
    assert f"{tmp_path}/.lambdaignore:2: 'folder\\\\' is no pattern" in str(caught.value)


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
        f"{tmp_path}: holds 280.0 MB, and Lambda takes 262.1 MB unzipped; leave out by "
        ".lambdaignore what the function does not need. The largest: 7.bin (70.0 MB), "
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
    with pytest.raises(Invalid, match=r"\.lambdaignore:10001: has 10002 lines, and no more than"):
        code_files(tmp_path)
