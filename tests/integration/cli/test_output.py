"""Telling never changes what is done, nor how it is judged; and what is told is so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import LONGEST, Project, Run, faults
from tests.zygote import zygote

ENGINE = [sys.executable, "-m", "lambda_fast_deploy"]
STREAMS = ("stdout", "stderr")
CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11{layers}}}
    role: {role}
{more}
"""
TEST = '    tests: [works]\ntests:\n  works: {{command: [sh, -c, "{command}"], within: 20s}}\n'
CODE = "def handler(event, context): return {release!r}\n"


@dataclass
class Telling(Project):
    """A project of which a run tells its streams and files in ways that fail."""

    root: Path
    name: str
    streams: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, more: str = "", layers: str = "", head: str = "") -> None:
        role = os.environ["LAB_ROLE_ARN"]
        text = CONFIG.format(name=self.name, role=role, more=more, layers=layers)
        self.write("lambda-deploy.yml", head + text)

    def release(self, release: str) -> None:
        self.write("src/app.py", CODE.format(release=release))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it as a program of its own, which gets signals."""
        return subprocess.Popen(
            [*ENGINE, *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, *arguments: str) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            out, log = Path(folder, "out"), Path(folder, "log")
            run = zygote().start(
                list(arguments),
                self.root,
                {**os.environ, **self.environment},
                log,
                self.streams.get("stdout", out),
                self.streams.get("stderr"),
            )
            code = run.wait(LONGEST)
            said, told = (each.read_text() if each.exists() else "" for each in (out, log))
        print(said, told)
        return Run(code, said, told, {}, [])


@pytest.fixture
def project(tmp_path: Path, name: str) -> Telling:
    made = Telling(tmp_path / "project", name)
    made.configure()
    made.release("one")
    return made


@contextmanager
def _stream(name: str, fault: str) -> Iterator[dict[str, int]]:
    if fault == "full":
        file = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, file = os.pipe()
        os.close(reading)
    yield {name: file}
    os.close(file)


@contextmanager
def _breaking(project: Telling, what: str, fault: str, tmp_path: Path) -> Iterator[None]:
    """Ways of telling that fail: a stream, or all the files that a workflow gives to be written."""
    if what in STREAMS:
        with _stream(what, fault) as project.streams:
            yield
        return
    page = output = "/dev/full" if fault == "full" else str(tmp_path)
    project.environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": page,
        "GITHUB_OUTPUT": output,
        "RUNNER_TEMP": "/dev/full" if fault == "full" else str(tmp_path / "nowhere"),
    }
    yield


BROKEN = [(what, fault) for what in STREAMS for fault in ("gone", "full")]
BROKEN += [("files", fault) for fault in ("full", "directory")]
SAYS = {
    "files": [
        "the step summary (GITHUB_STEP_SUMMARY) cannot be written: ",
        "the outputs (GITHUB_OUTPUT) cannot be written: ",
        ".json cannot be written: ",
    ],
    "stdout": ["stdout cannot be written, so the result is incomplete: "],
    "stderr": [],
}


@pytest.mark.parametrize(("what", "fault"), BROKEN)
def test_a_way_of_telling_that_fails_changes_neither_aws_nor_the_exit_code(
    project: Telling, what: str, fault: str, tmp_path: Path, aws: Any
) -> None:
    def run(command: str) -> tuple[int, str, str]:
        """Exit code, what users and the function have, and what a person can read."""
        done = project.end(command, *(["--json"] if what == "stdout" else []))
        assert [says for says in SAYS[what] if says not in done.log] == []
        assert "Traceback" not in done.log
        found = aws.list_versions_by_function(FunctionName=project.name)["Versions"]
        live = aws.get_alias(FunctionName=project.name, Name="live")["FunctionVersion"]
        has = f"{live} of {len(found) - 1}, {found[0]['CodeSha256']}"
        return done.code, has, done.out if what == "stderr" else done.log

    with _breaking(project, what, fault, tmp_path):
        code, first, seen = run("deploy")
        assert (code, first[:6]) == (0, "1 of 1")
        assert f"{project.name}: live now serves version 1, in " in seen
        project.release("two")
        code, now, seen = run("plan")
        assert (code, now) == (0, first)
        assert "Planned only: " in seen
        project.configure(TEST.format(command="exit 1"))
        code, now, seen = run("deploy")
        assert (code, now) == (1, first)
        assert f"{project.name}: failed and rolled back, live still serves version 1, in " in seen
        project.configure("    memory: much\n")
        code, now, seen = run("deploy")
        assert (code, now) == (2, first)
        assert "lambda-deploy.yml:5: " in seen


READING = [
    *("plan", "status", "doctor", "policy --account 123456789012", "sizes --json"),
    *("layers list", "schema", "completion bash", "--version"),
]


@pytest.mark.parametrize("command", READING)
def test_a_command_that_only_tells_ends_as_if_it_had_told(project: Telling, command: str) -> None:
    undisturbed = project.end(*command.split())
    with _stream("stdout", "full") as project.streams:
        full = project.end(*command.split())
    assert full.code == undisturbed.code
    assert "Traceback" not in full.log
    assert undisturbed.out == "" or "stdout cannot be written" in full.log
    with _stream("stdout", "gone") as out, _stream("stderr", "gone") as log:
        project.streams = out | log
        assert project.end(*command.split()).code == undisturbed.code


def test_steps_of_one_job_have_reports_of_their_own(project: Telling, tmp_path: Path) -> None:
    output = tmp_path / "output"
    project.environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(output),
        "RUNNER_TEMP": str(tmp_path),
    }
    for _ in range(2):
        assert project.end("plan").code == 0
    lines = output.read_text().splitlines()
    reports = {lines[i + 1] for i, line in enumerate(lines) if line.startswith("report<<")}
    assert len(reports) == 2
    assert {str(path) for path in tmp_path.glob("lambda-fast-deploy-report-*.json")} == reports


# ------------------------------------------------------------ what stops a run


def told(running: subprocess.Popen[str], text: str) -> str:
    """What a run tells until a text comes, which must come."""
    assert running.stderr
    said = ""
    for line in running.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(said)


@pytest.fixture
def hung_up() -> Iterator[None]:
    """A hangup ends programs, also where these tests are run by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hung_up")
