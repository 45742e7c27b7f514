"""One image for many functions, and by many runs; and who builds a base."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from tests.support import CHECKOUT, Project, Run, get

pytestmark = pytest.mark.docker


def four(project: Project, name: str) -> None:
    """Let four functions have one Dockerfile and one repository."""
    head, tail = (project.root / "lambda-deploy.yml").read_text().split("functions:\n")
    block, rest = tail.split("\n\ntests:")
    block = block.replace("    image:\n", f"    image:\n      repository: {name}\n")
    blocks = [block.replace(f"  {name}:", f"  {name}-{i}:") for i in range(4)]
    text = f"{head}functions:\n" + "\n".join(blocks) + f"\n\ntests:{rest}"
    project.write("lambda-deploy.yml", text)


def builds(run: Run) -> list[str]:
    """How each image came to be that is not made for another function."""
    works = [work for work in run.report["work"] if work["id"].startswith("image:")]
    return [w["detail"] for w in works if "made for another function" not in w["detail"]]


def test_functions_of_one_dockerfile_and_repository_have_one_build(
    lean: Project, name: str
) -> None:
    four(lean, name)
    for greeting in ("one", "two", "three"):
        lean.write("app/main.py", f'GREETING = "{greeting}-{secrets.token_hex(4)}"\n{APP}')
        run = lean.deploy()
        assert run.code == 0
        assert len(builds(run)) == 1
        uris = {function["image_uri"] for function in run.report["functions"]}
        assert len(uris) == 1
        sizes = {function.get("image_size") for function in run.report["functions"]}
        assert len(sizes) == 1
        for function in run.report["functions"]:
            assert get(function["url"])[1]["greeting"].startswith(greeting)
    assert lean.deploy().changes == []


APP = """\
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps({"status": "ok", "greeting": GREETING})}
"""


@pytest.mark.usefixtures("own_base")
@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_a_tag_that_another_run_pushes_at_the_same_moment_is_no_failure(
    lean: Project, name: str, mutability: str
) -> None:
    ecr = boto3.client("ecr")
    for repository in (name, f"{name}-base"):
        ecr.create_repository(repositoryName=repository, imageTagMutability=mutability)
    config = (lean.root / "lambda-deploy.yml").read_text()
    config = config.replace("    image:\n", f"    image:\n      repository: {name}\n")
    others = []
    for number in range(3):
        root = lean.root.parent / f"run-{number}"
        shutil.copytree(lean.root, root, copy_function=shutil.copy)
        others.append(Project(root))
        others[-1].write("lambda-deploy.yml", config.replace(f"  {name}:", f"  {name}-{number}:"))
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda project: project.deploy(), others))
    assert [run.code for run in runs] == [0, 0, 0]
    for run in runs:
        assert get(run.function["url"])[1]["status"] == "ok"


@pytest.mark.usefixtures("own_base")
def test_the_base_at_the_top_is_built_and_pushed_without_buildx(
    lean: Project, name: str, tmp_path: Path
) -> None:
    shutil.copy(CHECKOUT / "Dockerfile.lambda.base", lean.root / "Dockerfile.lambda.base")
    tattle, told = tmp_path / "bin/docker", tmp_path / "told"
    tattle.parent.mkdir()
    tattle.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec {shutil.which("docker")} "$@"\n')
    tattle.chmod(0o755)
    path = f"{tattle.parent}:{os.environ['PATH']}"
    run = lean.run("build", "base", PATH=path)
    assert run.code == 0
    assert run.actions["base:python"] == "build"
    (work,) = [work for work in run.report["work"] if work["id"] == "base:python"]
    assert work["detail"].endswith("by the Docker engine")
    assert not told.exists()
    assert lean.run("build", "base", PATH=path).actions["base:python"] == "reuse"


BUILDKIT = """\
ARG TARGETARCH
RUN echo arch=$TARGETARCH > /marker
COPY --chmod=755 tool.sh /usr/bin/t
RUN t >> /marker
RUN <<EOF
echo here >> /marker
EOF
RUN --mount=type=tmpfs,target=/t echo mount >> /marker
RUN --network=none echo network >> /marker
COPY --link tool.sh /link
RUN cat /link >> /marker
"""


def test_a_base_goes_to_buildkit_for_what_the_engine_cannot_do_and_says_so(lean: Project) -> None:
    """What the reasons are is a matter of the Dockerfile alone: ``needs_buildkit``."""
    lean.write("tool.sh", "#!/bin/sh\necho tool\n")
    lean.edit("Dockerfile.lambda.base", "RUN echo base > /marker\n", BUILDKIT)
    run = lean.deploy()
    assert run.code == 0
    (work,) = [work for work in run.report["work"] if work["id"] == "base:python"]
    assert "by BuildKit, since Dockerfile.lambda.base has " in work["detail"]
    marker = "arch=amd64\ntool\nhere\nmount\nnetwork\n#!/bin/sh\necho tool\n"
    assert get(run.function["url"])[1]["marker"] == marker


def test_a_base_holds_what_its_ignore_file_takes_back_in(lean: Project) -> None:
    lean.write("lib/util.py", "x = 1\n")
    lean.write("lib/notes.txt", "x\n")
    lean.write(".dockerignore", "**\n!**/*.py\n!Dockerfile*\n")
    lean.write("Dockerfile.lambda.dockerignore", "# nothing\n")
    base = "COPY . /opt/all\nRUN cd /opt/all && find . -type f | sort | tr '\\n' ' ' > /marker"
    lean.edit("Dockerfile.lambda.base", "RUN echo base > /marker", base)
    run = lean.deploy()
    assert run.code == 0
    marker = get(run.function["url"])[1]["marker"]
    assert "./lib/util.py" in marker
    assert "notes.txt" not in marker
    assert "./.dockerfile" not in marker
    assert "./.dockerignore" not in marker


def test_a_token_that_buildkit_does_not_take_loses_no_deploy(lean: Project) -> None:
    good = "e30.eyJhYyI6ICJbXSJ9.x"  # a JSON Web Token, of which nothing leads to a cache
    for token in ("notatoken", good):
        lean.edit("Dockerfile.lambda", "CMD", f"LABEL token={token}\nCMD")
        run = lean.deploy(ACTIONS_RUNTIME_TOKEN=token, ACTIONS_CACHE_URL="http://127.0.0.1:9/")
        assert run.code == 0
        assert "GitHub's cache" in run.log or "build cache" in run.log


def test_a_builder_that_is_gone_is_told_by_its_name(lean: Project) -> None:
    run = lean.deploy(BUILDX_BUILDER="builder-1234")
    assert run.code == 3
    assert "there is no buildx builder 'builder-1234' (BUILDX_BUILDER)" in run.log
    assert subprocess.run(["docker", "buildx", "version"], check=False).returncode == 0


def test_what_goes_before_the_images_own_command_is_told(lean: Project, name: str) -> None:
    first = lean.deploy()
    assert "overrides its image" not in first.log
    client = boto3.client("lambda")
    command = {"Command": ["app.main.handler"]}
    client.update_function_configuration(FunctionName=name, ImageConfig=command)
    lean.edit("app/main.py", '"hello"', '"good day"')
    says = f"{name} overrides its image in us-east-1, although its configuration does not: command "
    assert f"{says}app.main.handler" in lean.deploy().log
