"""A code change of an image, against one of a zip of the same files, and against a builder.

The base has about 250 MB. Each side publishes a version, points the alias at it and invokes it
once. Lambda's engine has all layers but the new one each time, since it is no part of a runner.
"""

from __future__ import annotations

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import boto3

from bench.images import PACKAGES, docker, docker_login, forget, fresh_machine, megabytes
from bench.rounds import FEW, ROUNDS, seconds
from bench.tools import listing, shell
from lab.pace import UPDATE, paced
from lambda_fast_deploy.fingerprints.archive import code_archive

CONFIG = """\
functions:
  {name}:
    {source}
    role: ${{LAMBDA_ROLE}}
    tests: [answers]
tests:
  answers:
    invoke: {{}}
"""
IMAGE = "image: {dockerfile: Dockerfile}"
ZIP = "zip: {code: src, handler: app.main.handler, runtime: python3.13}"
DOCKERFILE = f"""\
FROM {{base}}
RUN dnf install -y {PACKAGES} && dnf clean all
COPY src/app /var/task/app
CMD ["app.main.handler"]
"""
HANDLER = "def handler(event, context):\n    return {'status': 'ok'}\n"
BUILD = """\
docker buildx build --quiet --provenance=false --sbom=false --tag $IMAGE:script \\
  --cache-from type=registry,ref=$IMAGE:script-cache \\
  --cache-to type=registry,ref=$IMAGE:script-cache,mode=max,image-manifest=true \\
  --output type=image,push=true,oci-mediatypes=true,compression=zstd ."""
RELEASE = """\
aws lambda update-function-code --function-name $NAME --image-uri $IMAGE:script
aws lambda wait function-updated-v2 --function-name $NAME
VERSION=$(aws lambda publish-version --function-name $NAME --query Version --output text)
aws lambda invoke --function-name $NAME --qualifier $VERSION /dev/null
aws lambda update-alias --function-name $NAME --name live --function-version $VERSION"""
NO_DOCKER = {"DOCKER_HOST": "unix:///nowhere"}
PACES = {  # seconds on top of each call, and of an update
    "no additional latency": (0.0, UPDATE),
    "40 ms more for each call": (0.04, 2.0),
}
GOALS = {"zip": 1.3, "fresh": 1 / 6, "warm": 1 / 1.5}

Round = tuple[float, float, float, float]


class Twin:
    """A function of some files, as a zip or as an image."""

    def __init__(self, folder: Path, source: str) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self._root = folder / self.name
        self._api = boto3.client("lambda")
        code = self._root / "src/app"
        code.mkdir(parents=True)
        (code / "main.py").write_text(HANDLER)
        for number in range(20):
            (code / f"part_{number}.py").write_text(f"# {'x' * 80}\n" * 50)
        (self._root / "lambda-deploy.yml").write_text(CONFIG.format(name=self.name, source=source))
        dockerfile = DOCKERFILE.format(base=os.environ["LAB_PYTHON_IMAGE"])
        (self._root / "Dockerfile").write_text(dockerfile)
        self._deploy()
        self._codes = cycle([self.code(), self._changed()])

    def _deploy(self, **environment: str) -> float:
        command = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
        variables = {**os.environ, "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"], **environment}
        return seconds(command, self._root, **variables)

    def _edit(self) -> None:
        with (self._root / "src/app/main.py").open("a") as file:
            file.write(f"# {secrets.token_hex(8)}\n")

    def _changed(self) -> dict[str, Any]:
        self.after_edit()
        return self.code()

    def after_edit(self, **environment: str) -> float:
        """Seconds of a deploy after a line of code has changed."""
        self._edit()
        return self._deploy(**environment)

    def script(self, *, is_fresh: bool) -> float:
        """Seconds of the script after a line of code has changed, on a warm or a fresh builder."""
        self._edit()
        existing = self.code()["ImageUri"]
        variables = {"NAME": self.name, "IMAGE": existing.partition("@")[0]}
        if is_fresh:
            fresh_machine()
        build = shell(BUILD, self._root, **variables)
        docker("pull", existing)  # Lambda has the layers below the code
        return build + shell(RELEASE, self._root, **variables)

    def code(self) -> dict[str, Any]:
        """Its code, for UpdateFunctionCode."""
        found = self._api.get_function(FunctionName=self.name)["Code"]
        if "ImageUri" in found:
            return {"ImageUri": found["ResolvedImageUri"]}
        root = self._root / "src"
        names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py"))]
        return {"ZipFile": code_archive(root, names).content}

    def bare(self) -> float:
        """Seconds of an update to other code, the wait for it, and the first invocation."""
        code = next(self._codes)
        if "ImageUri" in code:
            forget(code["ImageUri"])
        begun = time.monotonic()
        self._api.update_function_code(FunctionName=self.name, **code)
        read = self._api.get_function_configuration
        while read(FunctionName=self.name)["LastUpdateStatus"] == "InProgress":
            time.sleep(0.02)
        self._api.invoke(FunctionName=self.name)["Payload"].read()
        return time.monotonic() - begun


