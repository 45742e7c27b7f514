"""Carry a schedule out: one run goes on at a time, and users call in between."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3

from lab.schedule import Held, Late
from tests.schedules.actions import BASE, DEPLOY, GOOD
from tests.schedules.actor import ALONE, LOOK, PATIENCE, Actor, Hand
from tests.schedules.case import NAMES, Case, Switch
from tests.schedules.function import Beginnings, Function
from tests.schedules.projects import NEW, OLD, Project
from tests.schedules.users import Users
from tests.zygote import Process, Zygote

LONGEST = 120.0  # seconds of a run that nothing disturbs


@dataclass
class Played:
    """What came of a schedule. ``order`` tells all events as they happened."""

    case: Case
    function: Function
    actors: list[Actor]
    users: Users
    order: list[str] = field(default_factory=list)
    ended: Ended | None = None
    next: int = 0  # the number of the run that the next runs are like
    after: list[tuple[int, str]] = field(default_factory=list)  # codes and logs of the next runs


@dataclass(frozen=True)
class Ended:
    """What there was when all runs had ended.

    ``weights`` are aliases that lead a part of their users elsewhere.
    """

    weights: tuple[str, ...]
    set_by_hand: bool


class Player:
    """Plays schedules, each with a function of its own; for many threads."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self._zygote = zygote
        self._folder = folder
        # Read once: pytest writes to it while schedules are played in threads of their own.
        self._environment = dict(os.environ)
        self._beginnings = Beginnings(folder, self._deploy)

    def play(self, case: Case) -> Played:
        """Carry a schedule out, and let runs follow that nothing disturbs."""
        played = self._begun(case)
        try:
            for who in _turns(case.switches, played):
                _advance(played.actors[NAMES.index(who)], played)
            played.ended = _ended(played.function, played.users.aliases)
            self._follow(played)
        finally:
            _free(played)
        return played

    def alone(self, case: Case, number: int) -> list[str]:
        """The events of one run of a case, where the case begins, with nothing beside it."""
        played = self._begun(case)
        actor = played.actors[number]
        try:
            while actor.code is None:
                _wait(actor, played, ALONE)
        finally:
            _free(played)
            self.remove(played)
        return actor.events

    def _begun(self, case: Case) -> Played:
        """The function that a case is about, and its runs, yet to be started."""
        name = f"s-{secrets.token_hex(4)}"
        if case.has_first:
            function = Function(name)
        elif case.is_stack:
            function = self._beginnings.of_stack(name)
        else:
            function = self._beginnings.copy(name, layer=case.has_layer, aliases=case.aliases)
        root = self._folder / name
        actors = [self._actor(case, number, function, root) for number in range(len(case.runs))]
        played = Played(case, function, actors, Users(case, function, actors))
        played.users.call()
        return played

    def remove(self, played: Played) -> None:
        """Take away what a schedule has made."""
        if played.case.is_stack:
            boto3.client("cloudformation").delete_stack(StackName=played.function.name)
        else:
            played.function.remove()
        shutil.rmtree(self._folder / played.function.name, ignore_errors=True)

    def _actor(self, case: Case, number: int, function: Function, root: Path) -> Actor:
        who, choice, name = NAMES[number], case.runs[number], function.name

        def begin(held: Held) -> Process:
            project = self._project(case, number, name, root / who)
            mine = case.mine(number)
            release = mine if choice.action.brings == "release" else BASE.release
            more = choice.action.more.format(setting=mine)
            agent, fails = held.headers["User-Agent"], held.fails
            project.write(release, more, choice.flavour, agent, fails)
            log = root / f"{who}.log"
            environment = {**self._environment, **held.environment}
            return self._zygote.start(list(choice.action.command), project.root, environment, log)

        if not choice.action.command:  # by hand
            return Hand(who, choice, Held(f"{name}-{who}"), begin, change=function.set_by_hand)
        return Actor(who, choice, Held(f"{name}-{who}"), begin)

    def _project(self, case: Case, number: int, name: str, root: Path) -> Project:
        """The checkout of a run; beside ``layers prune`` it goes back to an older layer."""
        older = case.runs[number].action.brings
        requirement = (OLD if older else NEW) if case.has_layer else ""
        return Project(root, name, case.alias(number), requirement, case.is_stack)

    def _follow(self, played: Played) -> None:
        """Deploy what users should have by now, with tests that pass; then the same again.

        That is what the last run that succeeded has brought; or what the first one wanted to.
        """
        case, name = played.case, played.function.name
        done = [a for a in played.actors if a.code == 0 and a.choice.action.brings]
        done.sort(key=lambda actor: played.order.index(f"{actor.who} ends with 0"))
        number = played.next = NAMES.index(done[-1].who) if done else 0
        root, choice, mine = self._folder / name, case.runs[number], case.mine(number)
        project = self._project(case, number, name, root / "next")
        release = mine if choice.action.brings == "release" else BASE.release
        # Nobody calls meanwhile, so a canary would see nothing.
        more = "" if choice.action.name == "canary" else choice.action.more.format(setting=mine)
        project.write(release, more, GOOD)
        for turn in (1, 2):
            log = root / f"next-{turn}.log"
            code = self._run(project.root, log)
            played.after.append((code, log.read_text()))

    def _deploy(self, root: Path) -> None:
        log = root / "log"
        if self._run(root, log) != 0:
            raise AssertionError(log.read_text())

    def _run(self, root: Path, log: Path) -> int:
        """Deploy a project alone; its exit code."""
        return self._zygote.start(list(DEPLOY), root, self._environment, log).wait(LONGEST)


