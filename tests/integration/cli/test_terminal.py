"""What a person at a terminal sees, and what a script reads, of real runs on the lab."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from tests.support import Project, requests_during
from tests.terminal import Terminal

LAYER = "orders-dependencies"
ENGINE = [sys.executable, "-m", "lambda_fast_deploy"]
CHANGING = ("deploy", "build base", "rollback {name}", f"layers detach {LAYER}")
READING = ("plan", "status", "sizes", "layers list", "layers users", "layers prune --dry-run")
COMMANDS = (*CHANGING, *READING, f"layers rollback {LAYER}")
NO_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")


@pytest.fixture
def project(small: Project, name: str) -> Project:
    small.edit("lambda-deploy.yml", LAYER, f"{name}-deps")
    small.edit("src/app.py", "import idna\n", "")  # it can do without its layer
    small.edit("src/app.py", ', "idna": idna.__version__', "")
    return small


def at_terminal(**changes: str) -> dict[str, str]:
    """The environment of a person's shell."""
    return {**os.environ, "TERM": "xterm-256color", "CI": "", **changes}


def two_regions(project: Project) -> None:
    text = (project.root / "lambda-deploy.yml").read_text()
    project.write("lambda-deploy.yml", f"regions: [eu-west-1, us-east-1]\n{text}")


# ---------------------------------------------------------------- people


@pytest.mark.parametrize("columns", [80, 40])
def test_parallel_steps_are_seen_at_once_and_stay_when_they_ended(
    project: Project, name: str, columns: int
) -> None:
    two_regions(project)
    terminal = Terminal(columns, 40)
    code, out = terminal.run([*ENGINE, "deploy"], at_terminal(), project.root)
    assert (code, out) == (0, "")
    assert terminal.is_clean
    running = [[x for x in frame if x.startswith(SPINNER)] for frame in terminal.frames]
    assert any(len(lines) >= 2 for lines in running)
    for lines in running:
        assert len({line[10:] for line in lines}) == len(lines) or columns == 40
        assert all(len(line) < columns for line in lines)
    stayed = "".join(terminal.lines)
    assert not any(spinner in stayed for spinner in SPINNER)
    for region in ("eu-west-1", "us-east-1"):
        assert stayed.count(f"create function:{name} ({region}): ") == 1
    assert stayed.count(f"{name}: live now serves version 1") == 2


def test_a_failing_step_is_red_and_its_rollback_is_seen(project: Project, name: str) -> None:
    project.deploy()
    project.edit("src/app.py", '"ok"', '"broken"')
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    terminal = Terminal()
    code, _ = terminal.run([*ENGINE, "deploy"], at_terminal(), project.root)
    assert code == 1
    assert terminal.colour_of("FAILED: test") == "red"
    assert terminal.colour_of(f"roll back rollback:{name}") == "green"
    assert terminal.colour_of(f"{name}: failed and rolled back") == "red"
    assert any(f"test:{name}:health" in x for f in terminal.frames for x in f if x[0:1] in SPINNER)
    assert any("not yet: " in line for frame in terminal.frames for line in frame)
    assert terminal.is_clean


def test_without_colour_or_a_terminal_the_words_are_the_same(project: Project) -> None:
    project.deploy()
    plain = Terminal()
    assert plain.run([*ENGINE, "deploy"], at_terminal(NO_COLOR="1"), project.root)[0] == 0
    assert b"\x1b[3" not in plain.raw
    assert b"\x1b[2m" not in plain.raw
    dumb = Terminal()
    assert dumb.run([*ENGINE, "deploy"], at_terminal(TERM="dumb"), project.root)[0] == 0
    assert b"\x1b" not in dumb.raw
    log = project.deploy().log
    assert "\x1b" not in log

    def words(text: str) -> list[str]:
        return [line.split(" s ")[-1].partition(", in ")[0] for line in text.splitlines()]

    assert words("\n".join(plain.lines)) == words("\n".join(dumb.lines)) == words(log)


def test_ctrl_c_undoes_and_leaves_the_terminal_clean(project: Project, name: str) -> None:
    project.deploy()
    project.edit("src/app.py", '"ok"', '"broken"')
    terminal = Terminal()
    pressed: list[bool] = []

    def press(shown: list[str]) -> None:
        if not pressed and any("not yet: " in line for line in shown):
            pressed.append(True)
            terminal.press(b"\x03")

    code, _ = terminal.run([*ENGINE, "deploy"], at_terminal(), project.root, press)
    assert pressed
    assert code == 1
    said = "".join(terminal.lines)
    assert "Received SIGINT: stopping and rolling back." in said
    assert f"roll back rollback:{name}" in said
    assert "^C" not in said
    assert not any(spinner in said for spinner in SPINNER)
    assert terminal.is_clean


