"""Plans of what is not merged: no program but git is run, and AWS is only read.

Python's own audit hooks (PEP 578) tell every program that a run starts and every address that it
connects to, whichever library asks; the lab tells every call of AWS.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.repositories import committed, git, planted, program
from tests.support import LONGEST, requests_during
from tests.zygote import zygote

WATCH = """
import json, os, sys
log = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork")
def hear(event, values):
    if event in STARTS:
        said = ["starts", [str(word) for word in (values[1] if event == STARTS[0] else values)]]
    elif event == "socket.connect":
        said = ["connects", str(values[1])]
    else:
        return
    os.write(log, (json.dumps(said) + "\\n").encode())
sys.addaudithook(hear)
"""
READS = re.compile(
    "Get|List|Describe|BatchGet|Head|Simulate|GetAuthorizationToken|GetCallerIdentity"
)
PULL = {"GITHUB_REF": "refs/pull/7/merge"}
MAIN = {"GITHUB_REF": "refs/heads/main"}
QUEUE = {"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7"}
EVENTS = (
    ("pull_request", PULL),
    ("pull_request_target", MAIN),
    ("pull_request_review", PULL),
    ("pull_request_review_comment", PULL),
    ("merge_group", QUEUE),
    ("push", QUEUE),
    ("deployment", PULL),
    ("workflow_dispatch", {"GITHUB_REF": "refs/pull/7/head"}),
    ("an_event_to_come", {**MAIN, "GITHUB_HEAD_REF": "topic"}),
)
CODE = 'def handler(event, context):\n    return {"statusCode": 200, "body": "one"}\n'
TEMPLATE = """\
Metadata: {Long: LONG}
Resources:
  Greeter:
    Type: AWS::Lambda::Function
    Properties:
      {Code: src, Handler: app.handler, Runtime: python3.11, Role: ROLE, Description: one}
"""
WITH_IMAGE = (
    TEMPLATE.replace("Description: one", "Description: two")
    + """\
  Receipts:
    Type: AWS::Lambda::Function
    Properties: {PackageType: Image, Role: ROLE}
    Metadata: {Dockerfile: Dockerfile.app}
"""
)
FUNCTION = """\
functions:
  NAME:
    zip: {code: src, handler: app.handler, runtime: python3.11}
    role: ROLE
    url: public
    canary: {weight: 10%, for: 1s, alarms: [NAME-alarm]}
    keep: 2
    tests: [health, storage, smoke]
tests:
  health: {http: /health}
  storage: {s3: {bucket: only-reads, path: "/objects/{key}"}}
  smoke: {command: [touch, ran], when: {path: "*"}}
"""
LAYERS = """\
layers:
  NAME-deps: {requirements: requirements.txt, runtime: python3.11}
functions:
  NAME:
    zip: {code: src, handler: app.handler, runtime: python3.11, layers: [NAME-deps]}
    role: ROLE
"""
IMAGE = """\
bases:
  NAME-base: {dockerfile: Dockerfile.base, repository: NAME-base, tag: "3.11"}
functions:
  NAME: {image: {dockerfile: Dockerfile.app, repository: NAME, base: NAME-base}, role: ROLE}
