"""Whether the image that a base starts from has moved: who is asked, and what is told."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest

from lab import debian
from lab.layout import cached
from lab.process import Daemons, Deadline, tail
from lambda_fast_deploy.adapters.image_digest import ImageDigests
from tests.support import Project, Run, faults, get, push_upstream

pytestmark = pytest.mark.docker  # the lab has a registry only beside an engine
KINDS = ("oci.image.manifest.v1", "docker.distribution.manifest.v2")
AWSS = "public.ecr.aws/lambda/python:3.13"
# What `htpasswd -B` makes of this user and password.
USER, PASSWORD = "somebody", "of the registry"
HTPASSWD = f"{USER}:$2b$04$jsPUHUGOpffZuVTNWojmS.Jw85R/zGYzqGIh1fe0F9nnXNJZrw5WW\n"


@pytest.fixture
def upstream(lean: Project, name: str) -> str:
    """The base starts from this image of the account's ECR, which is not there yet."""
    made = boto3.client("ecr").create_repository(repositoryName=f"{name}-upstream")
    reference = f"{made['repository']['repositoryUri']}:3.13"
    lean.edit("Dockerfile.lambda.base", AWSS, reference)
    return reference


def put(reference: str, says: str) -> None:
    """Let a tag of ECR stand for another image."""
    kind = "application/vnd.oci.image.manifest.v1+json"
    parts = {"layers": [], "annotations": {"says": says}}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, **parts})
    repository, _, tag = reference.partition("/")[2].partition(":")
    boto3.client("ecr").put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest)


def base_of(run: Run) -> str:
    """The fingerprint of the base, as planned."""
    assert run.code == 0
    steps = run.report["plan"]["steps"]
    return str(next(step["fingerprint"] for step in steps if step["id"] == "base:python"))


ENGINES = [
    pytest.param({"DOCKER_HOST": "unix:///nonexistent/docker.sock"}, id="without-engine"),
    pytest.param({}, id="with-engine"),
]


