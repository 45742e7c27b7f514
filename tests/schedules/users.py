"""Users: they call whenever anything may have changed, and must get what has been proved."""

from __future__ import annotations

from lambda_fast_deploy.state import marks
from tests.schedules.actions import BASE, BEFORE, Content
from tests.schedules.actor import Actor
from tests.schedules.case import NAMES, Case
from tests.schedules.function import Function

LATEST = "$LATEST"


class Users:
    """The users of every alias that a schedule is about.

    ``now`` is what they get, by alias; ``at_end`` what they got when a run had ended, by its
    letter; ``way_back`` what they had before what they had when a run began. ``during`` is all that
    they got while a run was under way, and ``under_test`` what others were testing on its alias
    when it ended. ``problems`` are the answers that nobody should get.
    """

    def __init__(self, case: Case, function: Function, actors: list[Actor]) -> None:
        self.aliases = sorted({case.alias(number) for number in range(len(case.runs))})
        self.now: dict[str, Content | str] = {}
        self.at_end: dict[str, Content | str] = {}
        self.way_back: dict[str, list[Content]] = {}
        self.during: dict[str, list[Content | str]] = {}
        self.under_test: dict[str, list[Content]] = {}
        self.problems: list[str] = []
        self._case = case
        self._function = function
        self._actors = actors
        self._before: dict[Content, Content] = {} if case.has_first else {BASE: BEFORE}

    def call(self) -> None:
        """Let the users of each alias call."""
        for alias in self.aliases:
            said = self._function.served(alias)
            if problem := self._problem(alias, said):
                self.problems.append(f"{alias}: {problem}")
            was, self.now[alias] = self.now.get(alias), said
            for actor in self._actors:
                if actor.who in self.during and self._alias(actor) == alias:
                    self.during[actor.who].append(said)
            if isinstance(was, Content) and isinstance(said, Content) and was != said != BEFORE:
                self._before.setdefault(said, was)

    def begins(self, actor: Actor) -> None:
        """Note that a run begins; if it is a rollback, what there is to go back to."""
        self.during[actor.who] = []
        if actor.choice.action.name != "rollback":
            return
        found = self._function.alias(self._alias(actor))
        self.way_back[actor.who] = []
        if not found:
            return
        live = self._function.served(found["FunctionVersion"])
        if isinstance(live, Content):
            is_under_test = found["Description"].startswith(marks.UNDER_TEST)
            if is_under_test and live == BEFORE:  # by another rollback
                self.way_back[actor.who].append(live)
            elif live in self._before:
                self.way_back[actor.who].append(self._before[live])
            if (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
                self.way_back[actor.who].append(live)  # from the canary

    def ended(self, actor: Actor) -> None:
        """Note what users have when a run has ended."""
        alias = self._alias(actor)
        self.at_end[actor.who] = self.now[alias]
        self.under_test[actor.who] = [
            brought
            for number, other in enumerate(self._actors)
            if other.is_under_way
            and (other.has_proved or self._case.is_stack)  # a stack is live while it is tested
            and self._case.alias(number) == alias
            if (brought := self._case.brought(number))
        ]

    def _alias(self, actor: Actor) -> str:
        return self._case.alias(NAMES.index(actor.who))

    def _problem(self, alias: str, said: Content | str) -> str:
        """What is wrong with an answer, if anything."""
        case, actors = self._case, list(enumerate(self._actors))
        if said == "absent":
            done = [case.alias(n) for n, each in actors if each.code == 0 and case.brought(n)]
            may_be = case.has_first and alias not in done and not (alias == LATEST and done)
            return "" if may_be else said
        if isinstance(said, str):
            return said
        brought = [(actor, each) for n, actor in actors if (each := case.brought(n))]
        proved = alias == LATEST or case.is_stack  # whose users meet what is tested
        releases = {each.release for actor, each in brought if actor.has_proved or proved}
        # What a run says nothing of it takes as it finds it, and tests it with the rest.
        settings = {each.setting for _, each in brought}
        settings |= {None if case.has_first else BASE.setting}
        if not case.has_first:
            releases |= {BASE.release, BEFORE.release}
        if said.release in releases and said.setting in settings:
            return ""
        return f"{said}, which no test has passed"
