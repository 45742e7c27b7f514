"""What the descriptions of versions and aliases tell of their past; AWS keeps it, nobody else.

A version names the one that users had before it, and how that one fared: so there is a way back,
whatever was tried and thrown away in between, and a history. An alias tells of its own version.
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
_HOME = re.compile(rf"{marks.UNDER_TEST}\w+, back to version (\d+) if they fail")
_PUTTING_BACK = re.compile(rf"{marks.PUTTING_BACK}\w+, ")
_BACK_FROM = re.compile(r"back from version \d+")
_AFTER = re.compile(r"after version (\d+)")
_TOOK = re.compile(r"took ([\d.]+) s")
_COLD = re.compile(r"cold start (\d+) ms")
_WARM = re.compile(r"warm (\d+) ms")

CODE_ONLY = "code-only"  # of the versions that an alias leads to until their stack is deployed

MARKS = (
    Mark(
        "the way back, and the past",
        "descriptions of versions and of the alias",
        "commit, who, when, after which version, how fast",
    ),
    Mark(
        "version that code-only has published",
        f"description `{CODE_ONLY}` of the version",
        "its stack does not know it; the next deployment of the stack deletes it",
    ),
)


def of_version(event: Event, previous: str, past: str = "", *, now: datetime) -> str:
    """The description of a new version; unlike that of any other run.

    Args:
        event: what it is made of, and by whom.
        previous: the version that users have now, if any.
        past: the description of the alias that leads to that.
        now: when it is published.
    """
    parts = [
        f"commit {event.commit[:12]}" if event.commit else "",
        f"by {event.actor[:60]}" if event.actor else "",
        f"deployed {_written(now)}",
        f"after version {previous}" if previous else "",
    ]
    fared = [match.group() for p in (_TOOK, _COLD, _WARM) if (match := p.search(past))]
    return " ".join(filter(None, parts)) + (f" ({', '.join(fared)})" if previous and fared else "")


def of_alias(
    previous: str,
    speed: Speed,
    took: float,
    back_from: str = "",
    *,
    now: datetime,
    has_url: bool = False,
) -> str:
    """The description of an alias; unlike that of any other run.

    Args:
        previous: the version that users had before, if any.
        speed: of the version that it leads to.
        took: seconds from the beginning of the run.
        back_from: the version that was given up, if one was.
        now: when the alias is moved.
        has_url: whether a function URL is wanted.
    """
    # Later runs read these figures, so that their format is not that of pages (units.py).
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


def under_test(run: str, home: str, description: str) -> str:
    """The description of an alias as long as the last test of a run has not passed.

    Args:
        run: the run that tests.
        home: the version that an undo goes back to; nothing if there is none.
        description: what it says once they have passed.
    """
    back = f", back to version {home} if they fail" if home else ""
    return f"{marks.UNDER_TEST}{run}{back}, {description}"


def putting_back(run: str, description: str) -> str:
    """The description of an alias that leads where it should while its URL is taken away."""
    return f"{marks.PUTTING_BACK}{run}, {description}"


def without_mark(description: str) -> str:
    """The description of an alias that a run was putting back, as it was before."""
    return _PUTTING_BACK.sub("", description)


def wants_url(description: str) -> bool:
    """Whether the run that moved an alias wants it to have a function URL."""
    return f", {marks.WITH_URL}, " in description


def proved_by(alias: AliasState | None) -> str:
    """The version that users of an alias had when all tests had passed; nothing if there is none.

    While a version is under test that is the one before it: where an undo leads to.
    """
    if alias is None or alias.description.startswith(marks.DELETING):
        return ""
    if not alias.is_under_test:
        return alias.version
    match = _HOME.match(alias.description)
    return match.group(1) if match else ""


def is_rollback(alias: AliasState) -> bool:
    """Whether the run that moved an alias last was a rollback."""
    return bool(_BACK_FROM.search(alias.description))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class VersionOrigin:
    """Where a version came from; ``deployed`` is a time in ISO 8601."""

    commit: str = ""
    actor: str = ""
    deployed: str = ""


def origin_of(description: str) -> VersionOrigin:
    """What a version's description tells of its making; others write what they like there."""
    match = _ORIGIN.match(description)
    return (
        VersionOrigin(*match.groups(default=""))
        if match and _is_moment(match[3])
        else VersionOrigin()
    )


def _is_moment(text: str) -> bool:
    """Whether a text is a time in ISO 8601 that is the same everywhere."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def previous_of(description: str) -> str:
    """The version that users had before this one; nothing if it does not say."""
    match = _AFTER.search(description)
    return match.group(1) if match else ""


def speed_of(description: str) -> Speed:
    """How fast a version was, as a description of its alias or of the next version tells."""
    cold, warm = _COLD.search(description), _WARM.search(description)
    return Speed(
        cold=units.from_ms(int(cold.group(1))) if cold else None,
        warm=units.from_ms(int(warm.group(1))) if warm else None,
    )


def history(versions: Iterable[FunctionState], last: str) -> tuple[PastVersion, ...]:
    """The versions that users had before one, the oldest first; each is told of by the next.

    Args:
        versions: the published versions that are still there.
        last: the one to begin with, which is not part of it.
    """
    states = {state.version: state for state in versions}
    found: list[PastVersion] = []
    teller = states.get(last)
    while teller and (number := previous_of(teller.description)) in states:
        state = states.pop(number)
        took = _TOOK.search(teller.description)
        found.append(
            PastVersion(
                version=number,
                seconds=float(took.group(1)) if took else None,
                speed=speed_of(teller.description),
                code_size=state.code_size,
            )
        )
        teller = state
    return tuple(reversed(found))
