"""Every diagram of a page is one that Mermaid can draw."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.mermaid import mermaid
from lambda_fast_deploy.errors import DeployFailed
from lambda_fast_deploy.models import Action, Outcome, PastVersion, Plan, Speed, Step
from lambda_fast_deploy.report.page import summary
from lambda_fast_deploy.run_log import RunLog
from tests.unit import make
from tests.unit.report.baits import BAITS

HERE = Path(__file__).parent
DRAWN = [
    page
    for page in sorted((HERE.parents[1] / "docs").rglob("*.md"))
    if "```mermaid" in page.read_text()
]
HOSTILE = 'a:b;c#d%%e`"f\n{g}[h](i)<j>|k&l;\u202e🚀 --> m'


@pytest.fixture(scope="session")
def renderer() -> Path:
    """A folder with Mermaid, installed from its lock."""
    folder = mermaid()
    shutil.copy(HERE / "render.mjs", folder)
    return folder


def render(renderer: Path, page: str) -> int:
    """How many diagrams of a page could be drawn; all, or it fails."""
    diagrams = re.findall(r"^```mermaid\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["node", "render.mjs"],
        cwd=renderer,
        input=json.dumps(diagrams),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("page", DRAWN, ids=lambda path: path.stem)
def test_the_pages_of_the_documentation_can_be_drawn(renderer: Path, page: Path) -> None:
    assert render(renderer, page.read_text(encoding="utf-8")) >= 1


def test_a_diagram_of_what_others_say_can_be_drawn(renderer: Path) -> None:
    run_log = RunLog()
    for bait in (*BAITS, "click x href", "section x", "title x", "%%{init: {}}%%", "end"):
        with run_log.work(f"resource:{bait}", "update", bait, make.REGION) as detail:
            detail(bait)
    past = tuple(PastVersion(bait, 9.0, Speed(0.4, 0.01), 100) for bait in BAITS)
    delivery = make.delivery(history=past, speed=Speed(0.5))
    packages = {"layer": {bait: 1_000_000 + n for n, bait in enumerate(BAITS)}}
    page = summary(Outcome(Plan(()), (delivery,), packages=packages), run_log)
    assert render(renderer, page) == 3


@pytest.mark.parametrize("name", ["orders", HOSTILE])
@pytest.mark.parametrize("functions", [1, 40])
def test_every_diagram_can_be_drawn_whatever_the_names(
    renderer: Path, name: str, functions: int
) -> None:
    run_log = RunLog()
    for number in range(functions * 3):
        with run_log.work(f"code:{name}{number}", "update", HOSTILE, make.REGION) as detail:
            detail(HOSTILE)
    with pytest.raises(DeployFailed), run_log.work(f"test:{name}:{name}", "test"):
        raise DeployFailed(HOSTILE)
    past = tuple(PastVersion(str(n), 9.0, Speed(0.4, 0.01), 100) for n in range(4))
    deliveries = tuple(
        make.delivery(function=name, history=past, speed=Speed(0.5)) for _ in range(functions)
    )
    steps = (Step(f"code:{name}", make.REGION, Action.UPDATE, HOSTILE),)
    sizes = {"deps": {name: 3_000_000, "x": 0}}
    page = summary(Outcome(Plan(steps), deliveries, packages=sizes), run_log)
    assert render(renderer, page) == (3 if functions == 1 else 2)
