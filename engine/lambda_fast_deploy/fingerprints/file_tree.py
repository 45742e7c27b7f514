"""The files that make an artifact, after what is ignored."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.files import is_there, link_of, look, read_text, real
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
# Not part of a function's code, unless .lambdaignore takes it back in (such as "!.env").
_LEFT_OUT = (
    *("__pycache__/", "*.py[co]", ".git/", ".venv/", "venv/", ".env", ".DS_Store", _LAMBDAIGNORE),
    *(".aws-sam/", ".npmrc", ".yarnrc.yml"),  # what SAM has built, and what may hold a token
)
_OF_LAYERS = "/opt/"  # where Lambda has what layers hold
_MODULES = "node_modules"
_PATTERNS = 10_000  # in an ignore file: the time that it takes grows with them and with the files
_ENTRIES = 100_000  # of code: files of 2.6 kB each, as many as Lambda takes
_NAMED = 5  # of the largest files, when there is too much


def _ignored(ignore: Path, more: Iterable[str] = ()) -> GitignorePatterns:
    text = read_text(ignore) if is_there(ignore) else ""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if len(lines) > _PATTERNS:
        says = f"has {len(lines)} lines, and no more than {_PATTERNS} are matched; write folders"
        raise Invalid([Problem(f"{says} instead of files", Place(str(ignore), _PATTERNS + 1))])
    found: list[GitignorePattern | None] = [pattern_of(line, -1) for line in (*_LEFT_OUT, *more)]
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(pattern_of(line, number))
        except InvalidPattern:
            says = f"{line!r} is no pattern as in .gitignore"
            problems.append(Problem(says, Place(str(ignore), number)))
    if problems:
        raise Invalid(problems)
    return GitignorePatterns(filter(None, found))


def code_files(root: Path, left_out: Iterable[str] = ()) -> list[str]:
    """A function's own files. Nothing of them is read: what is too much is so by its size.

    Args:
        root: the directory.
        left_out: patterns of what is left out besides, as what is installed anew.

    Raises:
        Invalid: as of ``sized_files``; or all of it is more than Lambda takes.
    """
    sizes = sized_files(root, left_out, most=_ENTRIES)
    if sum(sizes.values()) > UNZIPPED_LIMIT:
        raise Invalid([_too_large(root, sizes)])
    return list(sizes)


def kept_link(root: Path, name: str) -> str | None:
    """Where a link of a directory leads that stays a link in a zip; ``None`` for all else.

    Lambda unpacks links (pnpm's issue 6259). Those between packages stay, since Node.js looks for
    what a package needs from where it really is, and those into layers, which Lambda alone has.
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
    """All files of a directory but what ``.lambdaignore`` (gitignore patterns) leaves out, sorted.

    Args:
        root: the directory.
        left_out: patterns of what is left out besides.
        most: how many files and folders it may have.

    Returns:
        The size in bytes of each.

    Raises:
        Invalid: one is not to be had, as a link leads nowhere or it is no regular file; there are
            more; or what ``.lambdaignore`` says is no pattern.
    """
    patterns = _ignored(root / _LAMBDAIGNORE, left_out)

    def stays(name: str) -> bool:
        return kept_link(root, name) is not None

    found = tree(root, follow=True, leaves_out=patterns.leaves_out, keeps_link=stays, most=most)
    problems, sizes = [*found.unread], {}
    for name in found.files:
        try:
            sizes[name] = look(root / name, _LAMBDAIGNORE, follow=not stays(name))
        except Invalid as error:
            problems += error.problems
        if not name.isprintable():
            says = f"has a name that is no text; rename it, or leave it out by {_LAMBDAIGNORE}"
            problems.append(Problem(says, Place(repr(str(root / name)))))
    if problems:
        raise Invalid(problems)
    return sizes


def _too_large(root: Path, sizes: Mapping[str, int]) -> Problem:
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:_NAMED]
    named = ", ".join(f"{name} ({units.size(size)})" for name, size in largest)
    says = (
        f"holds {units.size(sum(sizes.values()))}, and Lambda takes "
        f"{units.size(UNZIPPED_LIMIT)} unzipped; "
        f"leave out by {_LAMBDAIGNORE} what the function does not need. The largest: {named}"
    )
    return Problem(says, Place(str(root)))
