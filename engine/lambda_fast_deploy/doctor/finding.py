"""What a check finds: it is well, worth knowing, or wrong; and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from lambda_fast_deploy.errors import DeployError, NotPermitted, Problem
from lambda_fast_deploy.masking import SecretMask


class Level(StrEnum):
    """How much a finding matters, the most important first."""

    WRONG = "wrong"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out, in a line, and its remedy."""

    level: Level
    says: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(says: str) -> Finding:
    """Something that is as a deploy needs it."""
    return Finding(Level.OK, says)


def note(says: str, remedy: str = "") -> Finding:
    """Something that a deploy can do without."""
    return Finding(Level.NOTE, says, remedy)


def wrong(trouble: DeployError | Problem, remedy: str = "") -> Finding:
    """Something that a deploy would fail for."""
    if isinstance(trouble, Problem):
        return Finding(Level.WRONG, str(trouble), remedy)
    return Finding(Level.WRONG, trouble.message, trouble.remedy or remedy)


def found(check: Check) -> list[Finding]:
    """What a check finds; the error that ends it is a finding too."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except DeployError as error:
        findings.append(wrong(error))
    return findings


def in_order(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """Each finding once, the most important first, in a line of its own and without secrets."""
    hide = SecretMask(secrets)
    clean = (
        replace(
            each,
            says=hide(" ".join(each.says.split())),
            remedy=hide(each.remedy),
        )
        for each in findings
    )
    return sorted(dict.fromkeys(clean), key=lambda finding: list(Level).index(finding.level))


def if_permitted(check: Check, what: str) -> Iterator[Finding]:
    """A check of something that deploys do not ask for, so that not being allowed to is a note.

    Args:
        check: what may meet a lack of permission.
        what: it is about, for people.
    """
    try:
        yield from check()
    except NotPermitted as error:
        yield note(f"{what} could not be looked at: {error.message}", error.remedy)
