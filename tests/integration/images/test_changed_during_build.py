"""Files that change while something is made of them: what was made is given no name."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, own_builder

CHANGED = "files of {} changed during the build"
CONFIG = """\
layers:
  {name}-own: {{requirements: requirements.txt, runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-own]}}
    role: {role}
"""
TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: app.handler, Runtime: python3.11}
"""
CODE = "def handler(event, context):\n    import own\n    return own.STATUS\n"
PACKAGE = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "own"
version = "1.0"
"""
# While it builds, it writes a file as tools do that note a version, and whatever MEANWHILE says.
BACKEND = """\
import os, pathlib, zipfile
HERE = pathlib.Path(__file__).parent
def build_wheel(directory, settings=None, metadata=None):
    name, information = "own-1.0-py3-none-any.whl", "own-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        wheel.writestr("own.py", (HERE / "own.py").read_text())
        about = "Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n"
        wheel.writestr(f"{information}/METADATA", about)
        tag = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{information}/WHEEL", tag)
        wheel.writestr(f"{information}/RECORD", "own.py,,\\n")
    (HERE / "_version.py").write_text("VERSION = 1\\n")
    exec((HERE / "meanwhile").read_text(), {"HERE": HERE})
    return name
"""
EDIT = 'path = HERE / "own.py"; path.write_text(path.read_text().replace("one", "two"))'
ADD = 'path = HERE.parent / "requirements.txt"; path.write_text("./own\\nidna\\n")'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A function that needs a package of its own, whose build does as ``own/meanwhile`` says."""
    project = Project(tmp_path / "project")
    project.write("src/app.py", CODE)
    project.write("requirements.txt", "./own\n")
    project.write("own/pyproject.toml", PACKAGE)
    project.write("own/backend.py", BACKEND)
    project.write("own/own.py", "STATUS = 'one'\n")
    project.write("own/meanwhile", "")
    return project


def says(aws: Any, name: str, alias: str) -> Any:
    """What users get."""
    return json.loads(aws.invoke(FunctionName=name, Qualifier=alias)["Payload"].read())


@pytest.mark.parametrize("change", [EDIT, ADD])
def test_a_layer_of_other_files_is_not_published(
    project: Project, name: str, aws: Any, change: str
) -> None:
    project.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    project.write("own/meanwhile", change)
    run = project.deploy()
    assert run.code == 1
    assert CHANGED.format(f"layer {name}-own") in run.log
    assert "PublishLayerVersion" not in run.changes
    assert "CreateFunction" not in run.changes
    project.write("own/meanwhile", "")
    project.write("own/own.py", "STATUS = 'one'\n")
    project.write("requirements.txt", "./own\n")
    assert project.deploy().code == 0  # a file that the build makes is no change of its own
    assert says(aws, name, "live") == "one"


@pytest.fixture
def stack(project: Project) -> Iterator[str]:
    """A stack of the function."""
    stack = f"changed-{secrets.token_hex(4)}"
    project.write("template.yaml", TEMPLATE)
    project.write(
        "lambda-deploy.yml",
        f"stack: {{template: template.yaml, name: {stack}, capabilities: [CAPABILITY_IAM]}}\n"
        f"artifacts: {{bucket: {stack}, create: true}}\n",
    )
    project.write("src/requirements.txt", "./own\n")
    yield stack
    boto3.client("cloudformation").delete_stack(StackName=stack)


@pytest.mark.parametrize("change", [EDIT, ADD.replace("HERE.parent", 'HERE.parent / "src"')])
def test_a_zip_of_a_stack_is_not_uploaded(
    project: Project, stack: str, aws: Any, change: str
) -> None:
    project.write("own/meanwhile", change)
    run = project.deploy()
    assert run.code == 1
    assert CHANGED.format("the code of Greeter") in run.log
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=stack)
    project.write("own/meanwhile", "")
    project.write("own/own.py", "STATUS = 'one'\n")
    project.write("src/requirements.txt", "./own\n")
    assert project.deploy().code == 0
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId="Greeter"
    )
    physical = found["StackResourceDetail"]["PhysicalResourceId"]
    assert says(aws, physical, "$LATEST") == "one"


def interrupted(project: Project, when: str, change: Callable[[], None]) -> str:
    """Deploy, and change something as soon as a line says ``when``; what a run said that failed."""
    with project.deploying() as run:
        assert run.stderr is not None
        said = ""
        for line in run.stderr:
            if when in line and when not in said:
                change()
            said += line
    print(said)
    assert when in said
    assert run.returncode == 1
    return said


def tags(repository: str) -> set[str]:
    """The tags of a repository, but for that of the cache."""
    ecr = boto3.client("ecr")
    found = ecr.describe_images(repositoryName=repository)["imageDetails"]
    return {tag for each in found for tag in each.get("imageTags", [])} - {"buildcache"}


@pytest.mark.docker
@pytest.mark.parametrize("builder", ["engine", "docker", "remote"])
def test_an_image_of_other_files_has_no_tag(
    lean: Project,
    name: str,
    aws: Any,
    tmp_path: Path,
    builder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY app /var/task/app\nRUN sleep 3\n"
    lean.write("Dockerfile.lambda", f'{plain}CMD ["app.main.handler"]\n')
    if builder == "engine":
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))  # no buildx
    with own_builder(tmp_path / "own.sock") if builder == "remote" else nullcontext():
        said = interrupted(
            lean, "sleep 3", lambda: lean.edit("app/main.py", '"hello"', '"changed"')
        )
        assert CHANGED.format(f"image of {name}") in said
        assert tags(name) == set()
        lean.edit("app/main.py", '"changed"', '"hello"')
        run = lean.deploy()
    assert run.code == 0
    assert run.actions[f"image:{name}"] == "build"
    assert json.loads(says(aws, name, "live")["body"])["greeting"] == "hello"


@pytest.mark.usefixtures("own_base")
@pytest.mark.docker
@pytest.mark.parametrize("mount", ["", "--mount=type=cache,target=/cache "])
def test_a_base_of_other_files_has_no_tag(lean: Project, name: str, mount: str) -> None:
    lean.edit("Dockerfile.lambda.base", "RUN echo", f"RUN {mount}sleep 3 && echo")
    said = interrupted(
        lean, "sleep 3", lambda: lean.edit("Dockerfile.lambda.base", "echo base", "echo other")
    )
    assert CHANGED.format("base image python") in said
    assert tags(f"{name}-base") == set()
    lean.edit("Dockerfile.lambda.base", "echo other", "echo base")
    run = lean.deploy()
    assert run.code == 0
    assert run.actions["base:python"] == "build"
