"""A code change of an image, against one of a zip of the same files, and against a builder.

Each side publishes a version, points the alias at it and invokes it once.
"""

from __future__ import annotations

import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import boto3

from bench.images import docker_login, fresh_machine
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
DOCKERFILE = """\
FROM {base}
COPY --link src/app /var/task/app
CMD ["app.main.handler"]
"""
HANDLER = "def handler(event, context):\n    return {'status': 'ok'}\n"
SCRIPT = """\
docker buildx build --quiet --provenance=false --sbom=false --tag $IMAGE:script \\
  --cache-from type=registry,ref=$IMAGE:script-cache \\
  --cache-to type=registry,ref=$IMAGE:script-cache,mode=max,image-manifest=true \\
  --output type=image,push=true,oci-mediatypes=true,compression=zstd .
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

    def _deploy(self, **environment: str) -> float:
        command = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
        variables = {**os.environ, "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"], **environment}
        return seconds(command, self._root, **variables)

    def _edit(self) -> None:
        with (self._root / "src/app/main.py").open("a") as file:
            file.write(f"# {secrets.token_hex(8)}\n")

    def after_edit(self, **environment: str) -> float:
        """Seconds of a deploy after a line of code has changed."""
        self._edit()
        return self._deploy(**environment)

    def script(self) -> float:
        """Seconds of the script after a line of code has changed."""
        self._edit()
        image = self.code()["ImageUri"].partition("@")[0]
        return shell(SCRIPT, self._root, NAME=self.name, IMAGE=image)

    def code(self) -> dict[str, Any]:
        """Its code, for UpdateFunctionCode."""
        found = self._api.get_function(FunctionName=self.name)["Code"]
        if "ImageUri" in found:
            return {"ImageUri": found["ResolvedImageUri"]}
        root = self._root / "src"
        names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py"))]
        return {"ZipFile": code_archive(root, names).content}

    def bare(self, code: dict[str, Any]) -> float:
        """Seconds of an update to some code, the wait for it, and the first invocation."""
        begun = time.monotonic()
        self._api.update_function_code(FunctionName=self.name, **code)
        read = self._api.get_function_configuration
        while read(FunctionName=self.name)["LastUpdateStatus"] == "InProgress":
            time.sleep(0.02)
        self._api.invoke(FunctionName=self.name)["Payload"].read()
        return time.monotonic() - begun


def _beyond(image: Twin, zipped: Twin) -> Iterator[tuple[float, float, float, float]]:
    """Of each round: the image, its bare update, the zip, and its bare update."""
    codes = {twin: cycle([twin.code(), _changed(twin)]) for twin in (image, zipped)}
    for number in range(ROUNDS + 1):
        times = []
        for twin in (image, zipped):
            times += [twin.after_edit(**NO_DOCKER), twin.bare(next(codes[twin]))]
        if number:  # the first warms caches
            yield times[0], times[1], times[2], times[3]


def _changed(twin: Twin) -> dict[str, Any]:
    twin.after_edit()
    return twin.code()


def _rows(what: str, image: Twin, zipped: Twin) -> Iterator[str]:
    rounds = [*_beyond(image, zipped)]
    cells = [f"{statistics.median(column):.2f} s" for column in zip(*rounds, strict=True)]
    ratio = statistics.median((a - b) / (c - d) for a, b, c, d in rounds)
    yield f"| {what}, a zip | {' | '.join(cells)} | {_against(ratio, 'zip')} |"
    ours, bare = (statistics.median(column) for column in [*zip(*rounds, strict=True)][:2])
    for peer, is_fresh in (("warm", False), ("fresh", True)):
        times = []
        for _ in range(FEW + 1):
            if is_fresh:
                fresh_machine()
            times.append(image.script())
        other = statistics.median(times[1:])
        ratio_cell = _against((ours - bare) / (other - bare), peer)
        cells = [f"{each:.2f} s" for each in (ours, bare, other, bare)]
        yield f"| {what}, a {peer} builder | {' | '.join(cells)} | {ratio_cell} |"


def section() -> list[str]:
    """Measure; the section of the results."""
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        image, zipped = Twin(Path(name), IMAGE), Twin(Path(name), ZIP)
        docker_login()
        for what, (request, update) in PACES.items():
            with paced(request=request, update=update):
                rows += _rows(what, image, zipped)
    return [
        "## Code changes of images",
        "",
        "One line of code changes. lambda-fast-deploy makes the image of another one, without "
        "Docker: `DOCKER_HOST` names no engine. Each side publishes a version, points the alias at "
        "it and invokes it. The ratios are those of what both take beyond a bare "
        "UpdateFunctionCode, the wait for it and the first Invoke. The script builds with "
        "`docker buildx build`, on a builder that has everything, and on a fresh one with a "
        "registry cache.",
        "",
        "| pace, peer | image | its bare update | peer | its bare update | ratio, goal |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        *listing({"script": SCRIPT}),
    ]


def _against(ratio: float, peer: str) -> str:
    goal = GOALS[peer]
    return f"{ratio:.2f}, {goal:.2f} {'met' if ratio <= goal else '**missed**'}"
