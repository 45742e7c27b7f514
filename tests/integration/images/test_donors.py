"""Images that others are made of: cleaning keeps one of each stem, and nothing in use is lost."""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from lambda_fast_deploy.adapters.aws.image_blobs import Blob
from lambda_fast_deploy.adapters.aws.registry import Registry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.packaging.images.lifecycle_policy import POLICY
from tests.support import Project, faults, faults_done, get

pytestmark = pytest.mark.docker

NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere", "PATH": "/nowhere"}
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN cat /proc/sys/kernel/random/uuid > /marker
COPY --link app /var/task/app
CMD ["app.main.handler"]
"""


class Donors:
    """A function whose image is replaced, release after release."""

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name, self.release = project, name, "hello"
        self.aws: Any = boto3.client("lambda")
        self.ecr: Any = boto3.client("ecr")

    def edit(self, release: str) -> None:
        """Write other code."""
        self.project.edit("app/main.py", f'"{self.release}"', f'"{release}"')
        self.release = release

    def keep(self, count: int) -> None:
        """Delete versions beyond so many."""
        self.project.edit(
            "lambda-deploy.yml", "    url: public", f"    url: public\n    keep: {count}"
        )

    def replaced(self, release: str) -> None:
        """Deploy other code without Docker."""
        self.edit(release)
        run = self.project.deploy(**NO_DOCKER)
        assert run.code == 0, run.log
        assert run.actions[f"image:{self.name}"] == "replace"
        assert get(run.function["url"])[1]["greeting"] == release

    def versions(self) -> dict[str, str]:
        """The published versions, and what each of them says: all of their images are there."""
        listed = self.aws.get_paginator("list_versions_by_function").paginate(
            FunctionName=self.name
        )
        names = [each["Version"] for page in listed for each in page["Versions"]]
        return {each: self._says(each)["greeting"] for each in names if each != "$LATEST"}

    def marker(self) -> str:
        """What the layer below the code was built with."""
        return str(self._says("live")["marker"])

    def _says(self, version: str) -> dict[str, Any]:
        answer = self.aws.invoke(FunctionName=self.name, Qualifier=version, Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        body: dict[str, Any] = json.loads(json.load(answer["Payload"])["body"])
        return body

    def digest(self, version: str) -> str:
        """The image of a version."""
        found = self.aws.get_function(FunctionName=self.name, Qualifier=version)
        return str(found["Code"]["ResolvedImageUri"].rpartition("@")[2])

    def images(self) -> dict[str, list[str]]:
        """The tags of each image in the repository, but for its build cache."""
        pages = self.ecr.get_paginator("describe_images").paginate(repositoryName=self.name)
        found = [each for page in pages for each in page["imageDetails"] if each.get("imageTags")]
        return {
            each["imageDigest"]: each["imageTags"]
            for each in found
            if each["imageTags"] != ["buildcache"]
        }

    def stem(self) -> str:
        """The image with the stem's tag, which is one."""
        (holder,) = {
            digest
            for digest, tags in self.images().items()
            if any(tag.startswith("stem-") for tag in tags)
        }
        return holder


@pytest.fixture
def donors(lean: Project, name: str) -> Donors:
    lean.write("Dockerfile.lambda", DOCKERFILE)
    return Donors(lean, name)


