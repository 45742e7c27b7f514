"""Container functions, their registry and the base image: all through a real Docker engine."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.lab.making import Function, logged_requests, refused

pytestmark = pytest.mark.docker

BASE = "public.ecr.aws/lambda/python:3.13"
SOURCE = """
import os, time, uuid, boto3
time.sleep(0.3)
ENVIRONMENT = uuid.uuid4().hex
def handler(event, context):
    print("said %s")
    if event.get("seconds"):
        time.sleep(event["seconds"])
    if event.get("status"):
        return {"statusCode": 500, "errorType": "mine"}
    s3 = boto3.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    return {"says": "%s", "buckets": buckets, "variable": os.environ.get("VARIABLE"),
            "version": context.function_version, "environment": ENVIRONMENT}
"""


def run(*words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit code."""
    return subprocess.run(words, input=text, capture_output=True, text=True, check=False)


def done(*words: str, text: str | None = None) -> str:
    """Run a command that must succeed; return everything it said."""
    result = run(*words, text=text)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def log_in(ecr: Any) -> None:
    """Log docker in with the token of GetAuthorizationToken."""
    token = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    done(
        "docker",
        "login",
        "--username",
        user,
        "--password-stdin",
        token["proxyEndpoint"],
        text=password,
    )


@pytest.fixture
def repository(ecr: Any, name: str) -> str:
    """The URI of an empty repository, docker being logged in."""
    log_in(ecr)
    return str(ecr.create_repository(repositoryName=name)["repository"]["repositoryUri"])


@pytest.fixture
def push(repository: str, tmp_path: Path) -> Callable[..., str]:
    """Build and push a function's image that says something; returns its URI."""

    def build_and_push(says: str, *options: str, compression: str = "gzip") -> str:
        folder = tmp_path / says
        folder.mkdir()
        # Every probe builds layers of its own: none is in the builder's cache.
        (folder / "app.py").write_text(f"# {repository}\n" + SOURCE % (says, says))
        (folder / "Dockerfile").write_text(
            f'FROM {BASE}\nCOPY app.py ${{LAMBDA_TASK_ROOT}}/\nCMD ["app.handler"]\n'
        )
        uri = f"{repository}:{says}"
        output = f"type=image,name={uri},push=true,oci-mediatypes=true,compression={compression}"
        done(
            "docker",
            "buildx",
            "build",
            "--provenance=false",
            "--sbom=false",
            "--output",
            output,
            *options,
            str(folder),
        )
        return uri

    return build_and_push


def test_an_image_from_buildx_runs_and_reaches_s3(
    push: Callable[..., str], function: Function, bucket: Any
) -> None:
    function.create(Code={"ImageUri": push("one")}, Timeout=30)
    error, answer = function.call()
    assert error is None, answer
    assert answer["says"] == "one"
    assert bucket.name in answer["buckets"]


def test_versions_of_one_image_keep_their_environments(
    push: Callable[..., str], function: Function
) -> None:
    function.create(Code={"ImageUri": push("one")}, Timeout=30)
    first = function.publish()
    function.api.update_function_configuration(
        FunctionName=function.name, Environment={"Variables": {"VARIABLE": "new"}}
    )
    function.settle()
    assert function.call(first)[1]["variable"] is None
    assert function.call()[1]["variable"] == "new"
    assert function.call(first)[1]["version"] == first


def test_an_update_does_not_wait_for_old_containers(
    push: Callable[..., str], function: Function
) -> None:
    function.create(Code={"ImageUri": push("one")}, Timeout=30)
    assert function.call()[1]["says"] == "one"
    other = push("two")
    began = time.monotonic()
    function.api.update_function_code(FunctionName=function.name, ImageUri=other)
    assert time.monotonic() - began < 1
    function.settle()
    assert function.call()[1]["says"] == "two"


def test_an_update_leaves_published_versions_alone(
    push: Callable[..., str], function: Function
) -> None:
    function.create(Code={"ImageUri": push("one")}, Timeout=30)
    version = function.publish()
    before = function.call(version)[1]["environment"]
    function.api.update_function_code(FunctionName=function.name, ImageUri=push("two"))
    function.settle()
    assert function.call(version)[1]["environment"] == before


def log_of(function: Function, **event: Any) -> tuple[Any, list[str]]:
    """Invoke; return the answer, and the lines of the log's tail."""
    answer = function.api.invoke(
        FunctionName=function.name, LogType="Tail", Payload=json.dumps(event)
    )
    return answer, base64.b64decode(answer["LogResult"]).decode().splitlines()


def test_the_log_of_a_container(push: Callable[..., str], function: Function) -> None:
    function.create(Code={"ImageUri": push("one")}, Timeout=5)
    inits = []
    for _ in range(2):
        _, (start, said, end, report) = log_of(function)
        assert start.startswith("START RequestId: ")
        assert said == "said one"
        assert end.startswith("END RequestId: ")
        inits.append(re.search(r"\tInit Duration: ([\d.]+) ms\t$", report))
    assert inits[0]
    assert float(inits[0][1]) >= 300
    assert inits[1] is None
    answer, _ = log_of(function, status=500)
    assert "FunctionError" not in answer
    answer, lines = log_of(function, seconds=9)
    assert answer["FunctionError"] == "Unhandled"
    told = json.loads(answer["Payload"].read())
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith(" Error: Task timed out after 5.00 seconds")
    assert "said one" in lines
    assert "\tDuration: 5000.00 ms\t" in lines[-1]


def test_a_moved_tag_moves_no_function(push: Callable[..., str], function: Function) -> None:
    first = push("one")
    function.create(Code={"ImageUri": first}, Timeout=30)
    done("docker", "tag", push("two"), first)
    done("docker", "push", first)
    assert function.call()[1]["says"] == "one"


