"""The files of an artifact, without ignored ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import digest, is_there, link_of, look, read_text, real
from lambda_fast_deploy.adapters.folders import ENTRIES, tree
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.gitignore import (
    GitignorePattern,
    GitignorePatterns,
    InvalidPattern,
    pattern_of,
)
from lambda_fast_deploy.models.quotas import UNZIPPED_LIMIT

_LAMBDAIGNORE = ".lambdaignore"
# What tools write next to sources.
_MADE = ("__pycache__/", "*.py[co]", ".git/", ".venv/", "venv/", ".DS_Store", ".aws-sam/")
# Not part of a function's code, unless .lambdaignore includes it again (such as "!.env"). Some may
# contain a token.
_LEFT_OUT = (*_MADE, ".env", ".npmrc", ".yarnrc.yml", _LAMBDAIGNORE)
# What git, editors and test runners leave in a folder of code; to build a package, git's can count.
_OF_TOOLS = (
    *(".gitignore", ".idea/", ".vscode/"),
    *(".coverage", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/"),
)
_OF_LAYERS = "/opt/"  # where Lambda puts the files of layers
_MODULES = "node_modules"
_PATTERNS = 10_000  # in an ignore file: the time grows with the number of patterns and files
_ENTRIES = 100_000  # of code: at 2.6 kB each, Lambda's limit
_NAMED = 5  # of the largest files, in an error


def _ignored(ignore: Path, more: Iterable[str]) -> GitignorePatterns:
    text = read_text(ignore) if is_there(ignore) else ""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if len(lines) > _PATTERNS:
        says = f"has {len(lines)} lines, but the limit is {_PATTERNS}; list folders instead"
        raise Invalid([Problem(f"{says} of files", Place(str(ignore), _PATTERNS + 1))])
    patterns: list[GitignorePattern | None] = [*_fixed((*_LEFT_OUT, *more))]
    problems = []  # the lines of the file decide after these
    for number, line in enumerate(lines, 1):
        try:
            patterns.append(pattern_of(line, number))
        except InvalidPattern:
            says = f"{line!r} is not a pattern of .gitignore"
            problems.append(Problem(says, Place(str(ignore), number)))
    if problems:
        raise Invalid(problems)
    return GitignorePatterns(filter(None, patterns))


def _fixed(lines: Sequence[str]) -> list[GitignorePattern | None]:
    return [pattern_of(line, number) for number, line in enumerate(lines, -len(lines))]


def code_files(root: Path, left_out: Iterable[str] = ()) -> list[str]:
    """A function's own files. No file is read: sizes alone show whether they are too large.

    Args:
        root: the directory.
        left_out: additional patterns to exclude, such as packages that are installed again.

    Raises:
        Invalid: as for ``sized_files``; or the files are over Lambda's limit.
    """
    sizes = sized_files(root, (*_OF_TOOLS, *left_out), most=_ENTRIES)
    if sum(sizes.values()) > UNZIPPED_LIMIT:
        raise Invalid([_too_large(root, sizes)])
    return list(sizes)


def link_target(root: Path, name: str) -> str | None:
    """The target of a link in a directory that stays a link in a zip; ``None`` for other files.

    Lambda unpacks links (pnpm's issue 6259). Links between packages stay, since Node.js resolves
    the requirements of a package from its real path; so do links into layers, which exist only on
    Lambda.
    """
    if (target := link_of(root / name)) is None:
        return None
    if target.startswith(_OF_LAYERS):
        return target
    folder, leads = real(root), real(root / name)
    if _MODULES not in name.split("/")[:-1] or not Path(leads).is_relative_to(folder):
        return None
    if not target.startswith("/"):
        return target
    return os.path.relpath(leads, real((root / name).parent))


def sized_files(root: Path, left_out: Iterable[str] = (), *, most: int = ENTRIES) -> dict[str, int]:
    """All files of a directory except those that ``.lambdaignore`` excludes, sorted.

    Args:
        root: the directory.
        left_out: additional patterns to exclude.
        most: the limit on files and folders.

    Returns:
        The size in bytes of each file.

    Raises:
        Invalid: a file cannot be read (a link to nothing, or not a regular file); there are
            too many; or ``.lambdaignore`` has an invalid pattern.
    """
    patterns = _ignored(root / _LAMBDAIGNORE, left_out)

    def stays(name: str) -> bool:
        return link_target(root, name) is not None

    listing = tree(root, follow=True, leaves_out=patterns.leaves_out, keeps_link=stays, most=most)
    problems, sizes = [*listing.unread], {}
    for name in listing.files:
        try:
            sizes[name] = look(root / name, _LAMBDAIGNORE, follow=not stays(name))
        except Invalid as error:
            problems += error.problems
        if not name.isprintable():
            says = f"has a name that is not text; rename it, or exclude it in {_LAMBDAIGNORE}"
            problems.append(Problem(says, Place(repr(str(root / name)))))
    if problems:
        raise Invalid(problems)
    return sizes


def source_files(root: Path) -> list[str]:
    """All files of a directory that a build can read, sorted: also those that no zip would have.

    Raises:
        Invalid: a folder cannot be listed, or there are too many files.
    """
    made = GitignorePatterns(filter(None, _fixed(_MADE)))
    listing = tree(root, follow=True, leaves_out=made.leaves_out)
    if listing.unread:
        raise Invalid(listing.unread)
    return listing.files


def content_of(path: Path, link: str | None) -> tuple[str, str]:
    """The kind of a file and the hash of its content; for a link that stays one, its target.

    Raises:
        Invalid: it cannot be read, or has changed since it was listed.
    """
    if link is not None:
        return "link", link
    sha256, mode = digest(path)
    return "program" if mode & 0o100 else "file", sha256


def _too_large(root: Path, sizes: Mapping[str, int]) -> Problem:
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:_NAMED]
    largest_files = ", ".join(f"{name} ({units.size(size)})" for name, size in largest)
    says = (
        f"is {units.size(sum(sizes.values()))} unzipped; Lambda's limit is "
        f"{units.size(UNZIPPED_LIMIT)}; "
        f"exclude files that the function does not need in {_LAMBDAIGNORE}. Largest: "
        f"{largest_files}"
    )
    return Problem(says, Place(str(root)))
