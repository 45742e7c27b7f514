"""A container image on a base of its own, from nothing to an undone mistake."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Run, get, own_builder, push_upstream

pytestmark = pytest.mark.docker


@pytest.fixture
def project(example: Callable[[str], Project], bucket: Any) -> Project:
    return example("image-api")


def test_an_image_goes_the_whole_way(project: Project, name: str, aws: Any, bucket: Any) -> None:
    """One story, since every step stands on the one before it."""
    first = project.deploy()
    assert first.code == 0
    assert first.actions["base:python"] == "build"
    status, health = get(first.function["url"])
    assert (status, health["greeting"]) == (200, "hello")
    assert health["jq"].startswith("jq-")  # from the base image
    assert first.function["image_uri"].count("@sha256:") == 1

    unchanged = project.deploy()
    assert unchanged.code == 0
    assert unchanged.changes == []
    assert [work["action"] for work in unchanged.report["work"]] == ["read", "read"]

    project.edit("app/main.py", '"hello"', '"good day"')
    changed = project.deploy()
    assert changed.code == 0
    assert changed.actions["base:python"] == "reuse"
    assert changed.actions[f"image:{name}"] == "replace"
    assert get(changed.function["url"])[1]["greeting"] == "good day"

    project.edit("app/main.py", '"good day"', '"hello"')
    back = project.deploy()
    assert back.actions[f"image:{name}"] == "reuse"  # its content is known
    assert back.function["image_uri"] == first.function["image_uri"]

    project.edit("app/main.py", '"status": "ok"', '"status": "broken"')
    project.edit("lambda-deploy.yml", "within: 30s", "within: 6s")
    broken = project.deploy()
    assert broken.code == 1
    assert broken.function["outcome"] == "rolled-back"
    assert get(first.function["url"])[1]["status"] == "ok"
    latest = aws.get_function(FunctionName=name)
    assert latest["Code"]["ResolvedImageUri"] == first.function["image_uri"]


def test_the_s3_gate_runs_when_asked_and_leaves_no_object(
    project: Project, name: str, bucket: Any
) -> None:
    first = project.deploy("first")
    step = f"test:{name}:storage"
    assert first.actions[step] == "skip"

    asked = project.deploy("look at it [Test-S3]")
    assert asked.code == 0
    assert asked.actions[step] == "test"
    assert any(work["id"] == step and work["outcome"] == "done" for work in asked.report["work"])
    assert list(bucket.objects.all()) == []

    released = project.run("deploy", GITHUB_EVENT_NAME="release")
    assert released.actions[step] == "test"

    project.edit("app/main.py", 'PREFIX = "objects/"', 'PREFIX = "elsewhere/"')
    project.edit("lambda-deploy.yml", "  storage:\n", "  storage:\n    within: 8s\n")
    broken = project.deploy("move it [test-s3]")
    assert broken.code == 1
    assert broken.function["outcome"] == "rolled-back"
    assert "does not have the written content" in broken.log


def test_a_broken_dockerfile_ends_with_the_builders_words(project: Project, name: str) -> None:
    project.edit("Dockerfile.lambda", "RUN pip", "RUN no-such-program && pip")
    run = project.deploy()
    assert run.code == 1
    assert "no-such-program" in run.log
    lam = boto3.client("lambda")
    with pytest.raises(lam.exceptions.ResourceNotFoundException):
        lam.get_function(FunctionName=name)


@pytest.fixture
def upstream(lean: Project, name: str) -> str:
    """An image in the registry that the base starts from, in place of AWS's own."""
    made = boto3.client("ecr").create_repository(repositoryName=f"{name}-upstream")
    reference = f"{made['repository']['repositoryUri']}:3.13"
    push_upstream(reference)
    lean.edit("Dockerfile.lambda.base", "public.ecr.aws/lambda/python:3.13", reference)
    return reference


def test_a_base_is_rebuilt_by_what_it_is_made_of_and_by_nothing_else(
    lean: Project, upstream: str
) -> None:
    (lean.root / "motd.txt").write_text("hello\n")
    lean.edit("Dockerfile.lambda.base", "RUN echo", "COPY motd.txt /etc/motd\nRUN echo")

    def base() -> str:
        run = lean.run("build", "base")
        assert run.code == 0
        return run.actions["base:python"]

    assert base() == "build"
    assert base() == "reuse"
    lean.edit("motd.txt", "hello", "good day")  # a file that the base copies
    assert base() == "build"
    lean.edit("Dockerfile.lambda.base", "echo base", "echo a base")
    assert base() == "build"
    lean.edit("motd.txt", "good day", "hello")  # the first content, but another Dockerfile
    lean.edit("Dockerfile.lambda.base", "echo a base", "echo base")
    assert base() == "reuse"
    (lean.root / "notes.txt").write_text("no image copies this\n")
    os.utime(lean.root / "motd.txt")
    assert base() == "reuse"
    push_upstream(upstream, marker="moved")  # FROM
    assert base() == "build"
    assert base() == "reuse"
    lean.edit("lambda-deploy.yml", "  python:\n", "  python:\n    upstream: ignore\n")
    push_upstream(upstream, marker="moved-again")
    assert base() == "reuse"