# ---------------------------------------------------------------- scripts


def document(project: Project, command: str, **environment: str) -> tuple[int, Any]:
    """Exit code and the one JSON document of a command."""
    run = project.run(*command.split(), "--json", **environment)
    return run.code, json.loads(run.out)


def test_with_json_stdout_is_one_document(project: Project, name: str) -> None:
    project.deploy()
    project.write("requirements.txt", "idna==3.9\n")
    project.edit("src/app.py", '"ok"', '"ok", "new": 1')
    for command in (*READING, "deploy", "rollback {name}", "deploy"):
        code, found = document(project, command.format(name=name))
        assert code == 0, command
        assert found, command
    for command in (f"layers rollback {name}-deps", f"layers detach {name}-deps", "build base"):
        code, found = document(project, command)
        assert (code, found["exit_code"], found["error"]) == (0, 0, None), command
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    project.edit("src/app.py", '"ok"', '"broken"')
    code, found = document(project, "deploy")
    assert (code, found["exit_code"]) == (1, 1)
    assert "failed" in found["functions"][0]["error"]


@pytest.mark.parametrize("command", COMMANDS)
def test_with_json_errors_are_a_document_too(project: Project, name: str, command: str) -> None:
    command = command.format(name=name)
    cases: list[tuple[int, str, str, dict[str, str]]] = [
        (2, f"{command} --regoin x", "did you mean --region?", {}),
        (2, f"{command} --config none.yml", "does not exist", {}),
    ]
    if command not in ("sizes", "build base"):  # they ask nobody: there is no base
        cases.append((3, command, "no AWS credentials", NO_CREDENTIALS))
    for wanted, typed, says, environment in cases:
        code, found = document(project, typed, **environment)
        assert code == found["exit_code"] == found["error"]["exit_code"] == wanted, typed
        assert says in found["error"]["message"]


# ---------------------------------------------------------------- status


def test_status_tells_what_users_have_and_changes_nothing(project: Project, name: str) -> None:
    two_regions(project)
    with requests_during() as requests:
        assert states(project) == [["does not exist"], ["does not exist"]]
    assert not [request for request in requests if request["mutating"]]
    project.deploy(GITHUB_SHA="0123456789abcdef0123456789abcdef01234567", GITHUB_ACTOR="Ada")
    assert states(project) == [[], []]
    project.edit("src/app.py", '"ok"', '"ok", "new": 1')
    project.edit("lambda-deploy.yml", "memory: 256", "memory: 512\n    description: takes orders")
    project.write("requirements.txt", "idna==3.9\n")
    with requests_during() as requests:
        run = project.run("status", name)
        found = json.loads(project.run("status", "--json").out)
    assert not [request for request in requests if request["mutating"]]
    differs = ["code differs", "configuration differs: description, memory",
               f"layer {name}-deps differs"]  # fmt: skip
    assert [each["differs"] for each in found] == [differs, differs]
    head, *rows = run.out.splitlines()
    assert head.split()[:4] == ["function", "region", "version", "age"]
    for row, region in zip(rows, ("eu-west-1", "us-east-1"), strict=True):
        assert row.split()[:3] == [name, region, "1"]
        assert "0123456  Ada  " in row
        assert row.endswith("; ".join(differs))
    assert found[0]["code"].startswith(rows[0].split(" Ada ")[1].split()[0])
    assert found[0]["speed"]["warm"] is not None
    assert project.deploy().code == 0
    assert states(project) == [[], []]


def states(project: Project) -> list[list[str]]:
    return [each["differs"] for each in json.loads(project.run("status", "--json").out)]


def test_status_tells_of_a_canary(project: Project, name: str, aws: Any) -> None:
    project.deploy()
    aws.update_function_configuration(FunctionName=name, Timeout=11)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    newer = aws.publish_version(FunctionName=name)["Version"]
    weights = {"AdditionalVersionWeights": {newer: 0.1}}
    aws.update_alias(FunctionName=name, Name="live", RoutingConfig=weights)
    canary = "canary: {weight: 10%, for: 1m, alarms: [no-such-alarm]}"
    project.edit("lambda-deploy.yml", "tests: [health]", f"tests: [health]\n    {canary}")
    assert project.run("plan").code == 3  # for want of the alarm, which status does not need
    assert "  1 (10 % on 2)  " in project.run("status").out


def test_an_unknown_function_of_status_names_the_nearest(project: Project, name: str) -> None:
    run = project.run("status", f"{name}x")
    assert run.code == 2
    assert f"did you mean {name!r}?" in run.log
