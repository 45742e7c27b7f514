"""Packages that are built from source: whose programs run, when, and what these are told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.uv import uv
from tests.secret import token
from tests.support import Project

CONFIG = """\
layers:
  {name}-own:
    requirements: {requirements}
    runtime: python3.11
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-own]}}
    role: {role}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{status: {status}}}}}
"""
CODE = "def handler(event, context):\n    import own\n    return {'status': own.STATUS}\n"
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "own"
version = "1.0"
"""
BACKEND = """\
import json, os, pathlib, zipfile

HERE = pathlib.Path(__file__).parent
TAG = "py3-none-any"

def build_wheel(directory, settings=None, metadata=None):
    with open("{seen}", "a") as seen:
        print(json.dumps(dict(os.environ)), file=seen)
    left = HERE / "own.egg-info/times.txt"  # as setuptools leaves it
    left.parent.mkdir(exist_ok=True)
    left.write_text(left.read_text() + "+" if left.exists() else "+")
    name, information = f"own-1.0-{{TAG}}.whl", "own-1.0.dist-info"
    files = {{
        "own.py": (HERE / "own.py").read_text(),
        f"{{information}}/METADATA": "Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n",
        f"{{information}}/WHEEL": f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {{TAG}}\\n",
    }}
    files[f"{{information}}/RECORD"] = "".join(f"{{file}},,\\n" for file in files)
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return name

build_editable = build_wheel
"""
ASKED = """\
[project]
name = "app"
version = "0"
requires-python = ">=3.11"
dependencies = ["own"]
"""
SOURCES = "[tool.uv.sources]\nown = {path = 'own', editable = true}\n"


class Own:
    """A project with a package of its own in a folder, whose build tells what it sees."""

    def __init__(self, project: Project, seen: Path, name: str) -> None:
        self.project, self._seen, self._name = project, seen, name
        project.write("src/app.py", CODE)
        project.write("own/pyproject.toml", PROJECT)
        project.write("own/backend.py", BACKEND.format(seen=seen))
        project.write("own/own.py", "STATUS = 'one'\n")
        self.config("requirements.txt")

    def config(self, requirements: str, status: str = "one", more: str = "") -> None:
        """Write the configuration."""
        text = CONFIG.format(
            name=self._name,
            role=os.environ["LAB_ROLE_ARN"],
            requirements=requirements + more,
            status=status,
        )
        self.project.write("lambda-deploy.yml", text)

    @property
    def builds(self) -> list[dict[str, str]]:
        """The environment of each build so far."""
        lines = self._seen.read_text().splitlines() if self._seen.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def own(tmp_path: Path, name: str) -> Own:
    return Own(Project(tmp_path / "project"), tmp_path / "seen", name)


def _lines(text: str) -> Callable[[Own], None]:
    return lambda own: own.project.write("requirements.txt", f"{text}\n")


def _project(own: Own) -> None:
    own.project.write("pyproject.toml", ASKED + SOURCES)
    own.config("pyproject.toml")


def _locked(own: Own) -> None:
    _project(own)
    lock = [uv(), "lock", "--quiet", "--no-config", "--offline"]
    subprocess.run(lock, cwd=own.project.root, check=True)


@pytest.mark.parametrize(
    "asks",
    [
        pytest.param(_lines("-e ./own"), id="editable"),
        pytest.param(_lines("./own"), id="folder"),
        pytest.param(_lines("own @ file:./own"), id="named"),
        pytest.param(_project, id="project"),
        pytest.param(_locked, id="lock"),
    ],
)
def test_a_folder_of_the_users_own_is_built_by_deploys_and_told_no_secret(
    own: Own, asks: Callable[[Own], None]
) -> None:
    asks(own)
    names = (
        *("AWS_SESSION_TOKEN", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "INPUT_SECRET"),
        *("NPM_TOKEN", "UV_PUBLISH_TOKEN", "MY_PASSWORD"),
    )
    hidden = {name: token() for name in names} | {"UV_INDEX_OURS_PASSWORD": token()}
    assert own.project.run("plan", **hidden).code == 0
    assert own.builds == []
    assert own.project.run("deploy", **hidden).code == 0
    assert own.builds
    for seen in own.builds:
        assert not [name for name in seen if name.startswith(("AWS_", "GITHUB_", "INPUT_"))]
        assert set(hidden) & set(seen) == {"UV_INDEX_OURS_PASSWORD"}  # where packages come from

    own.project.edit("own/own.py", "one", "two")
    own.project.edit("lambda-deploy.yml", "status: one", "status: two")
    assert own.project.deploy().code == 0
    assert own.project.deploy().changes == []


def _wheel(own: Own) -> None:
    """Build the folder as a wheel, always under one name."""
    wheel = own.project.root / "wheels/own-1.0-py3-none-any.whl"
    wheel.parent.mkdir(exist_ok=True)
    text = (own.project.root / "own/own.py").read_text()
    about = "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n"
    tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("own.py", text)
        packed.writestr("own-1.0.dist-info/METADATA", about)
        packed.writestr("own-1.0.dist-info/WHEEL", tag)
        packed.writestr("own-1.0.dist-info/RECORD", "own.py,,\n")


@pytest.mark.parametrize(
    "requirements",
    ["./wheels/own-1.0-py3-none-any.whl", "--no-index\n--find-links wheels\nown"],
    ids=["wheel", "folder of wheels"],
)
def test_a_wheel_counts_with_what_it_holds(own: Own, requirements: str) -> None:
    own.project.write("requirements.txt", f"{requirements}\n")
    _wheel(own)
    assert own.project.deploy().code == 0
    assert own.project.deploy().changes == []

    own.project.edit("own/own.py", "one", "two")
    own.project.edit("lambda-deploy.yml", "status: one", "status: two")
    _wheel(own)
    assert own.project.deploy().code == 0
    assert own.builds == []


def _pack(own: Own) -> None:
    """Make an archive of the folder, which is nobody's own any more."""
    with tarfile.open(own.project.root / "own.tar.gz", "w:gz") as packed:
        packed.add(own.project.root / "own", "own-1.0")
    own.project.write("requirements.txt", "own @ file:./own.tar.gz\n")


def test_what_others_made_is_built_only_if_sources_names_it(own: Own) -> None:
    _pack(own)
    refused = own.project.deploy()
    assert refused.code == 1
    assert "own" in refused.log
    assert "Set sources: [own] for layer" in refused.log
    assert own.builds == []

    own.config("requirements.txt", more="\n    sources: [Own]")
    assert own.project.deploy().code == 0
    assert len(own.builds) == 1


def test_what_comes_out_for_this_machine_only_is_refused(own: Own) -> None:
    own.project.write("requirements.txt", "./own\n")
    own.project.edit("own/backend.py", "py3-none-any", "cp311-cp311-linux_x86_64")
    refused = own.project.deploy()
    assert refused.code == 1
    says = "own 1.0 in layer .*-own was built from source, and only works on this machine"
    assert [line for line in refused.log.splitlines() if re.search(says, line)]
    assert refused.changes == []


def test_a_folder_without_a_name_is_asked_for_one(own: Own) -> None:
    own.project.write("requirements.txt", "./own\n")
    (own.project.root / "own/pyproject.toml").unlink()
    refused = own.project.deploy()
    assert refused.code == 1
    assert "Add its name in requirements.txt: NAME @ ./own." in refused.log