@pytest.fixture(params=ENGINES)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A machine whose docker keeps its log-ins with a program that tells of being run."""
    folder = tmp_path / "docker"
    folder.mkdir()
    helpers = {os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"): "tattle"}
    config = {"credsStore": "tattle", "credHelpers": helpers}
    (folder / "config.json").write_text(json.dumps(config))
    helper = folder / "docker-credential-tattle"
    helper.write_text(f"#!/bin/sh\ntouch {folder}/ran\nexit 1\n")
    helper.chmod(0o755)
    return {
        **request.param,
        "DOCKER_CONFIG": str(folder),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }


def test_a_plan_asks_the_registry_itself_and_runs_no_helper(
    lean: Project, upstream: str, machine: dict[str, str]
) -> None:
    put(upstream, "one")
    first = base_of(lean.run("plan", **machine))
    assert base_of(lean.run("plan", **machine)) == first
    put(upstream, "two")
    moved = lean.run("plan", **machine)
    assert base_of(moved) != first
    assert "for updates; reusing" not in moved.log
    assert not Path(machine["DOCKER_CONFIG"], "ran").exists()
    asked = [call["operation"] for call in moved.requests if call["service"] == "registry"]
    assert set(asked) <= {"HeadManifest", "GetManifest", "GetBlob"}
    assert [call["operation"] for call in moved.requests].count("GetAuthorizationToken") == 1


def test_a_registry_that_does_not_tell_is_named_with_what_it_said(
    lean: Project, upstream: str, machine: dict[str, str]
) -> None:
    host, _, name = upstream.partition("/")
    absent = lean.run("plan", **machine)
    assert absent.code == 0
    assert f"Could not check {upstream} for updates" in absent.log
    assert f"{host} has no image {name} (404). Check the name after FROM or --from=." in absent.log

    lean.edit("Dockerfile.lambda.base", upstream, "127.0.0.1:1/nobody/there:1")
    nobody = lean.run("plan", **machine)
    assert "127.0.0.1:1 cannot be reached: Connection refused" in nobody.log
    assert base_of(nobody)


# ---------------------------------------------------------------- with an engine


def test_an_image_that_is_in_the_engine_alone_is_built_on_where_it_is_not_followed(
    lean: Project, name: str
) -> None:
    engine, folder = docker.from_env(), lean.root.parent / "local"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {os.environ['LAB_PYTHON_IMAGE']}\n")
    engine.images.build(path=str(folder), tag=f"{name}-local", rm=True)
    lean.edit("Dockerfile.lambda.base", AWSS, f"{name}-local")
    lean.edit("lambda-deploy.yml", "  python:\n", "  python:\n    upstream: ignore\n")
    assert lean.run("build", "base").actions["base:python"] == "build"
    assert lean.run("build", "base").actions["base:python"] == "reuse"


def test_what_is_built_starts_from_what_the_registry_has_and_no_old_copy(
    lean: Project, name: str, upstream: str
) -> None:
    """The engine still has the image from before."""
    repository, _, tag = upstream.rpartition(":")
    push_upstream(f"{repository}:next", "next")
    push_upstream(upstream, "first")
    lean.edit("Dockerfile.lambda.base", "RUN echo base > /marker", "RUN true")
    assert get(lean.deploy().function["url"])[1]["marker"] == "first\n"
    move(repository.partition("/")[2], "next", tag)
    assert get(lean.deploy().function["url"])[1]["marker"] == "next\n"
    assert lean.deploy().changes == []


def move(repository: str, source: str, tag: str) -> None:
    """Let a tag of ECR stand for the image of another one."""
    ecr = boto3.client("ecr")
    kinds = [f"application/vnd.{kind}+json" for kind in KINDS]
    found = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": source}], acceptedMediaTypes=kinds
    )["images"][0]
    manifest, media = found["imageManifest"], found["imageManifestMediaType"]
    ecr.put_image(
        repositoryName=repository,
        imageManifest=manifest,
        imageManifestMediaType=media,
        imageTag=tag,
    )


def test_an_app_image_follows_what_it_starts_from_and_copies_from(
    lean: Project, name: str, upstream: str
) -> None:
    repository = upstream.rpartition(":")[0]
    push_upstream(upstream, "first")
    push_upstream(f"{repository}:tools", "tool")
    lean.write(
        "Dockerfile.lambda",
        f"FROM {upstream}\nCOPY --from={repository}:tools /marker /tool\n"
        'COPY --link app /var/task/app\nCMD ["app.main.handler"]\n',
    )
    lean.edit("lambda-deploy.yml", "      base: python\n", "")
    lean.edit("app/main.py", 'pathlib.Path("/marker")', 'pathlib.Path("/tool")')
    first = lean.deploy()
    assert get(first.function["url"])[1]["marker"] == "tool\n"
    assert lean.deploy().changes == []
    push_upstream(f"{repository}:tools", "other-tool")
    assert get(lean.deploy().function["url"])[1]["marker"] == "other-tool\n"
    push_upstream(upstream, "moved")
    assert lean.deploy().actions[f"image:{name}"] == "build"
    lean.edit("lambda-deploy.yml", "    image:\n", "    image:\n      upstream: ignore\n")
    push_upstream(upstream, "moved-again")
    assert lean.deploy().actions[f"image:{name}"] == "reuse"


@pytest.mark.parametrize("upstream_is", ["follow", "ignore"])
def test_a_base_is_logged_in_to_the_registry_that_it_is_pulled_from(
    lean: Project, upstream: str, upstream_is: str
) -> None:
    push_upstream(upstream, upstream_is)
    docker.from_env().images.remove(upstream, force=True)
    lean.edit("Dockerfile.lambda.base", "RUN echo base > /marker", f"RUN echo {upstream_is}")
    lean.edit("lambda-deploy.yml", "  python:\n", f"  python:\n    upstream: {upstream_is}\n")
    assert get(lean.deploy().function["url"])[1]["marker"] == f"{upstream_is}\n"


def test_what_onbuild_of_a_foreign_image_copies_counts(lean: Project, upstream: str) -> None:
    text = f"FROM {os.environ['LAB_PYTHON_IMAGE']}\nONBUILD COPY extra.txt /marker\n"
    push_upstream(upstream, text=text)
    lean.edit("Dockerfile.lambda.base", "RUN echo base > /marker", "RUN true")
    lean.write("extra.txt", "one")
    assert get(lean.deploy().function["url"])[1]["marker"] == "one"
    assert lean.deploy().changes == []
    lean.write("extra.txt", "two")
    assert get(lean.deploy().function["url"])[1]["marker"] == "two"
    lean.write("README.md", "no trigger copies this")
    assert lean.deploy().changes == []


@pytest.fixture(scope="module")
def reference_registry() -> Path:
    """The program of the reference implementation (Debian: docker-registry)."""
    if why := debian.unsupported():
        pytest.skip(f"the reference registry comes from Debian: {why}")

    def make(folder: Path) -> None:
        files = debian.download(
            debian.release(), ["docker-registry"], folder / "downloads", needs=False
        )
        debian.unpack(files, folder / "root")

    return cached(f"docker-registry-{debian.release()}", make) / "root/usr/bin/docker-registry"


@contextmanager
def registry(program: Path, folder: Path, *lines: str) -> Iterator[str]:
    """A registry of its own on this machine, by its address."""
    folder.mkdir()
    config, log = folder / "config.yml", folder / "log"
    config.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        "http: {addr: '127.0.0.1:0'}\n" + "".join(f"{line}\n" for line in lines)
    )
    daemons = Daemons()
    process = daemons.start([program, "serve", config], log=log, env={})
    try:
        deadline = Deadline(20)
        while "listening on " not in log.read_text():
            assert process.poll() is None, tail(log)
            assert deadline.pause(), tail(log)
        yield log.read_text().partition("listening on ")[2].partition('"')[0]
    finally:
        daemons.stop()


def pushed(reference: str, *options: str) -> str:
    """Push an image; its digest, by what the engine's own tools say of it."""
    done = subprocess.run(
        ["docker", "buildx", "build", "--push", "--tag", reference, *options, "-"],
        input=f"FROM scratch\nLABEL of={reference}\n",
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", reference],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    digest = json.loads(said)["digest"]
    repository, _, tag = reference.rpartition(":")
    image = docker.from_env().images.pull(repository, tag)
    assert f"{repository}@{digest}" in image.attrs["RepoDigests"]
    return str(digest)


def nobody(region: str) -> Any:
    """No log-in of ECR is asked for."""
    raise AssertionError(region)


def test_the_reference_registry_and_dockers_tools_agree(
    reference_registry: Path, tmp_path: Path
) -> None:
    asked = ImageDigests("us-east-1", nobody)
    with registry(reference_registry, tmp_path / "open") as host:
        plain, index = f"{host}/a/plain:1", f"{host}/an-index:2"
        digests = {
            plain: pushed(plain, "--provenance=false"),
            index: pushed(index, "--provenance=true"),
        }
        assert {image: asked.digest(image) for image in digests} == digests


def test_what_docker_login_leaves_is_taken(
    reference_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = f"auth: {{htpasswd: {{realm: here, path: {tmp_path}/htpasswd}}}}"
    asked = ImageDigests("us-east-1", nobody)
    with registry(reference_registry, tmp_path / "closed", auth) as host:
        login = ["docker", "login", "--username", USER, "--password-stdin", host]
        subprocess.run(login, input=PASSWORD, text=True, check=True, capture_output=True)
        image = f"{host}/a:1"
        digest = pushed(image, "--provenance=false")
        assert asked.digest(image) == digest


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(429, "limits pulls: log in to it before this step"), (403, "before this step")],
)
def test_a_registry_that_refuses_is_told_as_a_pull_and_not_asked_again_and_again(
    lean: Project, upstream: str, status: int, remedy: str
) -> None:
    push_upstream(upstream)
    docker.from_env().images.remove(upstream, force=True)
    with faults({"operation": "HeadManifest|GetManifest", "status": status}) as done:
        run = lean.deploy()
    assert run.code == 1
    cause = next(line for line in run.log.splitlines() if line.startswith("error: "))
    assert "base image python failed: cannot pull " in cause
    assert remedy in run.log
    assert "PutImage" not in run.log
    assert "push failed" not in run.log
    assert len(done) <= 8
