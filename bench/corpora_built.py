"""Builds and packages templates of corpora by the SAM CLI and by us, and compares the results.

    python -m lab --without-docker -- python -m bench.corpora_built DIR [--most N] [--json FILE]

The templates are those of `bench.corpora` that can be planned and have only functions in Python or
Node.js. Those of the CDK are not compared: we deploy their assets as ``cdk deploy`` does, and the
SAM CLI builds them anew. Each is built in a copy, for the versions of Python and Node.js that this
machine has: its runtimes are rewritten. Templates that are then the same count once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import boto3

from bench.corpora import Examined, examined, guessed, templates
from bench.corpora_tries import counted, options_of
from bench.packaged import BUCKET, SamRefused, differences, packaged_by_sam, packaged_by_us
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.stacks import cdk_assets
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import read_template

_PYTHON, _NODE = re.compile(r"\bpython3\.\d+\b"), re.compile(r"\bnodejs\d+\.x\b")
_SHOWN = 5  # differences of one template


@dataclass(frozen=True, slots=True)
class Compared:
    """A template and its verdict: equal, different, sam or ours (that one cannot build it).

    ``installs`` is how many of its artifacts have requirements.
    """

    path: str
    verdict: str
    reason: str
    runtimes: tuple[str, ...]
    installs: int


def rewritten(text: str) -> str:
    """A template's text, for the versions of Python and Node.js of this machine."""
    text = _PYTHON.sub(f"python3.{sys.version_info.minor}", text)
    return _NODE.sub(f"nodejs{node_version()}.x", text)


@cache
def node_version() -> str:
    """The major version of Node.js on this machine."""
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.removeprefix("v").partition(".")[0]


def copied(template: Path, folder: Path) -> Path:
    """A template in a copy of all files that it names, for the runtimes of this machine."""
    read = read_template(template)
    resources = Resources(read, guessed(read))
    files = [part.path.resolve() for part in parts_of(resources)]
    texts = [each.template.path.resolve() for each in resources.every]
    top = Path(os.path.commonpath([path.parent for path in texts] + files))
    ignored = shutil.ignore_patterns("node_modules", ".aws-sam", ".git")
    shutil.copytree(top, folder, ignore=ignored, symlinks=True)
    for path in texts:
        copy = folder / path.relative_to(top)
        copy.write_text(rewritten(copy.read_text(encoding="utf-8")), encoding="utf-8")
    return folder / template.resolve().relative_to(top)


def compared(examined_one: Examined, root: Path) -> Compared:
    """Build and package a template twice."""
    with tempfile.TemporaryDirectory() as folder:
        template = copied(root / examined_one.path, Path(folder) / "project")
        parameters = guessed(read_template(template))
        verdict, reason = _verdict(template, parameters)
    runtimes, installs = examined_one.runtimes, examined_one.installs
    return Compared(examined_one.path, verdict, reason, runtimes, installs)


def _verdict(template: Path, parameters: Mapping[str, str]) -> tuple[str, str]:
    try:
        ours = packaged_by_us(template, parameters)
    except DeployError as error:
        return "ours", f"{error.message} {error.detail}"[:400]
    try:
        theirs = packaged_by_sam(template, parameters)
    except SamRefused as refused:
        return "sam", str(refused)
    found = differences(ours, theirs)
    shown = [f"{each.where}: {each.ours}, by sam {each.theirs}" for each in found[:_SHOWN]]
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return ("different" if found else "equal"), "; ".join((*shown, *more))


def candidates(root: Path) -> list[Examined]:
    """The templates that can be compared, each project once, in a fixed random order."""
    found: dict[str, Examined] = {}
    for path in templates(root):
        each = examined(path, root)
        is_ours = all(_PYTHON.fullmatch(r) or _NODE.fullmatch(r) for r in each.runtimes)
        if each.verdict == "planned" and each.runtimes and is_ours and not _is_of_cdk(path):
            found.setdefault(_project(path), each)
    every = list(found.values())
    Random(0).shuffle(every)  # noqa: S311  which templates, not a secret
    return every


def _is_of_cdk(template: Path) -> bool:
    return cdk_assets.PATH in template.read_text(encoding="utf-8")


def _project(template: Path) -> str:
    """A digest of a template without its runtimes, and of the code that it names."""
    read = read_template(template)
    digest = hashlib.sha256()
    for each in (resources := Resources(read, guessed(read))).every:
        digest.update(rewritten(each.template.path.read_text(encoding="utf-8")).encode())
    for part in parts_of(resources):
        files = sorted(part.path.rglob("*")) if part.path.is_dir() else [part.path]
        for file in files:
            if file.is_file() and not file.samefile(template):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Compare, and print every verdict and a table of them."""
    options = options_of(__doc__)
    root = options.folder.resolve()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    tries = (compared(each, root) for each in candidates(root)[: options.most])
    return 1 if counted(tries, options.json)["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
