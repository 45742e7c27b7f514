"""Planted secrets appear nowhere in what a run produces, however it ends."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tarfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.secret import found_below, found_in, planted, token
from tests.support import Project, Run, faults

LOUD = """\
import base64, json, os, sys, urllib.parse
WORDS = sorted(v for k, v in os.environ.items() if k in ("DATABASE", "OF_INPUT"))
print(WORDS, json.dumps(WORDS), urllib.parse.quote(str(WORDS)), flush=True)
def handler(event, context):
    said = json.dumps(event["headers"])
    print(event, said, base64.b64encode(said.encode()).decode())
    for word in WORDS:
        print("x" * 180, word, base64.b64encode(b"user:" + word.encode()).decode(), repr(word))
        print(word, file=sys.stderr)
    body = "y" * (190 - HOW_MUCH) + " ".join([*WORDS, said])
    if HOW == "raise":
        raise RuntimeError(body)
    return {"statusCode": STATUS, "body": body}
"""
CONFIG = """\
layers:
  small: {{requirements: [idna==3.10], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [small]}}
    role: ${{LAMBDA_ROLE}}
    url: public
    environment: {{DATABASE: "${{DATABASE}}"}}
    tests: [health, loud]
tests:
  health:
    http: /health
    headers: {{authorization: "Bearer ${{HEADER}}"}}
    within: 4s
  loud:
    command: [sh, -c, "env; exit $EXIT"]
