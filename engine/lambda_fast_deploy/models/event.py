"""What started a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """What started the run. ``commit_message`` is untrusted text.

    ``flags`` are all words in brackets in it, in lower case. ``before`` is the commit that a push
    or pull request starts from. ``paths`` are the files changed since, or ``None`` when that cannot
    be known or was not asked for. ``unmerged`` is what the checked-out code has yet to pass: a pull
    request, a merge queue, or nothing.
    """

    name: str = "local"
    commit: str = ""
    commit_message: str = ""
    flags: frozenset[str] = frozenset()
    actor: str = ""
    branch: str = ""
    tag: str = ""
    before: str = ""
    paths: tuple[str, ...] | None = None
    unmerged: str = ""

    def asks_for(self, flag: str) -> bool:
        """Whether the commit message carries ``[flag]``."""
        return flag in self.flags

    @property
    def is_release(self) -> bool:
        """Whether it is a release, or a tag that was pushed to make one."""
        return self.name == "release" or bool(self.tag and self.name == "push")
