"""A project around a configuration that a page shows, and values for what it leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.models import Event, Settings
from lambda_fast_deploy.models.runtime import PYTHON, Runtime

ROLE = f"arn:aws:iam::{0:012}:role/orders"
SAMCONFIG = 'version = 0.1\n[default.deploy.parameters]\nstack_name = "shop"\nresolve_s3 = true\n'
REGIONS = frozenset({"eu-west-1", "eu-central-1", "us-east-1"})


def stand_in(name: str) -> str:
    """A value for a variable, judged by its name."""
    return ROLE if "ROLE" in name else "eu-west-1" if "REGION" in name else "my-bucket"


def without_expressions(text: str) -> str:
    """A workflow's value with every expression of GitHub's replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: stand_in(match.group(1)), text)


def load_file(text: str, root: Path) -> Settings:
    """Load a page's lambda-deploy.yml in a project that has the files that it names.

    Raises:
        Invalid: with every problem of it.
    """
    environ = {name: stand_in(name) for name in re.findall(r"\$\{(\w+)\}", text)}
    document: dict[str, Any] = yaml.safe_load(Template(text).safe_substitute(environ))
    for base in document.get("bases", {}).values():
        _write(root, (base or {}).get("dockerfile", "Dockerfile.lambda.base"))
        (root / (base or {}).get("context", ".")).mkdir(parents=True, exist_ok=True)
    for layer in document.get("layers", {}).values():
        if "code" in layer:
            (root / layer["code"]).mkdir(parents=True, exist_ok=True)
        elif isinstance(layer["requirements"], str):
            _write(root, layer["requirements"])
            _write(root, str(Path(layer["requirements"]).with_name("package.json")))
    if stack := document.get("stack"):
        _write(root, stack["template"])
        if "samconfig-file" in stack:
            _write(root, stack["samconfig-file"], SAMCONFIG)
    for function in document.get("functions", {}).values():
        if "zip" in function:
            for source in function["zip"].get("build", {}).get("from", ()):
                _write(root, source)
            if isinstance(packages := function["zip"].get("requirements"), str):
                _write(root, packages)
            _write_code(root, function["zip"])
        else:
            image = function["image"] or {}
            _write(root, image.get("dockerfile", "Dockerfile.lambda"))
            (root / image.get("context", ".")).mkdir(parents=True, exist_ok=True)
    _write(root, "lambda-deploy.yml", text)
    return _load({}, environ, root)


def load_inputs(given: Mapping[str, str], environ: Mapping[str, str], root: Path) -> Settings:
    """Load the inputs of the action for one function, likewise."""
    for name in ("dockerfile", "base-dockerfile", "requirements"):
        if name in given:
            _write(root, given[name])
    if "code" in given:
        _write_code(root, given)
    return _load(given, environ, root)


def _load(given: Mapping[str, str], environ: Mapping[str, str], root: Path) -> Settings:
    environ = {"AWS_REGION": "eu-west-1", **environ}
    return load(GivenInputs({}, given), environ, Event(), root, lambda: REGIONS)


def _write(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_code(root: Path, given: Mapping[str, Any]) -> None:
    """Write the file of a handler, or the zip or jar; of several directories, into the first."""
    code, *others = [given["code"]] if isinstance(given["code"], str) else given["code"]
    for other in others:
        (root / other).mkdir(parents=True, exist_ok=True)
    if code.endswith((".zip", ".jar")):
        _write(root, code)
        return
    family = Runtime(given["runtime"]).family
    assert family
    handler = given.get("handler", family.usual)
    text = (
        f"import boto3\nboto3.client('s3')\ndef {handler.rpartition('.')[2]}(event, context): ...\n"
    )
    path = f"{code}/{family.module_of(handler)}{family.suffix}"
    _write(root, path, text if family is PYTHON else "")
    (root / path).chmod(0o755)