"""


class Planted:
    """A project whose run sees secrets, in folders of its own, with debugging switched on."""

    def __init__(self, project: Project, root: Path) -> None:
        self.project, self.root = project, root
        self.own = {"HEADER": token()} | planted("DATABASE")
        self.files = {
            name: root / "github" / name.lower()
            for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_STATE")
        }
        folders = {
            name: root / name.lower()
            for name in ("HOME", "TMPDIR", "RUNNER_TEMP", "RUNNER_TOOL_CACHE", "XDG_CACHE_HOME")
        }
        for folder in (root / "github", *folders.values()):
            folder.mkdir(parents=True)
        for file in self.files.values():
            file.touch()
        tokens = {
            name: token()
            for name in (
                *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "NPM_TOKEN"),
                *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN"),
            )
        }
        self.hidden = {**self.own, **tokens}
        self.environment = {
            **self.hidden,
            **{name: str(path) for name, path in {**self.files, **folders}.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(project.root),
            "RUNNER_DEBUG": "1",
            "ACTIONS_STEP_DEBUG": "true",
            "ACTIONS_RUNNER_DEBUG": "true",
            "EXIT": "0",
        }
        self.but: list[Path] = []

    def run(self, *arguments: str, **environment: str) -> Run:
        """Run the engine; nothing that it printed or wrote may hold a secret."""
        run = self.project.run(*arguments, **{**self.environment, **environment})
        assert run.log or run.out
        printed = list(found_in("stdout", run.out.encode(), self.hidden))
        printed += found_in("stderr", run.log.encode(), self.hidden)
        assert printed == []
        assert found_below(self.root, self.hidden, *self.but) == []
        return run


@pytest.fixture
def loud(tmp_path: Path, name: str) -> Planted:
    """A function that prints all that it knows."""
    project = Project(tmp_path / "project")
    project.write("lambda-deploy.yml", CONFIG.format(name=name))
    write(project)
    return Planted(project, tmp_path)


def write(project: Project, how: str = "answer", status: int = 200, much: int = 0) -> None:
    settings = f"HOW, STATUS, HOW_MUCH = {how!r}, {status}, {much}\n"
    project.write("src/app.py", settings + LOUD)


def everything_of(aws: Any, name: str) -> bytes:
    """What AWS has of a function, but for the values of its environment."""
    parts: list[object] = []
    for version in aws.list_versions_by_function(FunctionName=name)["Versions"]:
        version.pop("Environment", None)
        parts.append(version)
    found = aws.get_function(FunctionName=name)
    parts += [found.get("Tags"), aws.list_aliases(FunctionName=name)["Aliases"]]
    return json.dumps(parts, default=str, ensure_ascii=False).encode()


def test_nothing_of_a_deploy_that_works(loud: Planted, name: str, aws: Any) -> None:
    assert loud.run("plan", "--json").code == 0
    assert loud.run("deploy").code == 0
    for command in ("status", "doctor", "policy", "sizes"):
        loud.run(command)
    assert loud.run("deploy", "--json").code == 0
    live = aws.get_function(FunctionName=name, Qualifier="live")
    assert live["Configuration"]["Environment"]["Variables"]["DATABASE"] == loud.hidden["DATABASE"]
    assert list(found_in("AWS", everything_of(aws, name), loud.hidden)) == []
    (layer,) = live["Configuration"]["Layers"]
    content = aws.get_layer_version_by_arn(Arn=layer["Arn"])["Content"]
    for url in (live["Code"]["Location"], content["Location"]):
        with urllib.request.urlopen(url) as answer:
            assert list(found_in(url, answer.read(), loud.hidden)) == []


FAILURES = [("answer", 500, 0), ("answer", 500, 3), ("answer", 500, 9), ("raise", 200, 0)]


@pytest.mark.parametrize(("how", "status", "much"), FAILURES)
def test_nothing_of_a_test_that_fails(loud: Planted, how: str, status: int, much: int) -> None:
    """The function prints its environment and its event, answers with them, or dies of them."""
    write(loud.project, how, status, much)
    run = loud.run("deploy", "--json")
    assert run.code == 1
    assert "***" in json.dumps(run.report["functions"][0]["error"])


def test_nothing_of_a_command_that_prints_its_environment(loud: Planted) -> None:
    run = loud.run("deploy", EXIT="3")
    assert run.code == 1
    assert "AWS_SECRET_ACCESS_KEY=***" in run.log


def test_nothing_of_an_import_that_fails(loud: Planted) -> None:
    text = (loud.project.root / "src/app.py").read_text()
    loud.project.write("src/app.py", f"{text}\nraise ValueError(WORDS)\n")
    assert loud.run("deploy").code == 1


def test_nothing_of_an_input(loud: Planted, name: str) -> None:
    (loud.project.root / "lambda-deploy.yml").unlink()
    loud.hidden |= {"OF_INPUT": token()}
    write(loud.project, status=500)
    inputs = {
        "INPUT_FUNCTION": name,
        "INPUT_CODE": "src",
        "INPUT_HANDLER": "app.handler",
        "INPUT_RUNTIME": "python3.11",
        "INPUT_ROLE": os.environ["LAB_ROLE_ARN"],
        "INPUT_ENVIRONMENT": f"OF_INPUT={loud.hidden['OF_INPUT']}\nDATABASE=${{DATABASE}}",
        "INPUT_HEALTH_PATH": "/health",
        "INPUT_HEALTH_WITHIN": "3s",
    }
    assert loud.run("deploy", **inputs).code == 1


@pytest.mark.parametrize("operation", ["GetFunction", "UpdateFunctionCode", "PublishLayerVersion"])
def test_nothing_of_a_call_that_is_denied(loud: Planted, operation: str, name: str) -> None:
    assert loud.run("deploy").code == 0
    write(loud.project, much=1)
    loud.project.edit("lambda-deploy.yml", "  small:", f"  {name}:")
    loud.project.edit("lambda-deploy.yml", "[small]", f"[{name}]")
    said = f"not authorized: {' '.join(loud.hidden.values())}"
    body = json.dumps({"Type": "User", "Message": said})
    with faults({"operation": operation, "times": 9, "status": 403, "body": body}):
        run = loud.run("deploy")
    assert run.code in (1, 3)


def test_nothing_of_an_environment_that_is_there(loud: Planted, name: str, aws: Any) -> None:
    """What somebody else has given the function; its values stand in no file and no variable."""
    assert loud.run("deploy").code == 0
    loud.hidden |= (there := planted("THERE", "SHARED"))
    environment = {**there, "DATABASE": loud.hidden["DATABASE"], "REGION": aws.meta.region_name}
    aws.update_function_configuration(FunctionName=name, Environment={"Variables": environment})
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    write(loud.project, "raise")
    text = (loud.project.root / "src/app.py").read_text()
    loud.project.write("src/app.py", text.replace('("DATABASE", "OF_INPUT")', str(tuple(there))))
    run = loud.run("deploy", "--json")
    assert run.code == 1
    assert "***" in json.dumps(run.report["functions"][0]["error"])
    assert f"{name} in {aws.meta.region_name}" in run.log

    quoted = json.dumps({**environment, "PIN": "12345"})
    says = f"the variables you have provided exceeded the 4KB limit. String measured: {quoted}"
    body = json.dumps({"Type": "User", "message": says})
    headers = {"x-amzn-errortype": "InvalidParameterValueException"}
    loud.project.edit("lambda-deploy.yml", "environment: {", "environment: {BIG: xxxxxxxx, ")
    rule = {"operation": "UpdateFunctionConfiguration", "status": 400, "times": 1}
    with faults({**rule, "body": body, "headers": headers}):
        run = loud.run("deploy")
    assert run.code == 1
    assert "exceeded the 4KB limit. (" in run.log  # without what AWS quotes
    assert "12345" not in run.log


STACK = """\
stack: {{template: template.yaml, name: {name}, tests: {{Says: [says]}}}}
artifacts: {{bucket: {name}, create: true}}
tests:
  says: {{invoke: {{}}, json: {{says: nothing}}, within: 3s}}
