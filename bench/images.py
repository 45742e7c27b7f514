"""Deploys of an image on a base of about 250 MB, against ``docker buildx build`` with its cache."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from bench.rounds import FEW, OURS, Against, Way, measure, seconds, table
from bench.tools import listing, shell

ROOT = Path(__file__).resolve().parent.parent
BUILDX = "buildx build"
SCRIPT = """\
docker buildx build --quiet --provenance=false --sbom=false --file Dockerfile.lambda \\
  --tag $IMAGE:$COMPRESSION --build-arg BASE_IMAGE=$BASE \\
  --cache-from type=registry,ref=$IMAGE:cache-$COMPRESSION \\
  --cache-to type=registry,ref=$IMAGE:cache-$COMPRESSION,mode=max,image-manifest=true \\
  --output type=image,push=true,oci-mediatypes=true,compression=$COMPRESSION .
aws lambda update-function-code --function-name $NAME --image-uri $IMAGE:$COMPRESSION
aws lambda wait function-updated-v2 --function-name $NAME"""
PACKAGES = "gcc gcc-c++ git ImageMagick ghostscript poppler-utils jq"


class Application:
    """The example of an image, on a base with compilers and document tools."""

    def __init__(self, folder: Path) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.root = folder / self.name
        self._report = folder / "report.json"
        shutil.copytree(ROOT / "examples/image-api", self.root)
        config = self.root / "lambda-deploy.yml"
        config.write_text(config.read_text().replace("image-api", self.name))
        base = self.root / "Dockerfile.lambda.base"
        base.write_text(base.read_text().replace("jq poppler-utils", PACKAGES))
        boto3.client("s3").create_bucket(Bucket=self.name)
        self._environment = {
            **os.environ,
            "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"],
            "BUCKET": self.name,
        }

    def deploy(self) -> float:
        """Seconds of a deploy."""
        command = [
            sys.executable,
            "-m",
            "lambda_fast_deploy",
            "deploy",
            "--report",
            str(self._report),
        ]
        return seconds(command, self.root, **self._environment)

    @property
    def report(self) -> dict[str, Any]:
        """The report of the last deploy."""
        found: dict[str, Any] = json.loads(self._report.read_text())
        return found

    def after_edit(self) -> float:
        """Seconds of a deploy after a line of code has changed."""
        edit(self.root)
        return self.deploy()

    @property
    def repository(self) -> str:
        """The address of the image's repository."""
        return str(self.report["functions"][0]["image_uri"]).partition("@")[0]

    @property
    def base(self) -> str:
        """The base by its digest."""
        return f"{self.repository}-base@{_found(f'{self.name}-base', '3.13')['imageDigest']}"

    def buildx(self) -> float:
        """Seconds of ``docker buildx build`` of the same image, from its registry cache."""
        repository = self.repository
        options = "push=true,oci-mediatypes=true,compression=zstd,compression-level=3"
        command = [
            *("docker", "buildx", "build", "--provenance=false", "--sbom=false"),
            *("--file", "Dockerfile.lambda", "--tag", f"{repository}:peer"),
            f"--build-arg=BASE_IMAGE={self.base}",
            f"--cache-from=type=registry,ref={repository}:buildcache",
            *(f"--output=type=image,{options}", "."),
        ]
        return seconds(command, self.root)


class Script:
    """The same application, built by buildx and deployed by the AWS CLI."""

    def __init__(self, app: Application, compression: str) -> None:
        self._root = app.root.with_name(f"{app.name}-{compression}")
        self._repository, self._compression = app.name, compression
        shutil.copytree(app.root, self._root)
        self._environment = {
            "NAME": self._root.name,
            "IMAGE": app.repository,
            "BASE": app.base,
            "COMPRESSION": compression,
        }
        build, _, _ = SCRIPT.partition("\naws")
        shell(build, self._root, **self._environment)
        api = boto3.client("lambda")
        api.create_function(
            FunctionName=self._root.name,
            PackageType="Image",
            Code={"ImageUri": f"{app.repository}:{compression}"},
            Role=os.environ["LAB_ROLE_ARN"],
        )
        api.get_waiter("function_active_v2").wait(FunctionName=self._root.name)

    def after_edit(self) -> float:
        """Seconds of the script after a line of code has changed."""
        edit(self._root)
        return shell(SCRIPT, self._root, **self._environment)

    @property
    def size(self) -> float:
        """Megabytes of the image in the registry."""
        return megabytes(self._repository, self._compression)


