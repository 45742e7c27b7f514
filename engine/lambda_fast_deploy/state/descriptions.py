"""The descriptions of versions and aliases, which store the history of releases in AWS.

The description of a version has the previous live version and its figures. So a rollback and the
history skip versions that failed. The description of an alias has the figures of its version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lambda_fast_deploy import units
from lambda_fast_deploy.models import AliasState, Event, FunctionState, PastVersion, Speed
from lambda_fast_deploy.state import Mark, marks

_ORIGIN = re.compile(r"(?:commit (\S+) )?(?:by (.+?) )?deployed (\d{4}-\S+)")
_STABLE = re.compile(rf"{marks.UNDER_TEST}\w+, back to version (\d+) if they fail")
_PUTTING_BACK = re.compile(rf"{marks.PUTTING_BACK}\w+, ")
_RUN = re.compile(rf"(?:{marks.UNDER_TEST}|{marks.DELETING}|{marks.PUTTING_BACK})(\w+)")
_BACK_FROM = re.compile(r"back from version \d+")
_AFTER = re.compile(r"after version (\d+)")
_TOOK = re.compile(r"took ([\d.]+) s")
_COLD = re.compile(r"cold start (\d+) ms")
_WARM = re.compile(r"warm (\d+) ms")

CODE_ONLY = "code-only"  # of versions that an alias points to until the next deploy of the stack

MARKS = (
    Mark(
        "history of releases, for a rollback",
        "descriptions of versions and of the alias",
        "commit, actor, time, previous version, speed",
    ),
    Mark(
        "version that code-only has published",
        f"description `{CODE_ONLY}` of the version",
        "not part of the stack; the next deployment of the stack deletes it",
    ),
)


def of_version(event: Event, previous: str, past: str = "", *, now: datetime) -> str:
    """The description of a new version, unique to the run.

    Args:
        event: has the commit and the actor.
        previous: the live version, if there is one.
        past: the description of the alias that points to it.
        now: time of the publication.
    """
    parts = [
        f"commit {event.commit[:12]}" if event.commit else "",
        f"by {event.actor[:60]}" if event.actor else "",
        f"deployed {_written(now)}",
        f"after version {previous}" if previous else "",
    ]
    figures = [match.group() for p in (_TOOK, _COLD, _WARM) if (match := p.search(past))]
    return " ".join(filter(None, parts)) + (
        f" ({', '.join(figures)})" if previous and figures else ""
    )


def of_alias(
    previous: str,
    speed: Speed,
    took: float,
    back_from: str = "",
    *,
    now: datetime,
    has_url: bool = False,
) -> str:
    """The description of an alias, unique to the run.

    Args:
        previous: the previous live version, if any.
        speed: of the alias's version.
        took: seconds since the beginning of the run.
        back_from: the version that a rollback replaced, if any.
        now: time of the update of the alias.
        has_url: whether the alias has to have a function URL.
    """
    # Later runs read these figures, so their format is fixed and not that of units.py.
    parts = [
        f"after version {previous}" if previous else "no version before",
        f"back from version {back_from}" if back_from else "",
        f"took {took:.1f} s",
        f"cold start {units.in_ms(speed.cold):.0f} ms" if speed.cold is not None else "",
        f"warm {units.in_ms(speed.warm):.0f} ms" if speed.warm is not None else "",
        marks.WITH_URL if has_url else "",
        f"since {_written(now)}",
    ]
    return ", ".join(filter(None, parts))


def under_test(run: str, stable: str, description: str) -> str:
    """The description of an alias until the last test of a run has passed.

    Args:
        run: the run that tests.
        stable: the version to restore if a test fails; empty if there is none.
        description: of the alias after the tests.
    """
    back = f", back to version {stable} if they fail" if stable else ""
    return f"{marks.UNDER_TEST}{run}{back}, {description}"


def putting_back(run: str, description: str) -> str:
    """The description of a restored alias until its function URL is deleted."""
    return f"{marks.PUTTING_BACK}{run}, {description}"


def without_mark(description: str) -> str:
    """The description of a restored alias without the mark of the rollback."""
    return _PUTTING_BACK.sub("", description)


def wants_url(description: str) -> bool:
    """Whether the run that updated an alias needs its function URL."""
    return f", {marks.WITH_URL}, " in description


def proved_by(alias: AliasState | None) -> str:
    """The last version of an alias that has passed all tests; empty if there is none.

    While a version is under test, that is the version before it, which an undo restores.
    """
    if alias is None or alias.description.startswith(marks.DELETING):
        return ""
    if not alias.is_under_test:
        return alias.version
    match = _STABLE.match(alias.description)
    return match.group(1) if match else ""


def run_of(alias: AliasState) -> str:
    """The run that is testing an alias or rolling it back; empty if none is."""
    match = _RUN.match(alias.description)
    return match.group(1) if match else ""


def is_rollback(alias: AliasState) -> bool:
    """Whether the run that moved an alias last was a rollback."""
    return bool(_BACK_FROM.search(alias.description))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class VersionOrigin:
    """The origin of a version; ``deployed`` is a time in ISO 8601."""

    commit: str = ""
    actor: str = ""
    deployed: str = ""


def origin_of(description: str) -> VersionOrigin:
    """The origin in a version's description; empty if the description has another format."""
    match = _ORIGIN.match(description)
    return (
        VersionOrigin(*match.groups(default=""))
        if match and _is_moment(match[3])
        else VersionOrigin()
    )


def _is_moment(text: str) -> bool:
    """Whether a text is a time in ISO 8601 with a time zone."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def previous_of(description: str) -> str:
    """The live version before this one; empty if the description does not have it."""
    match = _AFTER.search(description)
    return match.group(1) if match else ""


def speed_of(description: str) -> Speed:
    """The speed of a version in the description of its alias or of the next version."""
    cold, warm = _COLD.search(description), _WARM.search(description)
    return Speed(
        cold=units.from_ms(int(cold.group(1))) if cold else None,
        warm=units.from_ms(int(warm.group(1))) if warm else None,
    )


def history(versions: Iterable[FunctionState], last: str) -> tuple[PastVersion, ...]:
    """The live versions before one, oldest first; the figures of each are in the next one.

    Args:
        versions: the published versions that still exist.
        last: the version to start from, which is not part of the history.
    """
    states = {state.version: state for state in versions}
    past: list[PastVersion] = []
    successor = states.get(last)
    while successor and (number := previous_of(successor.description)) in states:
        state = states.pop(number)
        took = _TOOK.search(successor.description)
        past.append(
            PastVersion(
                version=number,
                seconds=float(took.group(1)) if took else None,
                speed=speed_of(successor.description),
                code_size=state.code_size,
            )
        )
        successor = state
    return tuple(reversed(past))