def _rounds(image: Twin, zipped: Twin) -> list[Round]:
    """Of each round: the image, its bare update, the zip, and its bare update."""

    def measured() -> Round:
        first = image.after_edit(**NO_DOCKER), image.bare()
        return *first, zipped.after_edit(**NO_DOCKER), zipped.bare()

    return [measured() for _ in range(ROUNDS + 1)][1:]  # the first warms caches


def _rows(what: str, image: Twin, zipped: Twin, scripted: Twin) -> Iterator[str]:
    rounds = _rounds(image, zipped)
    ours, bare, other, other_bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median((a - b) / (c - d) for a, b, c, d in rounds)
    yield _row(what, "a zip", (ours, bare, other, other_bare), ratio, GOALS["zip"])
    for peer, is_fresh in (("warm", False), ("fresh", True)):
        times = [scripted.script(is_fresh=is_fresh) for _ in range(FEW + 1)][1:]
        other = statistics.median(times)
        ratio = (ours - bare) / (other - bare)
        yield _row(what, f"a {peer} builder", (ours, bare, other, bare), ratio, GOALS[peer])


def _row(what: str, peer: str, times: Sequence[float], ratio: float, goal: float) -> str:
    cells = [f"{each:.2f} s" for each in times]
    verdict = "met" if ratio <= goal else "**missed**"
    return f"| {what}, {peer} | {' | '.join(cells)} | {ratio:.2f}, {goal:.2f} {verdict} |"


def section() -> list[str]:
    """Measure; the section of the results."""
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        docker_login()
        image, scripted, zipped = (Twin(Path(name), each) for each in (IMAGE, IMAGE, ZIP))
        for what, (request, update) in PACES.items():
            with paced(request=request, update=update):
                rows += _rows(what, image, zipped, scripted)
        size = megabytes(scripted.name, "script")
    return [
        "## Code changes of images",
        "",
        f"One line of code changes in an image of {size:.0f} MB, whose Dockerfile is below. "
        "lambda-fast-deploy makes the image of another one, without Docker: `DOCKER_HOST` names no "
        "engine. Each side publishes a version, points the alias at it and invokes it. The ratios "
        "are those of what both take beyond a bare UpdateFunctionCode, the wait for it and the "
        "first Invoke. The script builds with `docker buildx build`, on a builder that has "
        "everything, and on a fresh one with a registry cache.",
        "",
        "| pace, peer | image | its bare update | peer | its bare update | ratio, goal |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "```dockerfile",
        DOCKERFILE.format(base="public.ecr.aws/lambda/python:3.13").rstrip(),
        "```",
        "",
        *listing({"script": f"{BUILD}\n{RELEASE}"}),
    ]