def _free(played: Played) -> None:
    """Let all that is held go: a run that nobody plays on ends by itself."""
    for actor in played.actors:
        if actor.code is None:
            actor.held.free()


def _ended(function: Function, aliases: list[str]) -> Ended:
    routes = {alias: (function.alias(alias) or {}).get("RoutingConfig") for alias in aliases}
    weights = [
        alias for alias, each in routes.items() if (each or {}).get("AdditionalVersionWeights")
    ]
    return Ended(tuple(weights), function.has_been_set_by_hand())


def _turns(switches: tuple[Switch, ...], played: Played) -> Iterator[str]:
    """Whose turn it is, until all have ended."""
    actors = {actor.who: actor for actor in played.actors}
    for switch in switches:
        actor = actors[switch.who]
        while actor.code is None and len(actor.events) < switch.event:
            yield switch.who
    last = [switch.who for switch in switches][-1:]
    for who in sorted(actors, key=lambda who: who in last):
        while actors[who].code is None:
            yield who


def _wait(actor: Actor, played: Played, patience: float) -> None:
    """Let a run go on to its next event; users go on calling while it only looks.

    Raises:
        Late: it has come to none within ``patience`` seconds.
    """
    until = time.monotonic() + patience
    while True:
        try:
            actor.advance(LOOK)
            return
        except Late:
            if time.monotonic() > until:
                raise
            played.users.call()


def _advance(actor: Actor, played: Played) -> None:
    """Let a run go on to its next event; if it waits for others, let those go on until it can."""
    if not actor.has_begun:
        played.order.append(f"{actor.who} starts")
        played.users.begins(actor)
    else:
        played.order.append(f"{actor.who} {actor.events[-1]}")
    while True:
        try:
            is_alone = not any(each.is_under_way for each in played.actors if each is not actor)
            _wait(actor, played, ALONE if is_alone else PATIENCE)
            break
        except Late:
            others = [each for each in played.actors if each.is_under_way and each is not actor]
            if not others:
                raise
            played.order.append(f"{actor.who} waits")
            _advance(others[0], played)
    if actor.code is not None:
        played.order.append(f"{actor.who} ends with {actor.code}")
    played.users.call()
    if actor.code is not None:
        played.users.ended(actor)
