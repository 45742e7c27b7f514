"""Functions of each kind on the lab, release after release: a zip, an image, many on two layers."""

from __future__ import annotations

import functools
import json
import os
import random
from pathlib import Path
from typing import Any

import boto3

from tests.support import Project, Run, push_upstream

ZIP = """\
layers: {{{name}: {{requirements: [idna==3.10], runtime: python3.11}}}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}]}}
    role: {role}
    url: public
    environment: {{RELEASE: "{release}"}}
    tests: [health]
"""
IMAGE = """\
bases: {{{name}: {{repository: {name}-base, dockerfile: Dockerfile.base, tag: "3.13"}}}}
functions:
  {name}:
    image: {{dockerfile: Dockerfile, base: {name}, repository: {name}}}
    role: {role}
    url: public
    tests: [health]
"""
MANY_LAYERS = """\
layers:
  {name}: {{requirements: [idna==3.10], runtime: python3.11}}
  {name}-b: {{requirements: [six==1.17.0], runtime: python3.11}}
functions:
"""
ONE_OF_MANY = """\
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{layers}]}}
    role: {role}
    environment: {{RELEASE: "{release}"}}
    tests: [health]
"""
TESTS = "tests: {{health: {{http: /health, json: {{status: ok}}, within: {within}}}}}\n"
APP = """\
import json
RELEASE = "{release}"
def handler(event, context):
    return {{"statusCode": 200, "body": json.dumps({{"status": "ok", "release": RELEASE}})}}
"""
BASE = "FROM {upstream}\nRUN echo {base} > /marker\n"
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY --link app.py /var/task/
CMD ["app.handler"]
"""
# What a version is made of, besides its code.
SETTINGS = ("CodeSha256", "Environment", "Layers", "MemorySize", "Timeout")


class Fleet:
    """A zip function on a layer of its own, release after release."""

    path = "zip"
    alias = "live"
    within = "6s"  # of its test

    def __init__(self, root: Path, name: str) -> None:
        self.project, self.name, self.release = Project(root), name, 0
        self.names: tuple[str, ...] = (name,)
        self.layers: tuple[str, ...] = (name,)
        self.aws: Any = boto3.client("lambda")

    @property
    def values(self) -> dict[str, Any]:
        """What the files of a release are filled in with."""
        role = os.environ["LAB_ROLE_ARN"]
        return {"name": self.name, "role": role, "release": self.release, "within": self.within}

    def next(self) -> None:
        """Write another release."""
        self.release += 1
        self.write()

    def vary(self, number: int) -> None:
        """Write another release, which ``number`` lets differ in more or in less."""
        self.next()

    def write(self) -> None:
        """Write the files of the release."""
        self.project.write("lambda-deploy.yml", (ZIP + TESTS).format(**self.values))
        self.project.write("src/app.py", APP.format(**self.values))

    def served(self) -> set[str]:
        """The releases that users get; nothing from a function that is not there."""
        return {self._answer(name) for name in self.names}

    def _answer(self, name: str) -> str:
        try:
            answer = self.aws.invoke(FunctionName=name, Qualifier=self.alias, Payload=b"{}")
        except self.aws.exceptions.ResourceNotFoundException:
            return ""
        assert "FunctionError" not in answer, answer["Payload"].read()
        found: str = json.loads(json.load(answer["Payload"])["body"])["release"]
        return found

    def converge(self, *, alone: bool = True) -> Run:
        """Deploy what is there: the state is that of runs which nothing disturbed.

        Unless it is ``alone``, the calls of other runs are among those that were counted.
        """
        run = self.project.deploy()
        assert run.code == 0, run.log
        self.settled(alone=alone)
        return run

    def settled(self, *, alone: bool = True) -> None:
        """Users have the release, nothing is left to do, and nothing is there that has no use."""
        assert self.served() == {str(self.release)}
        again = self.project.deploy()
        assert again.code == 0
        assert not alone or again.changes == [], "a second run found something to do"
        assert {work["action"] for work in again.report["work"]} == {"read"}
        for name in self.names:
            self._function_is_settled(name)
        for layer in self.layers:
            found = self.aws.list_layer_versions(LayerName=layer)["LayerVersions"]
            assert len(found) == 1, "a layer was published twice"

    def _function_is_settled(self, name: str) -> None:
        alias = self.aws.get_alias(FunctionName=name, Name="live")
        assert not (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        latest = self.aws.get_function_configuration(FunctionName=name)
        live = self.aws.get_function_configuration(FunctionName=name, Qualifier="live")
        for key in SETTINGS:
            assert latest.get(key) == live.get(key), key
        pages = self.aws.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = [v for page in pages for v in page["Versions"] if v["Version"] != "$LATEST"]
        newest = max(versions, key=lambda version: int(version["Version"]))
        assert newest["Version"] == live["Version"], "a version is there that nobody uses"
        made_of = [json.dumps([v.get(key) for key in SETTINGS]) for v in versions]
        assert len(made_of) == len(set(made_of)), "a version was published twice"

    def remove(self) -> None:
        """Delete the functions."""
        for name in self.names:
            self.aws.delete_function(FunctionName=name)


class Image(Fleet):
    """A function from an image on a base of its own; ``base`` is what the base holds."""

    path = "image"

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root, name)
        self.layers = ()
        self.base = name
        self.ecr: Any = boto3.client("ecr")
        self._upstream = _upstream()

    def write(self) -> None:
        self.project.write("lambda-deploy.yml", (IMAGE + TESTS).format(**self.values))
        self.project.write("app.py", APP.format(**self.values))
        self.project.write("Dockerfile.base", BASE.format(upstream=self._upstream, base=self.base))
        self.project.write("Dockerfile", DOCKERFILE)

    def vary(self, number: int) -> None:
        """Each second image is built; the others are made of the image before."""
        if number % 2:
            self.next_with_base()
        else:
            self.next()

    def next_with_base(self) -> None:
        """Write another release, on another base."""
        self.base = f"{self.name} {self.release + 1}"
        self.next()

    def settled(self, *, alone: bool = True) -> None:
        super().settled(alone=alone)
        pages = self.ecr.get_paginator("describe_images").paginate(repositoryName=self.name)
        images = [image.get("imageTags", ()) for page in pages for image in page["imageDetails"]]
        apps = [tags for tags in images if any(tag.startswith("app-") for tag in tags)]
        assert len(apps) <= self.release, "an image was built twice"
        # Without a tag of its own, an image that was deployed would expire.
        uri = self.aws.get_function(FunctionName=self.name, Qualifier="live")["Code"]["ImageUri"]
        digest = uri.rpartition("@")[2]
        found = self.ecr.describe_images(
            repositoryName=self.name, imageIds=[{"imageDigest": digest}]
        )
        assert len(found["imageDetails"][0]["imageTags"]) >= 2


@functools.cache
def _upstream() -> str:
    """An image in the registry that bases start from, so that it is asked for at each deploy."""
    made = boto3.client("ecr").create_repository(repositoryName=f"upstream-{os.getpid()}")
    reference = f"{made['repository']['repositoryUri']}:3.13"
    push_upstream(reference)
    return reference


class Large(Fleet):
    """A zip that is too large for a call, so that it goes through a bucket."""

    path = "zip by S3"

    def write(self) -> None:
        super().write()
        config = self.project.root / "lambda-deploy.yml"
        bucket = f"artifacts: {{bucket: {self.name}, create: true}}\n"
        config.write_text(config.read_text() + bucket)
        data = self.project.root / "src/data.bin"
        if not data.exists():
            data.write_bytes(random.Random(self.name).randbytes(51_000_000))

    def settled(self, *, alone: bool = True) -> None:
        super().settled(alone=alone)
        rules = boto3.client("s3").get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


class Many(Fleet):
    """Six zip functions over two layers."""

    path = "many"

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root, name)
        self.names = tuple(f"{name}-{number}" for number in range(6))
        self.layers = (name, f"{name}-b")

    def write(self) -> None:
        text = MANY_LAYERS.format(**self.values)
        for number, name in enumerate(self.names):
            layers = ", ".join(self.layers[: 1 + number % 2])
            text += ONE_OF_MANY.format(**{**self.values, "name": name, "layers": layers})
        self.project.write("lambda-deploy.yml", text + TESTS.format(**self.values))
        self.project.write("src/app.py", APP.format(**self.values))


# The paths that are killed and meet mixtures.
FLEETS: dict[str, type[Fleet]] = {kind.path: kind for kind in (Fleet, Image, Many)}