"""
STACK = """\
stack: {template: template.yaml, name: NAME, capabilities: [CAPABILITY_IAM]}
artifacts: {bucket: only-reads, create: true}
"""
FILES = {
    "src/app.py": CODE,
    "requirements.txt": "idna==3.10\n",
    "Dockerfile.base": "FROM public.ecr.aws/lambda/python:3.13\n",
    "Dockerfile.app": "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE}\nCOPY src /var/task\n",
    "template.yaml": TEMPLATE,
    "outer.yaml": "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n"
    "    Properties: {TemplateURL: template.yaml}\n",
}
KINDS = {
    "zip": FUNCTION,
    "layers": LAYERS,
    "image": IMAGE,
    "stack": STACK,
    "nested": STACK.replace("template.yaml", "outer.yaml"),
}


@dataclass(frozen=True)
class Watched:
    """What a run did besides its exit code: programs that it started, places it connected to."""

    code: int
    log: str
    starts: list[list[str]]
    connects: list[str]


class Service:
    """A project below the top of a checkout, with all that could be run lying about in it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind, self.folder = kind, folder
        self.top, self.root = folder / "checkout", folder / "checkout" / "service"
        self.marker = folder / "ran"
        self.name = f"{kind}-{secrets.token_hex(4)}"
        committed(self.top, "a.py", "b.py")
        self.root.mkdir()
        planted(self.root, program(folder)[0])
        for file, text in {**FILES, "lambda-deploy.yml": KINDS[kind]}.items():
            self.write(file, text)
        tools = folder / "tools"
        tools.mkdir()
        for tool in ("docker", "uv", "npm", "docker-credential-desktop", "docker-credential-ecr"):
            shutil.copy2(folder / "program", tools / tool)
        (folder / "docker").mkdir()
        settings = {"credsStore": "desktop", "credHelpers": {"public.ecr.aws": "ecr"}}
        (folder / "docker" / "config.json").write_text(json.dumps(settings))

    def write(self, file: str, text: str) -> None:
        """Write a file, with the names of this project."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        for word, value in {
            "NAME": self.name,
            "ROLE": os.environ["LAB_ROLE_ARN"],
            "LONG": "x" * 60_000,
        }.items():
            text = text.replace(word, value)
        path.write_text(text)

    def run(self, *arguments: str, **environment: str) -> Watched:
        """Run a command, watched."""
        watched = self.folder / f"watched-{secrets.token_hex(4)}"
        log = watched.with_suffix(".log")
        around = {
            **os.environ,
            "PATH": f"{self.folder / 'tools'}{os.pathsep}{os.environ['PATH']}",
            "DOCKER_CONFIG": str(self.folder / "docker"),
            "WATCHED": str(watched),
            **environment,
        }
        run = zygote().start(list(arguments), self.root, around, log, hook=WATCH)
        code = run.wait(LONGEST)
        heard = [json.loads(line) for line in watched.read_text().splitlines()]
        return Watched(
            code,
            log.read_text(),
            [what for kind, what in heard if kind == "starts"],
            [what for kind, what in heard if kind == "connects"],
        )

    def check(self, done: Watched, *, code: int = 0) -> None:
        """Hold a run against what a plan may do."""
        print(done.log)
        assert done.code == code
        for command in done.starts:
            assert command[0] == "git"
            assert f"--git-dir={self.top / '.git'}" in command
        assert not self.marker.exists()
        assert not [each for each in done.connects if each.startswith("/")]  # Docker's socket


@pytest.fixture(scope="module", autouse=True)
def bucket() -> None:
    """The bucket that tests and stacks name."""
    boto3.client("s3").create_bucket(Bucket="only-reads")


@pytest.fixture
def service(tmp_path: Path) -> Callable[[str], Service]:
    """A project of some kind, with its alarm."""

    def made(kind: str) -> Service:
        found = Service(tmp_path, kind)
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{found.name}-alarm",
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        return found

    return made


def deployed(service: Service) -> None:
    """Deploy as main does; then the working tree differs in all that a plan looks at."""
    if service.kind != "image":  # which would need a Docker engine
        tools = service.folder / "tools"
        shutil.rmtree(tools)
        assert service.run("deploy", GITHUB_REF="refs/heads/main").code == 0
        tools.mkdir()
        for tool in ("docker", "uv", "npm"):
            shutil.copy2(service.folder / "program", tools / tool)
        service.marker.unlink(missing_ok=True)
    service.write("src/app.py", CODE.replace("one", "two"))
    service.write("requirements.txt", "idna==3.9\n")
    service.write("template.yaml", WITH_IMAGE)


def seen_by_aws(requests: list[dict[str, Any]]) -> set[str]:
    """The calls that are no reads."""
    return {each["operation"] for each in requests if not READS.match(each["operation"])}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_of_what_is_not_merged_only_reads(
    service: Callable[[str], Service], kind: str
) -> None:
    project = service(kind)
    first = project.run("plan", GITHUB_EVENT_NAME="pull_request", **PULL)
    project.check(first)
    deployed(project)
    before = git(project.top, "status", "--porcelain", "--ignored")

    def planned(event: tuple[str, dict[str, str]]) -> Watched:
        return project.run("deploy", GITHUB_EVENT_NAME=event[0], **event[1])

    with requests_during() as requests, ThreadPoolExecutor(2) as pool:
        done = list(pool.map(planned, EVENTS))
    for each in done:
        project.check(each)
        assert "is not deployed" in each.log
        assert any("log" in command for command in each.starts)
    assert requests
    assert not seen_by_aws(requests)
    assert git(project.top, "status", "--porcelain", "--ignored") == before


@pytest.mark.parametrize(
    ("kind", "arguments", "code"),
    [
        ("zip", ("rollback",), 0),
        ("zip", ("status",), 0),
        ("zip", ("doctor",), 0),
        ("zip", ("policy",), 0),
        ("zip", ("sizes",), 0),
        ("layers", ("sizes",), 3),
        ("layers", ("doctor",), 0),
        ("layers", ("layers", "prune"), 0),
        ("layers", ("layers", "detach", "{name}-deps"), 0),
        ("image", ("build", "base"), 0),
        ("image", ("doctor",), 0),
        ("stack", ("doctor",), 0),
        ("stack", ("status",), 0),
        ("stack", ("policy",), 0),
        ("stack", ("deploy", "--code-only"), 0),
        ("stack", ("deploy", "--change-set"), 0),
        ("stack", ("plan", "--change-set"), 0),
        ("stack", ("rollback",), 2),
    ],
)
def test_so_does_every_other_command(
    service: Callable[[str], Service], kind: str, arguments: tuple[str, ...], code: int
) -> None:
    project = service(kind)
    deployed(project)
    words = [word.format(name=project.name) for word in arguments]
    with requests_during() as requests:
        done = project.run(*words, GITHUB_EVENT_NAME="pull_request", **PULL)
    project.check(done, code=code)
    assert not seen_by_aws(requests)


def test_the_watch_sees_what_is_started(service: Callable[[str], Service]) -> None:
    project = service("zip")
    canary = next(line for line in FUNCTION.splitlines(True) if "canary" in line)
    project.write("lambda-deploy.yml", FUNCTION.replace(canary, ""))  # which would wait minutes
    done = project.run("deploy", GITHUB_REF="refs/heads/main", GITHUB_EVENT_NAME="push")
    assert ["touch", "ran"] in done.starts
    with requests_during() as requests:
        project.write("src/app.py", CODE.replace("one", "two"))
        project.run("deploy", GITHUB_REF="refs/heads/main", GITHUB_EVENT_NAME="push")
    assert "UpdateFunctionCode" in seen_by_aws(requests)