"""
TEMPLATE = """\
Resources:
  Says:
    Type: AWS::Lambda::Function
    Properties: {{Code: src, Handler: app.handler, Runtime: python3.11, Role: {role}}}
"""
SAYS = """\
import os
def handler(event, context):
    return {"says": os.environ.get("THERE", "nothing")}
"""


def test_nothing_of_an_environment_of_a_stack(tmp_path: Path, name: str, aws: Any) -> None:
    project = Project(tmp_path / "project")
    project.write("lambda-deploy.yml", STACK.format(name=name))
    project.write("template.yaml", TEMPLATE.format(role=os.environ["LAB_ROLE_ARN"]))
    project.write("src/app.py", SAYS)
    loud = Planted(project, tmp_path)
    assert loud.run("deploy").code == 0
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=name, LogicalResourceId="Says"
    )
    function = found["StackResourceDetail"]["PhysicalResourceId"]
    loud.hidden |= (there := planted("THERE"))
    aws.update_function_configuration(FunctionName=function, Environment={"Variables": there})
    aws.get_waiter("function_updated_v2").wait(FunctionName=function)
    run = loud.run("deploy", "--json", "--commit-message", "[test-all]")
    assert run.code == 1
    assert "expected says to be 'nothing', got '***" in run.log.replace('"', "'")


def test_nothing_of_a_web_identity(loud: Planted) -> None:
    """GitHub's OIDC token, as aws-actions/configure-aws-credentials leaves it to the SDK."""
    loud.hidden["OIDC"] = f"{token()}.{token()}.{token()}"
    file = loud.root / "oidc-token"
    file.write_text(loud.hidden["OIDC"])
    loud.but.append(file)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        loud.environment[name] = ""
    role = {"AWS_ROLE_ARN": os.environ["LAB_ROLE_ARN"], "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)}
    assert loud.run("deploy", **role).code in (0, 1, 3)


def test_nothing_of_a_configuration_that_is_wrong(loud: Planted) -> None:
    loud.project.edit("lambda-deploy.yml", "url: public", "url: ${HEADER}")
    loud.project.edit("lambda-deploy.yml", "runtime: python3.11,", "runtime: '${DATABASE}',")
    loud.project.edit("lambda-deploy.yml", "within: 4s", "within: ${NPM_TOKEN}")
    for command in ("deploy", "status", "doctor", "policy", "sizes"):
        assert loud.run(command).code in (2, 3)


# ---------------------------------------------------------------- images


@pytest.fixture
def built(lean: Project, tmp_path: Path) -> Planted:
    """A function whose image is built with a secret."""
    lean.edit(
        "lambda-deploy.yml",
        "    image:\n",
        "    image:\n      build-secrets: {key: BUILD}\n      compression: gzip\n",
    )
    made = Planted(lean, tmp_path)
    made.own |= {"BUILD": token()}
    made.hidden |= made.own
    made.environment |= made.own
    made.environment["HOME"] = os.environ["HOME"]  # where docker has its plugins
    return made


def with_run(project: Project, command: str) -> None:
    project.edit(
        "Dockerfile.lambda",
        "COPY --link app",
        f"RUN --mount=type=secret,id=key {command}\nCOPY --link app",
    )


@pytest.mark.docker
def test_nothing_of_an_image(
    built: Planted, name: str, aws: Any, example: Callable[[str], Project]
) -> None:
    with_run(built.project, "cat /run/secrets/key; sha256sum < /run/secrets/key > /sum")
    run = built.run("deploy")
    assert run.code == 0
    uri = run.function["image_uri"]
    (login,) = boto3.client("ecr").get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(login["authorizationToken"]).decode().split(":")
    logging_in = ["docker", "login", "--username", user, "--password-stdin", uri.split("/")[0]]
    subprocess.run(logging_in, check=True, capture_output=True, input=password.encode())
    subprocess.run(["docker", "pull", "--quiet", uri], check=True, capture_output=True)
    history = ["docker", "history", "--no-trunc", uri]
    for command in (history, ["docker", "inspect", uri]):
        said = subprocess.run(command, check=True, capture_output=True).stdout
        assert list(found_in(" ".join(command[:2]), said, built.hidden)) == []
    saved = subprocess.run(["docker", "save", uri], check=True, capture_output=True).stdout
    searched = 0
    with tarfile.open(fileobj=io.BytesIO(saved)) as blobs:
        for blob in blobs:  # what the build has added is small, unlike the system beneath it
            if blob.size < 1_000_000 and (file := blobs.extractfile(blob)):
                assert list(found_in(blob.name, file.read(), built.hidden)) == []
                searched += 1
    assert searched >= 4  # manifest, configuration, and at least the layers of RUN and COPY
    assert list(found_in("AWS", everything_of(aws, name), built.hidden)) == []


@pytest.mark.docker
def test_nothing_of_a_build_that_fails(built: Planted) -> None:
    echo = "cat /run/secrets/key; base64 /run/secrets/key; env; set"
    with_run(built.project, f"({echo}); ({echo}) >&2; exit 3")
    run = built.run("deploy", "--json")
    assert run.code == 1


@pytest.mark.docker
def test_nothing_of_a_push_that_is_denied(built: Planted) -> None:
    said = json.dumps({"errors": [{"code": "DENIED", "message": " ".join(built.own.values())}]})
    with faults({"operation": "PutManifest", "times": 9, "status": 403, "body": said}):
        run = built.run("deploy")
    assert run.code == 1


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    import base64
    import zipfile
    from urllib.parse import quote

    hidden = {**planted("A"), "B": token()}
    said = hidden["A"]
    for written in (
        said,
        json.dumps(said),
        quote(said),
        base64.b64encode(f"u:{said}".encode()).decode(),
        f"cut {said[:15]}",
    ):
        assert list(found_in("x", written.encode(), hidden))
        assert all(each.startswith("A in") for each in found_in("x", written.encode(), hidden))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", hidden["B"])
    assert found_below(tmp_path, hidden) == ["B in a.zip!inner.txt"]
