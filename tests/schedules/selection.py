"""Which schedules there are, and which of them are carried out."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.schedules.actions import ACTIONS, Action
from tests.schedules.case import NAMES, Case, Choice, Switch

# How many events a run comes to when nothing disturbs it, where it stands in a case.
Events = Callable[[Case, int], int]
AGAIN = 0.05  # how often one that has been drawn is drawn again: where there are few, that ends it


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
        """How many schedules there are with so many switches, by the events of runs alone."""
        total = 0
        for case in self.runs():
            mine, theirs = events(case, 0), events(case, 1)
            if switches == 1:
                total += mine + 1  # B can be over before A starts
            else:
                total += math.comb(mine, (switches + 1) // 2) * math.comb(theirs, switches // 2)
        return total

    def drawn(self, chance: random.Random, events: Events, switches: int) -> Iterator[Case]:
        """Schedules without end, evenly over who runs; none comes twice in the first hundreds."""
        cases, seen = self.runs(), set[Case]()
        while True:
            for case in chance.sample(cases, len(cases)):
                at = tuple(_switches(case, chance, events, switches))
                made = replace(case, switches=at)
                if made not in seen or chance.random() < AGAIN:
                    seen.add(made)
                    yield made


def _switches(case: Case, chance: random.Random, events: Events, number: int) -> Iterator[Switch]:
    """A to an event, B to one, A to a later one, and so on."""
    reached = {0: 0, 1: 0}
    for turn in range(number):
        run = turn % 2
        first = reached[run] + 1 if number > 1 else 0
        # One more than it comes to alone: beside another run it may do more.
        last = max(first, events(case, run) + (turn > 0))
        reached[run] = chance.randint(first, last)
        yield Switch(NAMES[run], reached[run])


def groups() -> list[Group]:
    """Every pair; where both lead users of an alias, also with an alias for each."""
    by_hand, stack = ACTIONS["hand"], ACTIONS["stack"]
    kinds = [each for each in ACTIONS.values() if each not in (by_hand, stack)]
    pairs = list(itertools.combinations_with_replacement(kinds, 2))
    lead = [pair for pair in pairs if not {"latest", "prune"} & {each.name for each in pair}]
    return [
        *(Group(pair) for pair in pairs),
        *(Group(pair, aliases=True) for pair in lead),
        Group((stack, stack)),
        *(Group((each, by_hand)) for each in kinds if each.name != "prune"),
    ]