@pytest.mark.parametrize("stop", [signal.SIGHUP, signal.SIGQUIT])
def test_a_hangup_undoes_what_was_begun(project: Telling, aws: Any, stop: signal.Signals) -> None:
    project.deploy()
    project.release("two")
    project.configure("    canary: {weight: 50%, for: 60s}\n")
    with project.begin("deploy") as running:
        told(running, "0 calls")
        assert aws.get_alias(FunctionName=project.name, Name="live").get("RoutingConfig")
        running.send_signal(stop)
        said = told(running, "failed and rolled back, live still serves version 1")
    assert running.returncode == 1
    assert f"Received {stop.name}: stopping and rolling back." in said
    alias = aws.get_alias(FunctionName=project.name, Name="live")
    assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    assert alias["FunctionVersion"] == "1"


def test_who_asked_that_a_hangup_is_passed_over_is_heard(project: Telling) -> None:
    project.configure(TEST.format(command="while [ ! -e go ]; do sleep 0.05; done"))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; children have it, too
    try:
        running = project.begin("deploy")
    finally:
        signal.signal(signal.SIGHUP, before)
    with running:
        told(running, "sh is running")
        running.send_signal(signal.SIGHUP)
        project.write("go", "")
        told(running, "live now serves version 1")
    assert running.returncode == 0


# ------------------------------------------------------------ what was touched

DENIED = {
    "status": 403,
    "headers": {"x-amzn-errortype": "AccessDeniedException"},
    "body": json.dumps({"Message": "User: u is not authorized to perform: lambda:X"}),
}
LAYERS = "layers:\n  {name}-a: {{requirements: [idna==3.10], runtime: python3.11}}\n"
OTHER = "  {name}-b: {{requirements: [six==1.17.0], runtime: python3.11}}\n"


def test_a_run_that_published_a_layer_does_not_say_that_nothing_was_touched(
    project: Telling, name: str, aws: Any
) -> None:
    project.configure(
        layers=f", layers: [{name}-a, {name}-b]", head=(LAYERS + OTHER).format(name=name)
    )
    with faults({"operation": "PublishLayerVersion", "times": 9, **DENIED}):
        run = project.deploy()
        assert run.code == run.report["exit_code"] == 3
        assert "These changes were made before" not in run.log
    with faults({"operation": "PublishLayerVersion", "skip": 1, "times": 9, **DENIED}):
        run = project.deploy()
    assert run.code == run.report["exit_code"] == run.report["error"]["exit_code"] == 1
    made = [f"{name}-{x}" for x in "ab" if _layer_versions(aws, f"{name}-{x}")]
    assert len(made) == 1
    says = "These changes were made before and stay for the next run:\n  - publish layer version"
    assert f"{says} {made[0]} in " in run.log
    assert "no permission for lambda:" in run.log
    assert "Not deployed. No function was changed." in run.log
    again = project.deploy()
    assert again.code == 0
    assert again.changes.count("PublishLayerVersion") == 1


