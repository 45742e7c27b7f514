"""A runner whose clock is wrong: AWS takes its signatures for five minutes, and no longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import LONGEST, Project, requests_during

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    tests: [health]
tests:
  health: {{http: /health, within: 8s}}
"""
CODE = "def handler(event, context): return {'statusCode': 200, 'body': '%s'}\n"
# Python's clock, and so that of all that the engine imports, is wrong from its start.
OFF = """\
import datetime, time
seconds, right = {seconds}, time.time
time.time = lambda: right() + seconds
class Wrong(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
datetime.datetime = Wrong
"""


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", CODE % "one")
    return made


def run(project: Project, seconds: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the engine on a machine whose clock is so many seconds ahead."""
    folder = project.root.parent / "clock"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(OFF.format(seconds=seconds))
    return subprocess.run(
        [sys.executable, "-m", "lambda_fast_deploy", *arguments],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )


@pytest.mark.parametrize("seconds", [240, -240])
def test_four_minutes_are_no_matter(project: Project, seconds: int) -> None:
    first = run(project, seconds, "deploy")
    assert first.returncode == 0, first.stderr
    project.write("src/app.py", CODE % "two")
    second = run(project, seconds, "deploy")
    assert second.returncode == 0, second.stderr
    assert "live now serves version 2" in second.stderr
    doctor = run(project, seconds, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "This machine's clock agrees with that of AWS within 2" in doctor.stdout  # 240 s


@pytest.mark.parametrize("seconds", [360, -360])
def test_six_minutes_are_told_before_anything_is_touched(project: Project, seconds: int) -> None:
    with requests_during() as requests:
        deploy = run(project, seconds, "deploy")
    assert deploy.returncode == 3, deploy.stderr
    assert "since the clock of this machine is wrong: Signature" in deploy.stderr
    assert "Set the clock" in deploy.stderr
    assert not any(each["mutating"] for each in requests)
    doctor = run(project, seconds, "doctor")
    assert doctor.returncode == 3
    assert "AWS refuses signatures that are off by more than five minutes" in doctor.stdout
