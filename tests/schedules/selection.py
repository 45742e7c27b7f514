"""Which schedules there are, and which of them are carried out."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.schedules.actions import ACTIONS, Action
from tests.schedules.case import Case, Choice, Switch

# How many events a run comes to when nothing disturbs it, where it stands in a case.
Events = Callable[[Case, int], int]


@dataclass(frozen=True)
class Group:
    """All schedules of two kinds of runs."""

    actions: tuple[Action, Action]
    aliases: bool = False

    def __str__(self) -> str:
        names = " ".join(action.name for action in self.actions)
        return f"{names} aliases" if self.aliases else names

    def runs(self) -> list[Case]:
        """Who runs, in which order, and how their tests end; without switches yet."""
        cases = []
        for first, second in {self.actions, self.actions[::-1]}:
            brings = first.brings and first.brings == second.brings
            for mine, theirs, same in itertools.product(
                first.flavours, second.flavours, {False, bool(brings)}
            ):
                if first.command:  # what is done by hand is done at once: nothing is in its middle
                    choices = Choice(first, mine), Choice(second, theirs)
                    cases.append(Case(choices, (), same, self.aliases))
        return sorted(cases, key=str)

    def possible(self, events: Events, switches: int) -> int:
        """How many schedules there are."""
        total = 0
        for case in self.runs():
            number = events(case, 0) + 1
            if switches == 2:
                number = (number - 1) * events(case, 1)
            total += number
        return total

    def chosen(self, chance: random.Random, events: Events, switches: int) -> Iterator[Case]:
        """Schedules without end, drawn evenly; some may come twice."""
        cases = self.runs()
        while True:
            for case in chance.sample(cases, len(cases)):
                at = [Switch("A", chance.randint(switches - 1, events(case, 0)))]
                if switches == 2:
                    # One more than it comes to by itself: beside another run it may do more.
                    at.append(Switch("B", chance.randint(1, events(case, 1) + 1)))
                yield Case(case.runs, tuple(at), case.same, case.aliases)


def groups() -> list[Group]:
    """Every pair; where both lead users of an alias, also with an alias for each."""
    by_hand, kinds = ACTIONS["hand"], [a for a in ACTIONS.values() if a.command]
    pairs = list(itertools.combinations_with_replacement(kinds, 2))
    lead = [pair for pair in pairs if not {"latest", "prune"} & {each.name for each in pair}]
    return [
        *(Group(pair) for pair in pairs),
        *(Group(pair, aliases=True) for pair in lead),
        *(Group((each, by_hand)) for each in kinds if each.name != "prune"),
    ]