def _layer_versions(aws: Any, layer: str) -> list[int]:
    return [v["Version"] for v in aws.list_layer_versions(LayerName=layer)["LayerVersions"]]


def test_a_prune_that_is_denied_tells_what_it_has_deleted(
    project: Telling, name: str, aws: Any, tmp_path: Path
) -> None:
    layer = f"{name}-a"
    project.configure(layers=f", layers: [{layer}]", head=LAYERS.format(name=name))
    project.deploy()
    first = aws.list_layer_versions(LayerName=layer)["LayerVersions"][0]
    zipped = tmp_path / "code.zip"
    subprocess.run(["zip", "-q", str(zipped), "app.py"], cwd=project.root / "src", check=True)
    for _ in range(4):
        aws.publish_layer_version(
            LayerName=layer,
            Description=first["Description"],
            Content={"ZipFile": zipped.read_bytes()},
        )
    with faults({"operation": "DeleteLayerVersion", **DENIED}):
        run = project.run("layers", "prune")
    assert run.code == 3
    assert "deleted 0 of 5 versions" in run.log
    with faults({"operation": "DeleteLayerVersion", "skip": 1, **DENIED}):
        run = project.run("layers", "prune", "--json")
    assert run.code == 1
    assert {each["version"]: each["deleted"] for each in json.loads(run.out)} == {
        **dict.fromkeys("1235", False),
        "4": True,
    }
    assert sorted(_layer_versions(aws, layer)) == [1, 2, 3, 5]
    assert "deleted 1 of 5 versions" in run.log
    assert f"- delete layer version {layer} 4 in " in run.log
    assert "no permission for lambda:" in run.log


# ------------------------------------------------------------ what was undone


def test_a_change_that_was_refused_is_not_undone(project: Telling, name: str) -> None:
    project.deploy()
    project.release("two")
    with faults({"operation": "UpdateFunctionCode", **DENIED}):
        run = project.deploy()
    assert run.code == 1
    assert (run.function["outcome"], run.function["rolled_back"]) == ("failed", [])
    assert f"{name}: failed, live still serves version 1" in run.log
    assert "nothing was changed" in run.log


@pytest.fixture
def failing(project: Telling) -> Callable[[], subprocess.Popen[str]]:
    """A deployment that waits in its test, and fails once the file ``go`` is there."""

    def begin() -> subprocess.Popen[str]:
        project.configure(TEST.format(command="while [ ! -e go ]; do sleep 0.05; done; exit 1"))
        running = project.begin("deploy", "--report", str(project.root / "report.json"))
        told(running, "sh is running")
        return running

    return begin


def test_what_somebody_else_has_deployed_is_not_told_as_undone(
    project: Telling, name: str, aws: Any, failing: Callable[[], subprocess.Popen[str]]
) -> None:
    project.deploy()
    project.release("two")
    with failing() as running:
        theirs = aws.publish_version(FunctionName=name)["Version"]  # that of this run
        aws.update_alias(FunctionName=name, Name="live", FunctionVersion=theirs)
        project.write("go", "")
        said = told(running, f"{name}: failed")
    found = json.loads((project.root / "report.json").read_text())["functions"][0]
    theirs_now = "kept, because another deployment has changed it since"
    spared = f"code of {name}: {theirs_now}"
    assert found["spared"] == [f"version {theirs} of {name}: {theirs_now}", spared]
    assert not any(each.startswith("code of") for each in found["rolled_back"])
    assert (found["version"], found["serves"]) == (theirs, "other")
    assert f"  not rolled back: {spared}\n" in said
    assert "still serves" not in said


def test_an_undo_that_failed_names_what_is_left(
    project: Telling, name: str, failing: Callable[[], subprocess.Popen[str]]
) -> None:
    project.deploy()
    project.release("two")
    with failing() as running, faults({"operation": "DeleteFunction", **DENIED}):
        project.write("go", "")
        said = told(running, f"{name}: failed, rollback incomplete: 1 change needs a manual fix")
    assert running.returncode == 4
    rollback = f"rollback:{name} (us-east-1): FAILED: code of {name}; fix manually: version 2"
    assert f"roll back {rollback} of {name}\n" in said
