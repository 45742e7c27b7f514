"""Projects of users on the lab's AWS, each with names of its own."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.pace import paced
from tests.support import Project

EXAMPLES = Path(__file__).parents[2] / "examples"
NewProject = Callable[[str, str], Project]
LEAN_BASE = "lean-base"
LEAN = """\
import json, pathlib
GREETING = "hello"
def handler(event, context):
    marker = pathlib.Path("/marker")
    body = {"status": "ok", "greeting": GREETING, "marker": marker.exists() and marker.read_text()}
    return {"statusCode": 200, "body": json.dumps(body)}
"""

SMALL = """\
import json
import idna
GREETING = "hello"
def handler(event, context):
    body = {"status": "ok", "greeting": GREETING, "idna": idna.__version__}
    return {"statusCode": 200, "body": json.dumps(body)}
"""


@pytest.fixture
def name() -> str:
    """A function name that no other test uses."""
    return f"fn-{secrets.token_hex(4)}"


@pytest.fixture
def example(tmp_path: Path, name: str) -> Callable[[str], Project]:
    """A copy of an example whose function and repositories have names of their own.

    The layer keeps its name, so that tests share it, as functions do.
    """

    def copy(which: str) -> Project:
        root = tmp_path / which
        shutil.copytree(EXAMPLES / which, root)
        config = root / "lambda-deploy.yml"
        text = config.read_text().replace(" orders:", f" {name}:").replace("image-api", name)
        config.write_text(text)
        return Project(root)

    return copy


@pytest.fixture
def new_project(tmp_path: Path) -> NewProject:
    """Makes a project of a configuration and the code of its handler."""

    def made(config: str, code: str) -> Project:
        project = Project(tmp_path / "project")
        project.write("lambda-deploy.yml", config)
        project.write("src/app.py", code)
        return project

    return made


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a workflow of these examples sets."""
    monkeypatch.setenv("LAMBDA_ROLE", os.environ["LAB_ROLE_ARN"])
    for leaked in ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_SHA"):
        monkeypatch.delenv(leaked, raising=False)


@pytest.fixture(autouse=True)
def pace() -> Iterator[None]:
    """A change of a function is under way for a moment: long enough to be waited for."""
    with paced(update=0.1):
        yield


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket, named in BUCKET as the example's workflow does."""
    made = boto3.resource("s3").create_bucket(Bucket=f"objects-{secrets.token_hex(6)}")
    monkeypatch.setenv("BUCKET", made.name)
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture(scope="session")
def aws() -> Any:
    """The Lambda API."""
    return boto3.client("lambda")


@pytest.fixture
def small(example: Callable[[str], Project]) -> Project:
    """The example of a zip with one small package, for tests of the mechanism alone.

    Functions with the example's own packages start five times slower.
    """
    project = example("zip-layers")
    project.write("requirements.txt", "# What the handler imports.\nidna==3.10\n")
    project.write("src/app.py", SMALL)
    return project


@pytest.fixture
def lean(example: Callable[[str], Project], name: str, bucket: Any) -> Project:
    """The example without packages to install, for tests of the mechanism alone.

    Its base keeps its repository, so that tests share it, as functions do.
    """
    project = example("image-api")
    project.edit("lambda-deploy.yml", f"repository: {name}-base", f"repository: {LEAN_BASE}")
    project.edit(
        "Dockerfile.lambda.base",
        "RUN dnf install -y jq poppler-utils && dnf clean all",
        "RUN echo base > /marker",
    )
    project.write(
        "Dockerfile.lambda",
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY --link app /var/task/app\n"
        'CMD ["app.main.handler"]\n',
    )
    project.write("app/main.py", LEAN)
    return project


@pytest.fixture
def own_base(lean: Project, name: str) -> None:
    """Gives the lean example a repository of its own for its base."""
    lean.edit("lambda-deploy.yml", f"repository: {LEAN_BASE}", f"repository: {name}-base")
