"""Git, asked about the repository that a directory lies in, and kept from running anything.

A folder that only looks like a repository (HEAD, objects, refs and a config: plain files that a
commit can hold) is none here: git refuses to store the name ``.git``, so an entry of that name was
made by whoever cloned. Of what that repository's own settings could run, or fetch, each is off
(git-config manual page); the user's and the machine's settings are not read.
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
    "protocol.allow": "never",  # a partial clone would fetch what it lacks
}
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_KEPT = ("PATH", "LD_LIBRARY_PATH")  # of the run's environment: no credential, no GIT_… setting


def checkout_of(directory: Path) -> Path | None:
    """The top of the checkout that a directory lies in: the folder that holds ``.git``."""
    here = directory.resolve()
    return next((each for each in (here, *here.parents) if os.path.lexists(each / ".git")), None)


class Git:
    """The repository that a directory lies in, if it lies in one. Every answer may be ``None``."""

    def __init__(self, directory: Path) -> None:
        self._top = checkout_of(directory)

    def message(self, commit: str) -> str | None:
        """The message of a commit, or ``None`` where git does not tell."""
        return self._ask("log", "--max-count=1", "--no-show-signature", "--format=%B", commit, "--")

    def head(self) -> str | None:
        """The commit that is checked out, or ``None`` where git does not tell."""
        found = self._ask("rev-parse", "--verify", "HEAD")
        return found and found.strip()

    def changed(self, before: str) -> tuple[str, ...] | None:
        """The files that differ between a commit and HEAD, by their paths from the top.

        ``None`` where git does not tell, as when the clone does not reach back to that commit.
        """
        names = ("--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "-z")
        found = self._ask("diff-tree", "-r", *names, before, "HEAD", "--")
        return None if found is None else tuple(filter(None, found.split("\0")))

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
