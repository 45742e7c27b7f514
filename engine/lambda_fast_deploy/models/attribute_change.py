"""The change of an attribute by a step of the plan: names and values before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """The change of one attribute, for people and scripts; without values of the environment.

    ``attribute`` is a key of lambda-deploy.yml, or ``code`` or ``alias``. Single values have
    ``before`` and ``after``. Sets have the names that are ``added``, ``removed`` and ``changed``,
    and those that are ``kept`` although the configuration does not have them.
    """

    attribute: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The change in one line: ``memory 512 MB → 1024 MB``, ``environment +LEVEL −OLD ~URL``."""
        values = " → ".join(filter(None, (self.before, self.after)))
        names = [
            *(f"+{name}" for name in self.added),
            *(f"−{name}" for name in self.removed),
            *(f"~{name}" for name in self.changed),
        ]
        kept = f"(keeps {', '.join(self.kept)} of others)" if self.kept else ""
        return " ".join(filter(None, (self.attribute, values, *names, kept)))


def change_of_names(
    key: str, before: Mapping[str, str], after: Mapping[str, str]
) -> AttributeChange:
    """The change of a mapping: the names that are added, removed and changed."""
    return AttributeChange(
        key,
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(n for n in after.keys() & before.keys() if after[n] != before[n])),
    )


def shown(changes: tuple[AttributeChange, ...]) -> str:
    """Several changes in one line."""
    return ", ".join(map(str, changes))
