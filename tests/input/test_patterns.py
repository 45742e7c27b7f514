"""Patterns of ignore files mean what git says they mean, and take no longer than plain ones."""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from lambda_fast_deploy.fingerprints.gitignore import GitignorePatterns, InvalidPattern, pattern_of
from tests.input.targets import TRIED

# ---------------------------------------------------------------- git is the judge

FOLDERS = ("a", "ab", "abc", ".a", "*", "ba")
NAMES = (*FOLDERS, "b", "a b", "[a]", "a.b", "#a", "!a")
PIECES = (
    *("a", "b", "ab", "abc", "a?", "*b", "*", "*", "**", "***", "?", "/", "/", "/", "**/", "/**"),
    *("/**/", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]a]", "[[:alpha:]]", "[![:digit:].]"),
    *("[a-", "[:a:]", "[[:x:]]", "[[:a]", "[z-a]", "[\\]a]", "[\\a-c]", "[a-\\c]", "[a/b]", "["),
    *("]", "\\", "\\*", "\\a", "\\/", "\\[", "!", "#", " ", "\\ ", ".", "-", "\t", "\r"),
)
# Git before 2.52 takes "a**/b" for folders where its documentation has regular asterisks.
DOUBTFUL = re.compile(r"[^/*]\*\*")


class Repository:
    """A tree of files, and what git says of patterns for it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(root)} | {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        subprocess.run(["git", "init", "-q", root], env=self._environ, check=True)
        self.paths: list[tuple[str, bool]] = []
        self._make("", 2)

    def _make(self, above: str, depth: int) -> None:
        for name in NAMES if depth > 1 else NAMES[:8]:
            is_folder = depth > 0 and name in FOLDERS
            self.paths.append((f"{above}{name}", is_folder))
            if is_folder:
                (self._root / above / name).mkdir()
                self._make(f"{above}{name}/", depth - 1)
            else:
                (self._root / above / name).touch()

    def left_out(self, lines: Iterable[str]) -> set[str]:
        """What git leaves out."""
        (self._root / ".gitignore").write_text("\n".join(lines), newline="")
        where = (f"--git-dir={self._root}/.git", f"--work-tree={self._root}")
        done = subprocess.run(
            ["git", *where, "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=self._root,
            env=self._environ,
            input="\0".join(path for path, _ in self.paths),
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, 1), done.stderr
        return set(filter(None, done.stdout.split("\0")))


def left_out(lines: Iterable[str], paths: Iterable[tuple[str, bool]]) -> set[str]:
    """What the engine leaves out."""
    found = []
    for number, line in enumerate(lines):
        try:
            found.append(pattern_of(line.removesuffix("\r"), number))
        except InvalidPattern:
            assert line.rstrip(" ").rstrip("/").endswith("\\")
    patterns = GitignorePatterns(filter(None, found))
    out: set[str] = set()
    for path, is_folder in paths:
        if path.rpartition("/")[0] in out or patterns.leaves_out(path, is_folder):
            out.add(path)
    return out


def test_what_is_left_out_is_what_git_leaves_out(tmp_path: Path, thorough: bool) -> None:
    repository, seed = Repository(tmp_path), random.randrange(2**32) if thorough else 1
    chance, some = random.Random(seed), 0
    for _ in range(5000 if thorough else 400):
        lines = [
            chance.choice(("", "", "!", "/"))
            + "".join(chance.choices(PIECES, k=chance.randint(1, 5)))
            + chance.choice(("", "", "/", " "))
            for _ in range(chance.randint(1, 5))
        ]
        lines = [line for line in lines if not DOUBTFUL.search(line.removeprefix("!"))]
        TRIED["patterns"] += len(lines)
        expected = repository.left_out(lines)
        assert left_out(lines, repository.paths) == expected, (seed, lines)
        some += 0 < len(expected) < len(repository.paths)
    assert some > 100  # a judge that says the same of everything judges nothing


@pytest.mark.parametrize("pattern", ["a**/b", "a**b", "a/b**"])
def test_asterisks_beside_a_letter_are_regular_ones(pattern: str) -> None:
    paths = [("ax", True), ("ax/b", False), ("ax/c", True), ("ax/c/b", False), ("a", True)]
    paths += [("a/bx", True), ("axb", False)]
    expected = {"a**/b": {"ax/b"}, "a**b": {"axb"}, "a/b**": {"a/bx"}}
    assert left_out([pattern], paths) == expected[pattern]


# ---------------------------------------------------------------- time

LONG = ["a" * 255, "ab" * 127]
DEEP = ["/".join(["aa"] * 1000) + f"/{name}" for name in ("b", "xb")]
WORST = {
    "asterisks": ("*a" * 120 + "*b", LONG),
    "asterisks and letters": ("*a" * 60 + "*b" * 30, LONG),
    "asterisks and others": ("*?a" * 80 + "?b", LONG),
    "brackets": ("*[ab]" * 100 + "[!a]b", LONG),
    "asterisks without end": ("*a" * 100_000 + "b", LONG),
    "folders": ("/".join(["**"] * 3000) + "/?b", DEEP),
    "folders and names": ("/".join(["**", "a?"] * 200) + "/c/**/*b", DEEP),
    "folders and asterisks": ("**/" + "*a*/" * 300 + "**/c/*b", DEEP),
    "names to be sought": ("**/" + "a?/" * 500 + "c/**/?b", DEEP),
    "names at the end": ("**/" + "a?/" * 500 + "c/?b", DEEP),
    "asterisks in names": ("/".join(["*a*a*a"] * 300) + "/**/?b", DEEP),
}


def seconds(lines: Iterable[str], paths: Iterable[str]) -> float:
    """What it takes of the processor to match some paths."""
    begun = time.process_time()
    patterns = GitignorePatterns(filter(None, map(pattern_of, lines)))
    for path in paths:
        patterns.leaves_out(path, False)
    return time.process_time() - begun


@pytest.mark.parametrize("name", WORST)
def test_the_worst_pattern_takes_no_longer_than_many_plain_ones(name: str) -> None:
    pattern, paths = WORST[name]
    plain = min(seconds([f"{i}a*b" for i in range(10_000)], paths * 10) for _ in range(3))
    assert seconds([pattern], paths * 10) < 50 * plain


@pytest.mark.parametrize("pattern", ["p{}*", "*p{}", "f*{}", "*{}*", "?*{}?*", "[f]*{}*"])
def test_many_patterns_take_time_by_their_number_only(pattern: str) -> None:
    paths = [f"f{i}" for i in range(100)]
    few = min(seconds((pattern.format(i) for i in range(200)), paths) for _ in range(3))
    assert seconds((pattern.format(i) for i in range(2000)), paths) < 50 * few