def edit(root: Path) -> None:
    """Change a line of code."""
    source = root / "app/main.py"
    source.write_text(f"{source.read_text()}\n# {secrets.token_hex(8)}\n")


def megabytes(repository: str, tag: str) -> float:
    """Megabytes of an image in the registry, compressed."""
    return float(_found(repository, tag)["imageSizeInBytes"]) / 1e6


def _found(repository: str, tag: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = boto3.client("ecr").describe_images(
        repositoryName=repository, imageIds=[{"imageTag": tag}]
    )["imageDetails"][0]
    return found


def docker_login() -> None:
    """Log Docker in to the registry."""
    data = boto3.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    command = ["docker", "login", "-u", user, "--password-stdin", data["proxyEndpoint"]]
    subprocess.run(command, input=password, text=True, check=True, capture_output=True)


def docker(*words: str) -> list[str]:
    """The words that a command of Docker prints. Raises CalledProcessError if it fails."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout.split()


def forget(*images: str) -> None:
    """Remove all containers from the engine, and images if it has them."""
    if containers := docker("ps", "--all", "--quiet"):
        docker("rm", "--force", *containers)
    if images:
        docker("image", "rm", "--force", *images)


def fresh_machine() -> None:
    """Leave nothing with the engine but the image that AWS's registry would serve."""
    listed = ("image", "ls", "--all", "--quiet", "--no-trunc")  # those without a tag, too
    forget(*({*docker(*listed)} - {*docker(*listed, os.environ["LAB_PYTHON_IMAGE"])}))
    docker("image", "prune", "--force")
    docker("buildx", "prune", "--all", "--force")


def section() -> list[str]:
    """Measure; the section of the results."""
    with tempfile.TemporaryDirectory() as folder:
        app = Application(Path(folder))
        runs = [_phases("first: base and app are built", app)]
        edit(app.root)
        runs.append(_phases("one line of code changed", app))
        runs.append(_phases("nothing changed", app))
        edit(app.root)
        fresh_machine()
        runs.append(_phases("one line of code changed, on a fresh machine", app))
        docker_login()

        def fresh() -> float:
            fresh_machine()
            return app.buildx()

        remote = measure(Way(OURS, app.deploy), Way(BUILDX, fresh))
        local = measure(Way(OURS, app.deploy), Way(BUILDX, app.buildx))
        scripts = {each: Script(app, each) for each in ("gzip", "zstd")}
        changed = measure(
            Way(OURS, app.after_edit),
            *(Way(f"{BUILDX}, {name}", each.after_edit, FEW) for name, each in scripts.items()),
        )
        base = megabytes(f"{app.name}-base", "3.13")
        sizes = ", ".join(f"{each.size:.1f} MB in {name}" for name, each in scripts.items())
    return [
        "## Images",
        "",
        f"The app is the example image-api, on a base of {base:.0f} MB in the registry "
        f"({PACKAGES}). Builds use the docker driver with the containerd image store.",
        "",
        "| run | in all | fingerprint, observe | base | app | release and tests |",
        "| --- | --- | --- | --- | --- | --- |",
        *runs,
        "",
        "The next two tables compare a deploy of an unchanged image with `docker buildx build` and "
        "`push=true` of the same image, when everything is cached. lambda-fast-deploy also checks "
        "that the function serves the image.",
        "",
        *table(
            "no change, the builder is fresh and all is in the registry",
            remote,
            [Against(BUILDX, 1 / 5)],
        ),
        "",
        *table("no change, all is in this machine's builder", local, [Against(BUILDX)]),
        "",
        "The last table compares a change of one line of code with a script that neither publishes "
        "a version nor tests it. The layers below are in this machine's builder. "
        f"The image has {sizes}.",
        "",
        *table("one line of code", changed, [Against(f"{BUILDX}, {name}") for name in scripts]),
        "",
        *listing({f"{BUILDX}, gzip and zstd": SCRIPT}),
    ]


def _phases(what: str, app: Application) -> str:
    whole = app.deploy()
    spent = {"read": 0.0, "base": 0.0, "image": 0.0, "release": 0.0}
    for work in app.report["work"]:
        kind = "read" if work["action"] == "read" else work["id"].partition(":")[0]
        spent[kind if kind in spent else "release"] += work["seconds"]
    cells = (f"{value:.2f} s" if value else "-" for value in spent.values())
    return f"| {what} | {whole:.2f} s | {' | '.join(cells)} |"
