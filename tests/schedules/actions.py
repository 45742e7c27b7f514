"""What a run does: kinds of runs, each of which may pass its tests or not."""

from __future__ import annotations

from dataclasses import dataclass

GOOD = "good"
BAD = "bad"  # a test fails before it receives traffic
LATE = "late"  # a test fails once it is live
DEPLOY = ("deploy",)


@dataclass(frozen=True)
class Action:
    """A kind of run.

    ``command`` is that of lambda-fast-deploy, or nothing if somebody changes the function by hand.
    ``more`` is what its configuration says of the function besides; ``brings`` is what is new.
    """

    name: str
    command: tuple[str, ...] = DEPLOY
    more: str = ""
    brings: str = "release"
    flavours: tuple[str, ...] = (GOOD, BAD, LATE)


ACTIONS = {
    action.name: action
    for action in (
        Action("first", more="url: public"),
        Action("code"),
        Action("configuration", more="environment: {{SETTING: {setting}}}", brings="setting"),
        Action("rollback", ("rollback",), brings=""),
        Action("canary", more="canary: {{weight: 99.9%, for: 3s}}"),
        Action("latest"),
        Action("clean", more="keep: 1"),
        Action("stack", flavours=(GOOD, BAD)),
        Action("prune", ("layers", "prune"), brings="", flavours=(GOOD,)),
        Action("hand", (), brings="", flavours=(GOOD,)),
    )
}


@dataclass(frozen=True)
class Content:
    """What users get: the code's release and a setting; ``None`` where a run leaves that alone."""

    release: str
    setting: str | None

    def matches(self, other: Content) -> bool:
        """Whether one can be the other."""
        settings = (self.setting, other.setting)
        return self.release == other.release and (None in settings or len({*settings}) == 1)

    def __str__(self) -> str:
        return f"release {self.release}, setting {self.setting}"


BEFORE = Content("one", "base")  # what users had before
BASE = Content("two", "base")  # what users have when a schedule begins


def content(action: Action, mine: str) -> Content | None:
    """What a run brings; ``mine`` is what it calls its own. Nothing, if it brings nothing new."""
    if action.brings == "release":
        return Content(mine, None)
    if action.brings == "setting":
        return Content(BASE.release, mine)
    return None
