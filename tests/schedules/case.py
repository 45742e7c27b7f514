"""A schedule: who runs, and where one run waits for the others."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.schedules.actions import ACTIONS, Action, Content, content

NAMES = "ABC"
_SWITCH = re.compile(rf"([{NAMES}])(\d+)")


@dataclass(frozen=True)
class Choice:
    """A kind of run, and how its tests end."""

    action: Action
    flavour: str

    def __str__(self) -> str:
        return f"{self.action.name}-{self.flavour}"


@dataclass(frozen=True)
class Switch:
    """Run ``who`` until it is about to make its event ``event`` (1 is the first; 0: do not start
    it)."""

    who: str
    event: int

    def __str__(self) -> str:
        return f"{self.who}{self.event}"


@dataclass(frozen=True)
class Case:
    """Runs and switches. After the last switch its run waits until all others have ended.

    ``same``: all deploy the same. ``aliases``: each has an alias of its own.
    """

    runs: tuple[Choice, ...]
    switches: tuple[Switch, ...] = ()
    same: bool = False
    aliases: bool = False

    @property
    def has_first(self) -> bool:
        """Whether the function is not there when it begins."""
        return any(run.action.name == "first" for run in self.runs)

    @property
    def has_layer(self) -> bool:
        """Whether the function has a layer."""
        return any(run.action.name == "prune" for run in self.runs)

    @property
    def is_stack(self) -> bool:
        """Whether the function is of a stack."""
        return any(run.action.name == "stack" for run in self.runs)

    def alias(self, number: int) -> str:
        """Where users meet what a run deploys."""
        if self.runs[number].action.name == "latest":
            return "$LATEST"
        return "beta" if self.aliases and number else "live"

    def mine(self, number: int) -> str:
        """What a run calls its own release, or setting."""
        return NAMES[0] if self.same else NAMES[number]

    def brought(self, number: int) -> Content | None:
        """What a run brings."""
        return content(self.runs[number].action, self.mine(number))

    def __str__(self) -> str:
        words = [*map(str, self.runs), *(["same"] if self.same else [])]
        words += ["aliases"] if self.aliases else []
        return " ".join([*words, *map(str, self.switches)])

    @classmethod
    def parse(cls, text: str) -> Case:
        """The case that ``str`` has written."""
        words, runs, switches = text.split(), [], []
        for word in words:
            if match := _SWITCH.fullmatch(word):
                switches.append(Switch(match[1], int(match[2])))
            elif "-" in word:
                name, _, flavour = word.partition("-")
                runs.append(Choice(ACTIONS[name], flavour))
        return cls(tuple(runs), tuple(switches), "same" in words, "aliases" in words)
