"""A finding of a check: ok, a note, or an error with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from lambda_fast_deploy.errors import DeployError, NotPermitted, Problem
from lambda_fast_deploy.masking import SecretMask


class Level(StrEnum):
    """The importance of a finding, the highest first."""

    WRONG = "wrong"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding in a line, and its remedy."""

    level: Level
    says: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(says: str) -> Finding:
    """A finding that something is ready for a deploy."""
    return Finding(Level.OK, says)


def note(says: str, remedy: str = "") -> Finding:
    """A finding that does not stop a deploy."""
    return Finding(Level.NOTE, says, remedy)


def wrong(trouble: DeployError | Problem) -> Finding:
    """A finding that a deploy would fail because of."""
    if isinstance(trouble, Problem):
        return Finding(Level.WRONG, str(trouble))
    return Finding(Level.WRONG, trouble.message, trouble.remedy)


def run_check(check: Check) -> list[Finding]:
    """The findings of a check; an error that ends the check is a finding, too."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except DeployError as error:
        findings.append(wrong(error))
    return findings


def sorted_findings(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """Distinct findings, the most important first, each in one line and without secrets."""
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
    """A check of something that a deploy does not read; a missing permission becomes a note.

    Args:
        check: the check that may lack a permission.
        what: its subject, for people.
    """
    try:
        yield from check()
    except NotPermitted as error:
        yield note(f"{what} could not be read: {error.message}", error.remedy)
