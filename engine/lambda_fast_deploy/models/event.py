"""The event that started a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """The event that started the run. ``commit_message`` is untrusted text.

    ``flags`` are all its words in brackets, in lower case. ``before`` is the commit that a push or
    pull request starts from. ``paths`` are the files changed since then; ``None`` if they are
    unknown or no test needs them. ``unmerged`` is "a pull request" or "a merge queue" if the
    checked-out code is not merged yet, else empty.
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
        """Whether the commit message has ``[flag]``."""
        return flag in self.flags

    @property
    def is_release(self) -> bool:
        """Whether it is a release, or the push of a tag."""
        return self.name == "release" or bool(self.tag and self.name == "push")
