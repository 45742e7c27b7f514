"""Machines and trees that are not as they should be: deployed all the same, or told what to do."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.conftest import Tally
from tests.chaos.fleet import Fleet, Image
from tests.chaos.kinds import cause
from tests.support import faults

# Names that programs get wrong: with blanks, of other alphabets, like an option.
NAMES = ("with two  blanks.txt", "größe 値 🚀.txt", "-rf", "--help", 'it\'s "quoted" $HOME.txt')
LISTS = """\
import json, pathlib
def handler(event, context):
    found = sorted(p.name for p in pathlib.Path(__file__).parent.joinpath("data").iterdir())
    return {{"statusCode": 200, "body": json.dumps(
        {{"status": "ok", "release": "{release}", "found": found}})}}
"""


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    log: str


def deploy_in(
    fleet: Fleet, *wrap: str, report: str = "", changed: Mapping[str, str | None] | None = None
) -> Ended:
    """Deploy by way of another program; a variable that is ``None`` is taken away."""
    given = {**os.environ, **(changed or {})}
    arguments = ["--report", report] if report else []
    done = subprocess.run(
        [*wrap, sys.executable, "-m", "lambda_fast_deploy", "deploy", *arguments],
        cwd=fleet.project.root,
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    print(done.stderr)
    return Ended(done.returncode, done.stderr)


def mounted(script: str) -> tuple[str, ...]:
    """A program that runs what follows where ``script`` has mounted something, seen by it alone."""
    inside = f'{script} && cd "$PWD" && exec "$0" "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside)


@pytest.fixture
def fleet(root: Path, name: str) -> Fleet:
    """A zip function that is not there yet."""
    made = Fleet(root, name)
    made.next()
    return made


def survives(fleet: Fleet, ended: Ended, tally: Tally) -> None:
    """Hold that a run succeeded, and left nothing to do."""
    with tally.case("surroundings") as figures:
        assert ended.code == 0, cause(ended.log)
        fleet.settled()
        figures["succeeded"] += 1


def is_told(fleet: Fleet, ended: Ended, says: str, remedy: str, tally: Tally) -> None:
    """Hold that a run ended with what a person needs, and that the next one succeeds."""
    with tally.case("surroundings") as figures:
        assert ended.code in (1, 2, 3), ended.log
        assert says in cause(ended.log)
        assert remedy in ended.log
        assert "Traceback" not in ended.log
        assert not re.search("(fault of|bug in) lambda-fast-deploy", ended.log)
        fleet.converge()
        figures["told"] += 1


@pytest.mark.thorough
@pytest.mark.parametrize("variable", ["TMPDIR", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("size", ["4k", "400k"])
def test_a_full_disk_is_told(
    fleet: Fleet, tmp_path: Path, variable: str, size: str, tally: Tally
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    fleet.project.edit("lambda-deploy.yml", "idna==3.10", "idna==3.10, faker==37.1.0")
    wrap = mounted(f"mount -t tmpfs -o size={size} tmpfs {small}")
    ended = deploy_in(fleet, *wrap, changed={variable: str(small), "UV_CACHE_DIR": None})
    if ended.code == 0:
        survives(fleet, ended, tally)
    else:
        is_told(fleet, ended, "No space left on device", "The disk is full", tally)


def test_a_report_that_cannot_be_written_undoes_nothing(fleet: Fleet, tally: Tally) -> None:
    ended = deploy_in(fleet, report="/dev/full")
    assert cause(ended.log) == "/dev/full cannot be written: No space left on device"
    survives(fleet, ended, tally)


@pytest.mark.thorough
def test_a_workspace_that_cannot_be_written_is_enough(fleet: Fleet, tally: Tally) -> None:
    place = shlex.quote(str(fleet.project.root))
    wrap = mounted(f"mount --bind {place} {place} && mount -o remount,bind,ro {place}")
    survives(fleet, deploy_in(fleet, *wrap), tally)


@pytest.mark.parametrize(
    "user", [(), ("unshare", "--user", "--map-user=12345")], ids=["", "nobody"]
)
def test_without_a_home(fleet: Fleet, user: tuple[str, ...], tally: Tally) -> None:
    survives(fleet, deploy_in(fleet, *user, changed={"HOME": None, "XDG_CACHE_HOME": None}), tally)


@pytest.mark.thorough
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_off_stops_nothing_that_aws_takes(
    fleet: Fleet, seconds: int, tally: Tally
) -> None:
    with faults({"operation": ".*", "clock": seconds}):
        ended = deploy_in(fleet)
    survives(fleet, ended, tally)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than …"),
        ("RequestTimeTooSkewed", "The difference between the request time and ours is too large."),
    ],
)
def test_a_clock_that_aws_refuses_is_told(
    fleet: Fleet, code: str, message: str, tally: Tally
) -> None:
    body = json.dumps({"__type": code, "message": message})
    with faults({"operation": ".*", "status": 403, "body": body}):
        ended = deploy_in(fleet)
    assert ended.code == 3
    is_told(fleet, ended, "the clock of this machine is wrong", "Set the clock", tally)


@pytest.mark.thorough
def test_a_huge_commit_message_is_read(fleet: Fleet, tmp_path: Path, tally: Tally) -> None:
    message = "ü[a-flag" * 125_000 + "\n[test-all]\n"
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"head_commit": {"message": message}}))
    told: dict[str, str | None] = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event)}
    survives(fleet, deploy_in(fleet, changed=told), tally)


@pytest.mark.thorough
def test_five_thousand_files_are_a_context(fleet: Fleet, tally: Tally) -> None:
    _fill(fleet.project.root / "src")
    survives(fleet, deploy_in(fleet), tally)


@pytest.mark.thorough
@pytest.mark.docker
def test_five_thousand_files_are_a_context_of_docker(root: Path, name: str, tally: Tally) -> None:
    fleet = Image(root, name)
    fleet.next()
    _fill(root / "data")
    fleet.project.edit(
        "Dockerfile", "COPY --link app.py", "COPY --link data /var/task/data\nCOPY app.py"
    )
    survives(fleet, deploy_in(fleet), tally)


def _fill(folder: Path) -> None:
    for number in range(5000):
        place = folder / f"{number % 50}" / f"{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{number}\n")


def test_names_are_taken_as_they_are(tmp_path: Path, name: str, tally: Tally) -> None:
    fleet = Fleet(tmp_path / "- a tree of größe" / "project", name)
    fleet.next()
    for each in NAMES:
        fleet.project.write(f"src/data/{each}", each)
    fleet.project.write("src/app.py", LISTS.format(release=fleet.release))
    survives(fleet, deploy_in(fleet), tally)
    assert _found(fleet) == sorted(NAMES)


@pytest.mark.thorough
@pytest.mark.docker
def test_names_are_taken_as_they_are_by_docker(tmp_path: Path, name: str, tally: Tally) -> None:
    fleet = Image(tmp_path / "- a tree of größe" / "project", name)
    fleet.next()
    for each in (*NAMES, "two\nlines"):
        fleet.project.write(f"data/{each}", each)
    fleet.project.edit("Dockerfile", "COPY --link app.py", "COPY data /var/task/data\nCOPY app.py")
    fleet.project.write("app.py", LISTS.format(release=fleet.release))
    survives(fleet, deploy_in(fleet), tally)
    assert _found(fleet) == sorted((*NAMES, "two\nlines"))


def _found(fleet: Fleet) -> Any:
    answer = fleet.aws.invoke(FunctionName=fleet.name, Qualifier="live", Payload=b"{}")
    return json.loads(json.load(answer["Payload"])["body"])["found"]


def test_a_name_of_two_lines_is_told(fleet: Fleet, tally: Tally) -> None:
    odd = fleet.project.root / "src" / "two\nlines.txt"
    odd.write_text("")
    ended = deploy_in(fleet)
    odd.unlink()
    is_told(fleet, ended, r"two\nlines.txt", "rename it", tally)