def test_a_deleted_function_leaves_no_container(
    push: Callable[..., str], function: Function
) -> None:
    uri = push("one")
    function.create(Code={"ImageUri": uri}, Timeout=30)
    function.call()
    engine = docker.from_env()
    mine: dict[str, Any] = {"ancestor": uri}
    assert engine.containers.list(filters=mine)
    function.api.delete_function(FunctionName=function.name)
    time.sleep(1)
    assert not engine.containers.list(filters=mine)


def test_a_zstd_image_runs(push: Callable[..., str], function: Function, ecr: Any) -> None:
    uri = push("one", compression="zstd")
    manifest = ecr.batch_get_image(repositoryName=function.name, imageIds=[{"imageTag": "one"}])
    assert "tar+zstd" in manifest["images"][0]["imageManifest"]
    function.create(Code={"ImageUri": uri}, Timeout=30)
    assert function.call()[1]["says"] == "one"


def test_the_build_cache_goes_through_the_registry(
    push: Callable[..., str], repository: str, ecr: Any
) -> None:
    cache = f"type=registry,ref={repository}:cache"
    push("one", "--cache-to", f"{cache},mode=max,image-manifest=true,oci-mediatypes=true")
    ids = [{"imageTag": "cache"}]
    kept = ecr.describe_images(repositoryName=repository.partition("/")[2], imageIds=ids)
    assert kept["imageDetails"][0]["imageManifestMediaType"] == (
        "application/vnd.oci.image.manifest.v1+json"
    )
    done("docker", "buildx", "prune", "--all", "--force")
    since = len(logged_requests())
    push("two", "--cache-from", cache)
    reads = [line["path"] for line in logged_requests()[since:] if line["status"] == 200]
    assert any(path.endswith("/manifests/cache") for path in reads)


def test_an_index_is_refused(push: Callable[..., str], function: Function) -> None:
    uri = push("one", "--provenance=true")
    assert refused(function.create, Code={"ImageUri": uri}) == (
        "InvalidParameterValueException",
        400,
    )


def test_a_push_without_login_is_denied(
    repository: str, push: Callable[..., str], ecr: Any
) -> None:
    push("one")
    done("docker", "logout", repository.partition("/")[0])
    assert run("docker", "push", f"{repository}:one").returncode != 0
    log_in(ecr)
    done("docker", "push", f"{repository}:one")


def test_pushing_is_logged_by_operation(repository: str, push: Callable[..., str]) -> None:
    since = len(logged_requests())
    push("one")
    lines = logged_requests()[since:]
    assert {line["service"] for line in lines} == {"registry"}
    changes = {line["operation"] for line in lines if line["mutating"]}
    assert {"StartBlobUpload", "CompleteBlobUpload", "PutManifest"} <= changes
    reads = {line["operation"] for line in lines if not line["mutating"]}
    assert {"HeadBlob", "HeadManifest"} <= reads


def test_an_immutable_tag_is_not_pushed_over(
    repository: str, push: Callable[..., str], ecr: Any, name: str
) -> None:
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    first, second = push("one"), push("two")
    done("docker", "tag", second, first)
    denied = run("docker", "push", first)
    assert denied.returncode != 0
    assert "400 Bad Request" in denied.stderr  # all that docker push tells of it


DOCKERFILE = f"""
FROM {BASE}
RUN dnf install -y libpq jq && dnf clean all
COPY requirements.txt ${{LAMBDA_TASK_ROOT}}/
RUN pip install -r requirements.txt --target ${{LAMBDA_TASK_ROOT}}
RUN jq --version && /usr/sbin/ldconfig -p | grep libpq && test ! -e /var/lib/apt/lists
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a Dockerfile like those that users write."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "requirements.txt").write_text("markupsafe\n")
    return tmp_path


def test_system_packages_and_pip_in_buildx(project: Path) -> None:
    said = done("docker", "buildx", "build", "--progress", "plain", "--no-cache", str(project))
    assert "Successfully installed markupsafe" in said


def test_system_packages_and_pip_in_the_classic_builder(project: Path) -> None:
    image, _ = docker.from_env().images.build(path=str(project), nocache=True, rm=True)
    assert image.id


def test_an_unknown_system_package_fails_the_build() -> None:
    denied = run("docker", "run", "--rm", "--entrypoint", "dnf", BASE, "install", "-y", "nonesuch")
    assert denied.returncode == 1
    assert "Unable to find a match: nonesuch" in denied.stderr


def test_the_base_image_is_laid_out_like_awss() -> None:
    looks = (
        "command -v python3 && command -v pip && echo $LAMBDA_TASK_ROOT $PWD && "
        "test -x /lambda-entrypoint.sh && test -x /var/runtime/bootstrap && "
        "test -x /usr/local/bin/aws-lambda-rie && python3 -c 'import boto3'"
    )
    said = done("docker", "run", "--rm", "--entrypoint", "sh", BASE, "-c", looks).split()
    assert said == ["/var/lang/bin/python3", "/var/lang/bin/pip", "/var/task", "/var/task"]


def test_the_machines_own_engine_serves_as_well(tmp_path: Path) -> None:
    """Here the lab's private engine plays the machine's own: a second lab finds and uses it."""
    probe = "test_docker.py::test_an_image_from_buildx_runs_and_reaches_s3"
    root = Path(__file__).parents[2]
    pytest_words = [sys.executable, "-m", "pytest", "-q", str(root / "tests" / "lab" / probe)]
    before = len(docker.from_env().containers.list(all=True))
    said = done(sys.executable, "-m", "lab", "--state", str(tmp_path), "--", *pytest_words)
    assert "the machine's own engine" in said
    assert "1 passed" in said
    assert len(docker.from_env().containers.list(all=True)) == before