@pytest.mark.usefixtures("own_base")
def test_many_functions_share_one_build_of_their_base(lean: Project, name: str) -> None:
    text = (lean.root / "lambda-deploy.yml").read_text()
    head, tail = text.split("functions:\n")
    block, rest = tail.split("\n\ntests:")
    blocks = [block.replace(f"  {name}:", f"  {name}-{i}:") for i in range(4)]
    lean.write("lambda-deploy.yml", head + "functions:\n" + "\n".join(blocks) + f"\n\ntests:{rest}")
    run = lean.deploy()
    assert run.code == 0
    assert len(run.report["functions"]) == 4
    assert [work["id"] for work in run.report["work"]].count("base:python") == 1
    assert [r["operation"] for r in run.requests].count("GetAuthorizationToken") <= 1
    assert lean.deploy().changes == []


@pytest.mark.parametrize(
    ("exists", "how"),
    [
        pytest.param(False, "later", id="created-later"),
        pytest.param(True, "at-once", id="updated-at-once"),
        pytest.param(False, "at-once", id="created-at-once", marks=pytest.mark.thorough),
        pytest.param(True, "later", id="updated-later", marks=pytest.mark.thorough),
    ],
)
def test_where_lambda_refuses_zstd_gzip_is_built_and_remembered(
    lean: Project, name: str, how: str, exists: bool
) -> None:
    client = boto3.client("ecr")
    arn = client.create_repository(repositoryName=name)["repository"]["repositoryArn"]
    if exists:
        first = lean.deploy()
        assert first.code == 0
        assert compressions(name, first) == {"zstd"}
    client.tag_resource(resourceArn=arn, tags=[{"Key": "lab:refuse-zstd", "Value": how}])

    lean.edit("app/main.py", '"hello"', '"good day"')
    refused = lean.deploy("[no-cache]")  # layers of a builder
    assert refused.code == 0
    assert compressions(name, refused) == {"gzip"}
    if how == "later" and not exists:  # Lambda lets a function that is Failed be deleted only
        again = ("CreateFunction", "DeleteFunction", "CreateFunction")
        assert tuple(c for c in refused.changes if c in again) == again
    assert "Lambda refuses the zstd layers" in refused.log
    assert get(refused.function["url"])[1]["greeting"] == "good day"
    assert lean.deploy().changes == []

    lean.edit("app/main.py", '"good day"', '"good night"')
    after = lean.deploy()
    assert after.code == 0
    assert [work["id"] for work in after.report["work"]].count(f"image:{name}") == 1
    assert get(after.function["url"])[1]["greeting"] == "good night"


def compressions(repository: str, run: Run) -> set[str]:
    """How the layers of the app itself are compressed; those of the base are left out."""
    digest = run.function["image_uri"].partition("@")[2]
    found = boto3.client("ecr").batch_get_image(
        repositoryName=repository, imageIds=[{"imageDigest": digest}]
    )
    layers = json.loads(found["images"][0]["imageManifest"])["layers"]
    return {layer["mediaType"].rpartition("+")[2] for layer in layers[-1:]}


def test_a_builder_is_used_by_name_and_a_missing_one_is_told(lean: Project) -> None:
    config = (lean.root / "lambda-deploy.yml").read_text()
    lean.write("lambda-deploy.yml", f"builder: nobody\n{config}")
    run = lean.deploy()
    assert run.code == 3
    assert "there is no buildx builder 'nobody'" in run.log
    assert run.changes == []
    lean.write("lambda-deploy.yml", f"builder: default\n{config}")
    assert lean.deploy().code == 0


