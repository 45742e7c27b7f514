"""Reads the git repository of a directory, without letting git run programs.

A folder that only looks like a repository (HEAD, objects, refs and a config: plain files that a
commit can contain) is not one here. Only an entry ``.git`` counts, which a commit cannot contain.
Settings of the repository that could run programs or fetch are off (git-config manual page); the
user's and the machine's settings are not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lambda_fast_deploy.adapters.process import output_of

_OFF = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.alternateRefsCommand": "",
    "diff.external": "",
    "log.showSignature": "false",
    "protocol.allow": "never",  # a partial clone would fetch missing objects
}
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_SUBMODULE = "160000"  # mode of an entry
_KEPT = ("PATH", "LD_LIBRARY_PATH")  # of the run's environment: no credentials or GIT_… settings


def checkout_of(directory: Path) -> Path | None:
    """The top of a directory's checkout: the folder that contains ``.git``."""
    here = directory.resolve()
    return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), None)


class Git:
    """The repository of a directory, if there is one. Every answer may be ``None``."""

    def __init__(self, directory: Path) -> None:
        self._top = checkout_of(directory)

    def message(self, commit: str) -> str | None:
        """The message of a commit; ``None`` if git cannot read it."""
        return self._ask("log", "--max-count=1", "--no-show-signature", "--format=%B", commit, "--")

    def head(self) -> str | None:
        """The commit that is checked out; ``None`` if git cannot read it."""
        stdout = self._ask("rev-parse", "--verify", "HEAD")
        return stdout and stdout.strip()

    def path_of(self, file: Path) -> str:
        """The path of a file from the top of the checkout; its name outside of one."""
        if self._top and file.resolve().is_relative_to(self._top):
            return file.resolve().relative_to(self._top).as_posix()
        return file.name

    def origin(self) -> str | None:
        """The address of the repository that this one was cloned from; ``None`` if unknown."""
        stdout = self._ask("config", "--get", "remote.origin.url")
        return stdout and stdout.strip()

    def changed(self, before: str) -> tuple[str, ...] | None:
        """The files that differ between a commit and HEAD, by their paths from the top.

        ``None`` if git cannot compare them, for example because the clone is too shallow.
        """
        names = ("--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "-z")
        stdout = self._ask("diff-tree", "-r", *names, before, "HEAD", "--")
        return None if stdout is None else tuple(filter(None, stdout.split("\0")))

    def tracked(self, directory: Path) -> dict[str, str] | None:
        """The files below a directory that git tracks, by their paths from it.

        The value is the commit of a submodule, whose files are not listed, and ``""`` for others.
        ``None`` if git cannot list them.
        """
        if self._top is None:
            return None
        prefix = directory.resolve().relative_to(self._top).as_posix()
        below, where = ("", []) if prefix == "." else (f"{prefix}/", [f":(literal){prefix}"])
        stdout = self._ask("ls-files", "-z", "--cached", "--stage", "--", *where)
        if stdout is None:
            return None
        entries = (entry.partition("\t") for entry in stdout.split("\0") if entry)
        rows = ((name.removeprefix(below), about.split()) for about, _, name in entries)
        return {name: sha if mode == _SUBMODULE else "" for name, (mode, sha, _) in rows}

    def _ask(self, *arguments: str) -> str | None:
        if self._top is None:
            return None
        settings = (word for key, value in _OFF.items() for word in ("-c", f"{key}={value}"))
        where = (f"--git-dir={self._top / '.git'}", f"--work-tree={self._top}")
        return output_of(
            ["git", "--no-pager", *where, *settings, *arguments],
            cwd=self._top,
            environment={**dict(_environment()), **_ENVIRONMENT},
        )


def _environment() -> Iterator[tuple[str, str]]:
    return ((name, os.environ[name]) for name in _KEPT if name in os.environ)
