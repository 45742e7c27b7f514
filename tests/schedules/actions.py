"""What a run does: eight kinds of runs, each of which may pass its tests or not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

GOOD = "good"
BAD = "bad"  # a test fails before users meet what it brings
LATE = "late"  # a test fails where users meet it
DEPLOY = ("deploy",)

OLD, NEW = "idna==3.9", "idna==3.10"  # what the two versions of the layer hold

CONFIG = """\
{layers}functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11{attached}}}
    role: {role}
    alias: {alias}
    {more}
    tests: [{tests}]
tests:
  answers: {{http: /, headers: {{User-Agent: "{agent}"}}, within: 5s}}
  refuses: {{command: ["false"]}}
  fails: {{http: "{fails}", within: 100ms}}
"""
LAYERS = "layers: {{{name}: {{requirements: [{requirement}], runtime: python3.11}}}}\n"
CODE = """\
import json, os
def handler(event, context):
    said = {{"release": "{release}", "setting": os.environ.get("SETTING")}}
    return {{"statusCode": 200, "body": json.dumps(said)}}
"""


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
        Action("canary", more="canary: {{weight: 50%, for: 1s}}"),
        Action("latest"),
        Action("clean", more="keep: 1"),
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


@dataclass(frozen=True)
class Project:
    """A checkout, with what it deploys."""

    root: Path
    name: str
    alias: str
    requirement: str = ""  # of its layer, if it has one

    def write(
        self,
        release: str,
        more: str = "",
        flavour: str = GOOD,
        agent: str = "",
        fails: str = "",
    ) -> None:
        """Write its files: ``more`` is of the function, ``agent`` and ``fails`` of its tests."""
        tests = {GOOD: "answers", BAD: "answers, refuses", LATE: "answers, fails"}[flavour]
        layers = LAYERS.format(name=self.name, requirement=self.requirement)
        config = CONFIG.format(
            name=self.name,
            alias=self.alias,
            role=os.environ["LAB_ROLE_ARN"],
            more=more,
            tests=tests,
            agent=agent,
            fails=fails or "http://127.0.0.1:9",
            layers=layers if self.requirement else "",
            attached=f", layers: [{self.name}]" if self.requirement else "",
        )
        (self.root / "src").mkdir(parents=True, exist_ok=True)
        (self.root / "lambda-deploy.yml").write_text(config)
        (self.root / "src/app.py").write_text(CODE.format(release=release))