def test_a_repository_is_made_with_a_policy_that_spares_what_is_in_use(
    lean: Project, name: str
) -> None:
    first = lean.deploy()
    client = boto3.client("ecr")
    policy = client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    rules = json.loads(policy)["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]
    again = lean.deploy("build it anew [no-cache]")
    assert again.code == 0
    digest = first.function["image_uri"].partition("@")[2]
    tags = client.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
    assert tags["imageDetails"][0]["imageTags"]  # though its content's tag may have moved

    rules[0]["selection"] = {"tagStatus": "any", "countType": "imageCountMoreThan"}
    client.put_lifecycle_policy(
        repositoryName=name, lifecyclePolicyText=json.dumps({"rules": rules})
    )
    lean.edit("app/main.py", '"hello"', '"good day"')
    warned = lean.deploy()
    assert warned.code == 0
    assert f"can lose images that versions of {name} use: its lifecycle" in warned.log
    assert "policy selects them by rule 1" in warned.log


@pytest.mark.usefixtures("own_base")
def test_a_base_can_be_built_by_hand_and_a_deploy_takes_it(
    lean: Project, name: str, tmp_path: Path
) -> None:
    lean.edit("Dockerfile.lambda.base", "echo base", "date +%N")
    out = tmp_path / "outputs"
    out.touch()
    built = lean.run("build", "base", GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(out))
    assert built.code == 0
    assert "python: built and pushed" in built.log
    assert f"{name}-base@sha256:" in out.read_text()
    assert not [r for r in built.requests if r["service"] == "lambda"]
    again = lean.run("build", "base")
    assert "python: nothing to do" in again.log
    assert again.changes == []

    first = lean.deploy()
    assert first.actions["base:python"] == "reuse"
    anew = lean.run("build", "base", "--commit-message", "[rebuild-base]")
    assert "python: built and pushed" in anew.log
    taken = lean.deploy()
    assert taken.actions["base:python"] == "reuse"
    assert taken.actions[f"image:{name}"] == "build"
    assert taken.function["base_image_uri"] != first.function["base_image_uri"]
    unchanged = lean.deploy()
    assert unchanged.changes == []
    assert unchanged.function["base_image_uri"] == taken.function["base_image_uri"]


def built_by(run: Run, step: str) -> str:
    """What the report says of who built."""
    return str(next(work["detail"] for work in run.report["work"] if work["id"] == step))


@pytest.mark.usefixtures("own_base")
def test_a_builder_of_its_own_is_preferred_to_the_engines(
    lean: Project, name: str, tmp_path: Path
) -> None:
    config = (lean.root / "lambda-deploy.yml").read_text()
    with own_builder(tmp_path / "buildkit.sock") as own:
        preferred = lean.deploy()
        assert preferred.code == 0
        assert f"builder {own} (remote)" in built_by(preferred, f"image:{name}")
        assert built_by(preferred, "base:python").endswith("by the Docker engine")

        lean.write("lambda-deploy.yml", f"builder: {own}\n{config}")
        lean.edit("Dockerfile.lambda.base", "echo base", "echo remote")
        named = lean.deploy(DOCKER_HOST="unix:///nonexistent")  # it needs no engine here
        assert named.code == 0
        assert f"the builder was named; 0 of 1 steps cached, builder {own}" in built_by(
            named, "base:python"
        )
    lean.write("lambda-deploy.yml", config)
    lean.edit("Dockerfile.lambda", "CMD", "RUN echo built\nCMD")
    assert "builder default (docker)" in built_by(lean.deploy(), f"image:{name}")


@pytest.mark.usefixtures("own_base")
def test_a_dockerfile_may_name_the_base_by_its_human_tag(lean: Project, name: str) -> None:
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    lean.edit(
        "Dockerfile.lambda", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", f"FROM {host}/{name}-base:3.13"
    )
    first = lean.deploy()
    assert get(first.function["url"])[1]["marker"] == "base\n"
    lean.edit("Dockerfile.lambda.base", "echo base", "echo moved")
    assert get(lean.deploy().function["url"])[1]["marker"] == "moved\n"
    lean.edit("lambda-deploy.yml", "      base: python\n", "")
    assert "starts from base python by its tag; also set base: python" in lean.deploy().log


def test_an_image_is_built_for_the_functions_architecture(
    lean: Project, name: str, aws: Any
) -> None:
    """Nothing of that image runs here: it is only copied together."""
    lean.write("Dockerfile.lambda.base", "FROM scratch\nCOPY app /base\n")
    lean.edit("lambda-deploy.yml", "  python:\n", "  python:\n    architecture: arm64\n")
    lean.edit("lambda-deploy.yml", f"  {name}:\n", f"  {name}:\n    architecture: arm64\n")
    lean.edit("lambda-deploy.yml", "tests: [health, storage]", "tests: []")
    run = lean.deploy()
    assert run.code == 0
    assert aws.get_function(FunctionName=name)["Configuration"]["Architectures"] == ["arm64"]
    assert lean.deploy().changes == []


def test_a_fresh_shallow_clone_builds_nothing(lean: Project, name: str, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *identity, *words], cwd=lean.root, check=True, capture_output=True)

    assert lean.deploy().code == 0
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    git("commit", "-qm", "second", "--allow-empty")
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth=1", f"file://{lean.root}", str(clone))
    run = Project(clone).deploy()
    assert run.code == 0
    assert run.changes == []
    assert run.actions["base:python"] == run.actions[f"image:{name}"] == "reuse"
