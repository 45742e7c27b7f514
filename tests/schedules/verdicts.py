"""What must hold after every schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.schedules.actions import BASE, GOOD, Content
from tests.schedules.actor import Actor
from tests.schedules.play import Played
from tests.schedules.users import LATEST

EXIT = "exit codes are true"
LOST = "no change of another run is lost"
SERVED = "no request failed"
LEFT = "nothing is left"
TOLD = "a run that stops for another one names it"
ONE = "of good runs, at least one succeeds"

_NAMED = re.compile(r"another deployment|outside this run")
_FAULTS = re.compile(r"Traceback|(?:fault of|bug in) lambda-fast-deploy|unexpected ")


@dataclass(frozen=True)
class Failure:
    """A check that does not hold, and why."""

    check: str
    says: str

    def __str__(self) -> str:
        return f"{self.check}: {self.says}"


def failures(played: Played) -> list[Failure]:
    """Every check that does not hold."""
    found = [Failure(SERVED, problem) for problem in dict.fromkeys(played.users.problems)]
    for number, actor in enumerate(played.actors):
        found += _of_run(played, number, actor)
    found += _of_end(played)
    return found or list(_of_rest(played))  # what was lost is missing there, too


def _wanted(played: Played, number: int) -> list[Content]:
    """What users may have after a run that ended with 0; nothing, if it is not about that."""
    actor = played.actors[number]
    if actor.choice.action.name == "rollback":
        return played.users.way_back.get(actor.who, [])
    brought = played.case.brought(number)
    return [brought] if brought else []


def _is_in(content: Content | str, wanted: list[Content]) -> bool:
    return isinstance(content, Content) and any(each.matches(content) for each in wanted)


def _succeeded(played: Played, alias: str) -> list[tuple[Actor, list[Content]]]:
    """Runs that ended with 0 and lead users of an alias, or write ``$LATEST``, with what to."""
    return [
        (actor, wanted)
        for number, actor in enumerate(played.actors)
        if actor.code == 0
        and alias in (LATEST, played.case.alias(number))
        and (wanted := _wanted(played, number))
    ]


def _of_run(played: Played, number: int, actor: Actor) -> Iterator[Failure]:
    who, code, action = actor.who, actor.code, actor.choice.action
    last = next(reversed(actor.log.strip().splitlines()), "")
    if actor.is_by_hand:
        return
    if code not in (0, 1, 2, 3):
        left = [line for line in actor.log.splitlines() if "fix manually" in line]
        yield Failure(EXIT, f"{who} ends with {code}, and nothing need be left: {left or last}")
    if code in (2, 3) and actor.has_changed:
        yield Failure(EXIT, f"{who} ends with {code} after it has changed {actor.events}")
    if code == 0 and actor.choice.flavour != GOOD and "nothing to do" not in last:
        yield Failure(EXIT, f"{who} ends with 0 although its test fails: {last}")
    leads = action.name == "rollback" or played.case.brought(number)
    if code == 0 and leads:
        has, wanted = played.users.at_end[who], _wanted(played, number)
        others = _succeeded(played, played.case.alias(number))
        by_others = [each for other, their in others if other is not actor for each in their]
        if played.case.alias(number) == LATEST:  # whose users have what others are testing, too
            every = map(played.case.brought, range(len(played.actors)))
            by_others += [each for each in every if each]
        if any(_is_in(each, wanted) for each in played.users.during[who]):
            by_others += played.users.under_test[who]  # on top of what this run had released
        if not _is_in(has, wanted + by_others):
            shown = " or ".join(map(str, wanted)) or "no way back"
            yield Failure(EXIT, f"{who} ends with 0 for {shown}; users have {has}")
    has_way = action.name != "rollback" or played.users.way_back.get(who)
    if code and actor.choice.flavour == GOOD and has_way and not _NAMED.search(actor.log):
        yield Failure(TOLD, f"{who}, all of whose tests pass, ends with {code}: {_cause(actor)}")
    if match := _FAULTS.search(actor.log):
        yield Failure(TOLD, f"{who} says {match[0]!r}")


def _cause(actor: Actor) -> str:
    lines = actor.log.splitlines()
    return next((line for line in lines if line.startswith("error:")), "")


def _of_end(played: Played) -> Iterator[Failure]:
    case, ended = played.case, played.ended
    assert ended
    runs = [each for each in played.actors if each.choice.action.brings]
    if len(runs) > 1 and all(e.choice.flavour == GOOD and e.code for e in played.actors):
        yield Failure(ONE, "all runs failed, though the tests of all pass")
    before: Content | str = "absent" if case.has_first else BASE
    for alias in played.users.aliases:
        has, done = played.users.now[alias], _succeeded(played, alias)
        if not done and has != before:
            yield Failure(LOST, f"no run ended with 0, but {alias} has {has} instead of {before}")
        may = [each for _, wanted in done for each in wanted]
        if alias == LATEST and any(a.choice.action.name == "rollback" for a, _ in done):
            may.append(BASE)  # a rollback leaves $LATEST alone when somebody else has changed it
        if done and not _is_in(has, may):
            told = "; ".join(f"{a.who} with 0 for {' or '.join(map(str, w))}" for a, w in done)
            yield Failure(LOST, f"{told} ended, but {alias} has {has}")
    is_there = set(played.users.now.values()) != {"absent"}  # else its creation was undone
    if is_there and _was_disturbed_by_hand(played) and not ended.set_by_hand:
        yield Failure(LOST, "the environment variable that was set by hand is gone")
    if ended.weights:
        yield Failure(LEFT, f"{', '.join(ended.weights)} leads a part of its users elsewhere")


def _was_disturbed_by_hand(played: Played) -> bool:
    """Whether somebody changed the function by hand while a run was under way."""
    hands = [each for each in played.actors if each.is_by_hand and each.code == 0]
    return any(played.order.index(f"{each.who} starts") > 0 for each in hands)


def _of_rest(played: Played) -> Iterator[Failure]:
    """What is left after the next run, which nothing disturbs."""
    case, function = played.case, played.function
    (code, log), (again, said) = played.after
    if code:
        yield Failure(LEFT, f"the next run ends with {code}: {log.strip().splitlines()[-2:]}")
        return
    if again or "nothing to do" not in said:
        yield Failure(LEFT, f"a second run finds something to do, and ends with {again}")
    done = {n for n, actor in enumerate(played.actors) if actor.code == 0 and case.brought(n)}
    done.add(played.next)
    aliases = {case.alias(n) for n in done} | (set() if case.has_first else {"live"})
    aliases |= {"beta"} if case.aliases and not case.has_first else set()
    aliases -= {LATEST}
    tested = any(case.alias(n) == LATEST for n in done)  # there the tag stands for an alias
    urls = {case.alias(n) for n in done if case.runs[n].action.name == "first"}
    there = function.there()
    expected: dict[str, list[str]] = {
        "tags": ["lambda-fast-deploy:tested"] if tested else [],
        "aliases": sorted(aliases),
        "urls": sorted(urls),
        "permissions": sorted(
            f"{alias}: public-url-{each}"
            for alias in urls
            for each in ("InvokeFunction", "InvokeFunctionUrl")
        ),
    }
    for what, wanted in expected.items():
        if there.get(what) != wanted:
            yield Failure(LEFT, f"{what}: there is {there.get(what)} instead of {wanted}")
    alias = case.alias(played.next)
    if alias != LATEST and len(played.users.aliases) == 1:
        latest, live = function.configuration(), function.configuration(alias)
        for key in ("CodeSha256", "Environment", "Layers"):
            by_hand = key == "Environment" and any(each.is_by_hand for each in played.actors)
            if _settings(latest, key) != _settings(live, key) and not by_hand:
                yield Failure(LEFT, f"{key} of $LATEST is not what users have, for good")


def _settings(configuration: Mapping[str, Any], key: str) -> object:
    """A setting of a function; an environment without variables is the same as none."""
    value = configuration.get(key)
    return value or None if key != "Environment" else (value or {}).get("Variables") or None