@pytest.mark.parametrize("count", [8, pytest.param(40, marks=pytest.mark.thorough)])
@pytest.mark.timeout(1200)
def test_many_replacements_a_rollback_and_cleaning_lose_nothing(donors: Donors, count: int) -> None:
    """What is in use answers, the rest is gone, and a full build finds the cache."""
    assert donors.project.deploy().code == 0
    built = donors.marker()
    for number in range(count):
        donors.replaced(f"number {number}")
    back = str(count // 4)
    assert donors.project.run("rollback", donors.name, "--to", back, **NO_DOCKER).code == 0
    donors.keep(5)
    donors.replaced("after all")
    versions = donors.versions()
    newest = [str(number) for number in range(count + 2, count - 3, -1)]
    assert versions.keys() == {*newest, back}  # the way back is kept as well
    assert donors.images().keys() == {donors.digest(each) for each in versions}
    assert donors.stem() == donors.digest("live")
    assert donors.marker() == built

    subprocess.run(["docker", "buildx", "prune", "--all", "--force"], check=True)
    donors.project.edit("Dockerfile.lambda", "COPY --link", "ENV FULL=1\nCOPY --link")
    full = donors.project.deploy()
    assert full.actions[f"image:{donors.name}"] == "build"
    assert donors.marker() == built
    donors.replaced("and again")


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_the_tag_of_a_stem_outlives_its_image(donors: Donors, mutability: str) -> None:
    """Where tags cannot move, the first image has it; after a return to older code, the newest."""
    donors.ecr.create_repository(repositoryName=donors.name, imageTagMutability=mutability)
    assert donors.project.deploy().code == 0
    first = donors.stem()
    assert first == donors.digest("live")
    donors.replaced("two")
    two = donors.digest("live")
    assert donors.stem() == (first if mutability == "IMMUTABLE" else two)
    donors.keep(1)
    donors.replaced("three")
    three = donors.digest("live")
    assert donors.images().keys() == {two, three}  # one of them is the way back
    assert donors.stem() == three
    donors.edit("two")
    again = donors.project.deploy(**NO_DOCKER)
    assert again.actions[f"image:{donors.name}"] == "reuse"
    assert donors.stem() == three
    donors.project.edit("lambda-deploy.yml", "memory: 512", "memory: 640")
    assert donors.project.deploy(**NO_DOCKER).code == 0
    assert donors.images().keys() == {two}
    assert donors.stem() == two
    donors.replaced("four")


def copied(
    source: Registry, name: str, image: str, target: Registry, copy: str, tags: list[str]
) -> None:
    """Copy an image to another repository."""
    manifest = source.manifest(name, image)
    parts = [*manifest.content["layers"], manifest.content["config"]]
    contents = [source.blobs.read(name, each["digest"], 1 << 30) for each in parts]
    target.blobs.push(copy, [Blob.of(each) for each in contents], lambda *_: None, lambda: None)
    for tag in tags:
        assert target.tag(copy, manifest, tag)


def replicated(repository: str) -> None:
    """Copy a repository to another region, as ECR's replication does.

    The lab's registry has one address for all regions, so that Docker cannot push to that one.
    """
    here, there = Registry(Aws(), "us-east-1"), Registry(Aws(), "eu-west-1")
    there.repository(repository, POLICY)
    images = boto3.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    for each in images:
        tags = each.get("imageTags", [])
        if tags and tags != ["buildcache"]:
            copied(here, repository, each["imageDigest"], there, repository, tags)


@pytest.mark.usefixtures("own_base")
def test_every_region_gets_the_same_image(donors: Donors) -> None:
    assert donors.project.deploy().code == 0
    for repository in (donors.name, f"{donors.name}-base"):
        replicated(repository)
    config = donors.project.root / "lambda-deploy.yml"
    config.write_text(f"regions: [us-east-1, eu-west-1]\n{config.read_text()}")
    donors.edit("two")
    run = donors.project.deploy(**NO_DOCKER)
    assert run.code == 0
    steps = [each for each in run.report["plan"]["steps"] if each["id"] == f"image:{donors.name}"]
    assert [each["action"] for each in steps] == ["replace", "replace"]
    sent = [r["operation"] for r in run.requests].count("CompleteLayerUpload")
    assert sent == 4  # a layer and a configuration for each
    digests = {
        boto3.client("lambda", region_name=region)
        .get_function(FunctionName=donors.name, Qualifier="live")["Code"]["ResolvedImageUri"]
        .rpartition("@")[2]
        for region in ("us-east-1", "eu-west-1")
    }
    assert len(digests) == 1


def test_an_image_whose_donor_is_deleted_meanwhile_is_built(donors: Donors) -> None:
    assert donors.project.deploy().code == 0
    donors.edit("two")
    with (
        ThreadPoolExecutor() as pool,
        faults({"operation": "InitiateLayerUpload", "times": 1, "held": True}),
    ):
        run = pool.submit(donors.project.deploy)
        while not faults_done():
            time.sleep(0.05)
        ids = [{"imageDigest": digest} for digest in donors.images()]
        ids.append({"imageTag": "buildcache"})  # it has the layers, too
        donors.ecr.batch_delete_image(repositoryName=donors.name, imageIds=ids)
        with faults():
            done = run.result()
    assert done.code == 0, done.log
    assert done.actions[f"image:{donors.name}"] == "replace"
    assert f"The image of {donors.name} is built after all: " in done.log
    assert get(done.function["url"])[1]["greeting"] == "two"
    donors.replaced("three")


def test_the_same_image_in_another_repository_is_another_one(donors: Donors, name: str) -> None:
    """The same content has the same digest everywhere, so that a digest says little of its use."""
    donors.keep(1)
    assert donors.project.deploy().code == 0
    donors.replaced("two")
    two, other = donors.digest("live"), f"{name}-other"
    made = donors.ecr.create_repository(repositoryName=other)["repository"]
    here = Registry(Aws(), "us-east-1")
    copied(here, name, two, here, other, ["copied"])
    donors.aws.create_function(
        FunctionName=other,
        PackageType="Image",
        Role=os.environ["LAB_ROLE_ARN"],
        Code={"ImageUri": f"{made['repositoryUri']}:copied"},
    )
    donors.replaced("three")
    assert two in donors.images()  # the way back
    donors.replaced("four")
    assert two not in donors.images()
    assert donors.digest("live") in donors.images()
    (left,) = donors.ecr.describe_images(repositoryName=other)["imageDetails"]
    assert left["imageDigest"] == two


def test_an_image_that_another_function_uses_stays(donors: Donors, name: str) -> None:
    donors.keep(1)
    assert donors.project.deploy().code == 0
    donors.replaced("two")
    two = donors.digest("live")
    uri = donors.aws.get_function(FunctionName=name, Qualifier="live")["Code"]["ImageUri"]
    donors.aws.create_function(
        FunctionName=f"{name}-other",
        PackageType="Image",
        Role=os.environ["LAB_ROLE_ARN"],
        Code={"ImageUri": uri},
    )
    donors.replaced("three")
    donors.replaced("four")
    assert two in donors.images()
