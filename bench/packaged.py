"""Projects as the SAM CLI builds and packages them, and as this engine does, and what differs.

Both results are templates in a bucket. They are compared as CloudFormation reads them: the
addresses of two artifacts are equal if the artifacts are, whatever their names.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bench.tools import TELEMETRY, installed
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.models import Event
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.stacks.artifacts import StackArtifacts
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.stack_context import StackContext, stack_contexts
from lambda_fast_deploy.stacks.template import KeyPath, plain

REGION = "us-east-1"
BUCKET = "packaged"  # of both, in the lab
NO_VALUES: Mapping[str, str] = {}
LASTING = 600  # seconds of one command of the SAM CLI
_URL = re.compile(rf"(s3|http)s?://(?:\S+/)?{BUCKET}/(\S+)")
_OBJECTS = (("S3Bucket", "S3Key"), ("Bucket", "Key"))
# The files of requirements are not part of our zips (docs/templates.md), nor are npm's own.
_REQUIREMENTS = re.compile(r"(python/|nodejs/)?(requirements\.txt|package-lock\.json)")
_OF_NPM = re.compile(r"(.*/)?node_modules/\.(bin/.*|package-lock\.json)")
# What docs/layers.md says to be pruned from packages.
_PRUNED = re.compile(
    r"(.*/)?tests?/.*|.*\.(pyi|pyx|pxd|c|cpp|h|hpp|a)|(python/)?(bin|[^/]+\.data/scripts)/.*"
    r"|(python/)?botocore/data/.*/examples-1\.json(\.gz)?|(python/)?[^/]+\.dist-info/.*"
)
# By the first, the SAM CLI finds resources again; CloudFormation reads neither.
_NOTES = ("SamResourceId", "AWS::ServerlessRepo::Application")
_COMPILED = re.compile(r".*\.pyc")


class SamRefused(Exception):
    """The SAM CLI cannot build or package a project; the message is the end of its output."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A packaged template, and the names of all files in the folders of its artifacts."""

    body: dict[str, Any]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Address:
    """The key of an object in the bucket, and the form of its address."""

    form: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A path of keys in a template, or a file of an artifact there, and both sides."""

    where: str
    ours: str
    theirs: str


def packaged_by_us(template: Path, parameters: Mapping[str, str] = NO_VALUES) -> Packaged:
    """Build a project and upload its artifacts.

    Raises:
        DeployError: the project cannot be built.
    """
    context = _context(template, parameters)
    folders = [part.path for part in context.parts if part.path.is_dir()]
    own = {path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*")}
    artifacts = StackArtifacts(context)
    built = [artifacts.build(artifacts.find(part), "it is compared")[0] for part in context.parts]
    packaged = package(context.stack, context.resources, built, context.bucket, {})
    for key, text in packaged.nested.items():
        context.bucket.upload(key, text.encode())
    return Packaged(plain(text_of(packaged.body)), frozenset(own))


def _context(template: Path, parameters: Mapping[str, str]) -> StackContext:
    stack = {"template": template.name, "name": BUCKET, "parameters": dict(parameters)}
    config = template.with_name("packaged-by-us.yml")
    config.write_text(json.dumps({"stack": stack, "artifacts": {"bucket": BUCKET}}))
    try:
        given = GivenInputs({"config": config.name})
        settings = load(given, os.environ, Event(), template.parent, Aws().regions)
    finally:
        config.unlink()  # it would be part of code that is in the same folder
    return stack_contexts(settings, Clients(Aws()), RunLog())(REGION)


def packaged_by_sam(template: Path, parameters: Mapping[str, str] = NO_VALUES) -> dict[str, Any]:
    """Build a project in the folder of its template, and upload its artifacts.

    Raises:
        SamRefused: it cannot be built or packaged.
    """
    given = [f"ParameterKey={name},ParameterValue={value}" for name, value in parameters.items()]
    overrides = ["--parameter-overrides", *given] if given else []
    _sam(template.parent, "build", "--template", template.name, *overrides)
    repository = ("--image-repository", "000000000000.dkr.ecr.us-east-1.amazonaws.com/images")
    output = template.with_name("packaged-by-sam.yaml")
    where = ("--s3-bucket", BUCKET, *repository, "--output-template-file", output.name)
    _sam(template.parent, "package", *where)
    body: dict[str, Any] = plain(output.read_text())
    return body


def _sam(folder: Path, command: str, *arguments: str) -> None:
    tools = installed()
    path = os.pathsep.join([str(tools), os.environ["PATH"]])
    try:
        done = subprocess.run(
            [tools / "sam", command, *arguments],
            cwd=folder,
            env={**os.environ, **TELEMETRY, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LASTING,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SamRefused(f"sam {command} did not end in {LASTING} s") from None
    if done.returncode:
        raise SamRefused(" ".join(done.stderr.split())[-400:])


def differences(ours: Packaged, theirs: dict[str, Any]) -> list[Difference]:
    """The differences of two packaged templates, of their artifacts, and of nested templates."""
    return list(_of_templates(ours.body, theirs, (), ours.own))


def _of_templates(
    ours: Any, theirs: Any, path: KeyPath, own: frozenset[str]
) -> Iterator[Difference]:
    yield from _of_values(_without_notes(ours), _without_notes(theirs), path, own)


def _of_values(ours: Any, theirs: Any, path: KeyPath, own: frozenset[str]) -> Iterator[Difference]:
    mine, other = _address(ours), _address(theirs)
    if mine and other and mine.form == other.form:
        yield from _of_artifacts(mine.key, other.key, path, own)
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        for key in {**ours, **theirs}:
            yield from _of_values(ours.get(key), theirs.get(key), (*path, str(key)), own)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (here, there) in enumerate(zip(ours, theirs, strict=True)):
            yield from _of_values(here, there, (*path, str(index)), own)
    elif ours != theirs:
        yield Difference("/".join(path), repr(ours)[:200], repr(theirs)[:200])


def _address(value: Any) -> Address | None:
    """The object of the bucket that a value of a template is the address of."""
    if isinstance(value, str) and (found := _URL.fullmatch(value)):
        return Address((found[1],), found[2])
    for form in _OBJECTS:
        if isinstance(value, dict) and value.keys() == set(form) and value[form[0]] == BUCKET:
            return Address(form, str(value[form[1]]))
    return None


def _without_notes(value: Any) -> Any:
    """A template without the SAM CLI's notes for itself, and without those for a publication."""
    if isinstance(value, list):
        return [_without_notes(each) for each in value]
    if not isinstance(value, dict):
        return value
    rest = {key: _without_notes(each) for key, each in value.items() if key not in _NOTES}
    return {key: each for key, each in rest.items() if key != "Metadata" or each}


def _of_artifacts(
    ours: str, theirs: str, path: KeyPath, own: frozenset[str]
) -> Iterator[Difference]:
    mine, other = _content(ours), _content(theirs)
    if theirs.endswith(".template"):
        yield from _of_templates(plain(mine.decode()), plain(other.decode()), path, own)
        return
    files, their_files = _files(mine), _files(other)
    for name in sorted({**files, **their_files}):
        here, there = files.get(name), their_files.get(name)
        if here != there and not _is_expected(name, here, own):
            yield Difference("/".join((*path, name)), _size(here), _size(there))


def _is_expected(name: str, ours: bytes | None, own: frozenset[str]) -> bool:
    """Whether the docs say that a file is only in our zip, or only in that of the SAM CLI."""
    if _COMPILED.fullmatch(name):
        return name not in own
    if ours is not None:
        return False
    if _REQUIREMENTS.fullmatch(name) or _OF_NPM.fullmatch(name):
        return True
    return bool(_PRUNED.fullmatch(name)) and name.removeprefix("python/") not in own


def _size(content: bytes | None) -> str:
    return "absent" if content is None else f"{len(content):,} bytes"


def _content(key: str) -> bytes:
    content: bytes = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def _files(content: bytes) -> dict[str, bytes]:
    """The files of a zip by name; another file has no name."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {"": content}
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        infos = (info for info in zipped.infolist() if not info.is_dir())
        return {info.filename: zipped.read(info) for info in infos}
