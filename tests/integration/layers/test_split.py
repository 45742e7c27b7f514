"""Layers in parts: within Lambda's limit, pruned, and published where they changed."""

from __future__ import annotations

import io
import json
import os
import urllib.request
import zipfile
from typing import Any

import pytest

from tests.integration.conftest import NewProject

SCIENCE = """\
import json

def handler(event, context):
    import boto3, numpy, pandas, scipy.stats, sklearn.ensemble
    x = numpy.arange(40.0).reshape(-1, 1)
    model = sklearn.ensemble.RandomForestClassifier(n_estimators=5, random_state=0)
    model.fit(x, x[:, 0] > 20)
    boto3.client("s3").list_buckets()
    return {
        "status": "ok",
        "p": scipy.stats.ttest_ind([1.0, 2, 3], [2.0, 3, 5]).pvalue,
        "late": bool(model.predict([[39.0]])[0]),
        "mean": float(pandas.DataFrame({"a": [1, 2, 3]}).a.mean()),
    }
"""
STACK = """\
layers:
  {name}-stack:
    requirements: [numpy, pandas, scipy, scikit-learn, boto3, fastapi, pydantic]
    runtime: python{version}
    split:
      core: [numpy, pandas]
      ml: [scipy, scikit-learn]
      aws: [boto3]
      web: rest
    services: [s3, sts]
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python{version}, layers: [{name}-stack]}}
    role: {role}
    memory: 1024
    timeout: 60
{tests}
"""
WORKS = """\
    tests: [works]
tests:
  works: {invoke: {}, json: {status: ok, late: true}, within: 60s}
"""
SHARED = """\
layers:
  {name}-deps: {{requirements: requirements.txt, runtime: python3.11}}
functions:
  {name}-a: &function
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {role}
  {name}-b: *function
"""


OTHERS = [pytest.param(version, marks=pytest.mark.thorough) for version in ("3.12", "3.13")]


@pytest.mark.parametrize("version", ["3.11", *OTHERS])
def test_a_stack_over_the_limit_becomes_layers_that_import(
    new_project: NewProject, name: str, version: str, aws: Any
) -> None:
    """276 MB, unpruned; the lab's functions run in Python 3.11, so that one is called as well."""
    tests = WORKS if version == "3.11" else ""
    config = STACK.format(name=name, version=version, role=os.environ["LAB_ROLE_ARN"], tests=tests)
    science = new_project(config, SCIENCE)
    run = science.deploy()
    assert run.code == 0
    arns = run.function["layer_arns"]
    parts = [arn.split(":")[-2].removeprefix(f"{name}-stack-") for arn in arns]
    assert parts == ["core", "ml", "aws", "web"]
    sizes = [
        int(found["Description"].split(", ")[1].split(" ")[0])
        for found in (aws.get_layer_version_by_arn(Arn=arn) for arn in arns)
    ]
    assert sum(sizes) < 262_144_000
    assert "was not tested by importing" in run.log or f"modules with python{version}" in run.log

    unchanged = science.deploy()
    assert unchanged.changes == []
    science.edit("lambda-deploy.yml", "[numpy, pandas, scipy", "[pydantic, pandas, numpy, scipy")
    science.edit("lambda-deploy.yml", "fastapi, pydantic]", "fastapi]")
    assert science.deploy().changes == []  # their order says nothing


def test_parts_for_another_python_are_of_that_version(
    new_project: NewProject, name: str, aws: Any
) -> None:
    """The lab's own Python is 3.11; what of a part is compiled must not be."""
    config = f"""\
layers:
  {name}-deps:
    requirements: [pydantic==2.14.3]
    runtime: python3.13
    split: {{core: [pydantic-core], others: rest}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.13, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    run = new_project(config, "def handler(event, context): return 1\n").deploy()
    assert run.code == 0
    core, _ = run.function["layer_arns"]
    place = aws.get_layer_version_by_arn(Arn=core)["Content"]["Location"]
    with urllib.request.urlopen(place) as answer:
        names = zipfile.ZipFile(io.BytesIO(answer.read())).namelist()
    compiled = [each for each in names if each.endswith(".so")]
    assert compiled
    assert all("cpython-313" in each for each in compiled)
    assert "was not tested by importing" in run.log or "modules with python3.13" in run.log


def test_of_parts_only_those_that_changed_are_published(new_project: NewProject, name: str) -> None:
    config = f"""\
layers:
  {name}-deps:
    requirements: [idna==3.10, six==1.17.0]
    runtime: python3.11
    split: {{one: [idna], others: rest}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    parted = new_project(config, "def handler(event, context): return 1\n")
    assert parted.deploy().changes.count("PublishLayerVersion") == 2
    parted.edit("lambda-deploy.yml", "six==1.17.0]", "six==1.17.0, attrs==25.3.0]")
    assert parted.deploy().changes.count("PublishLayerVersion") == 1
    assert parted.deploy().changes == []


def test_what_imports_need_is_put_back_after_pruning(new_project: NewProject, name: str) -> None:
    config = f"""\
layers:
  {name}-deps: {{requirements: [idna==3.10], runtime: python3.11, remove: [idna/core.py]}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
    tests: [works]
tests: {{works: {{invoke: {{}}, json: {{status: ok}}, within: 30s}}}}
"""
    code = "import idna\ndef handler(event, context): return {'status': 'ok'}\n"
    run = new_project(config, code).deploy()
    assert run.code == 0
    assert "does not import without idna/core.py" in run.log


@pytest.mark.thorough
def test_what_imports_need_is_put_back_after_aggressive_pruning(
    new_project: NewProject, name: str
) -> None:
    code = "def handler(event, context):\n    import scipy.stats\n    return {'status': 'ok'}\n"
    config = STACK.format(name=name, version="3.11", role=os.environ["LAB_ROLE_ARN"], tests=WORKS)
    config = config.replace(", late: true", "").replace(
        "    services:", "    prune: aggressive\n    services:"
    )
    config = config.replace("pandas, scipy, scikit-learn, boto3, fastapi, pydantic", "scipy")
    for line in ("core: [numpy, pandas]", "ml: [scipy, scikit-learn]", "aws: [boto3]"):
        config = config.replace(f"      {line}\n", "")
    run = new_project(config, code).deploy()
    assert run.code == 0
    assert "does not import without scipy/" in run.log
    assert "scipy/optimize" in run.log or "more: put back" in run.log


def test_botocore_keeps_what_the_code_uses(new_project: NewProject, name: str) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    config = config.replace(
        "requirements: requirements.txt,", "requirements: [boto3], services: [from-code, sts],"
    )
    code = "import boto3\nboto3.client('s3')\ndef handler(event, context): return 1\n"
    lean = new_project(config, code)
    run = lean.run("sizes", "--json")
    assert run.code == 0
    packages = json.loads(run.out)[0]["packages"]
    assert packages["botocore"] < 6_000_000  # 25 MB with every service
    lean.edit("src/app.py", "'s3'", "NAME")
    unknown = lean.run("sizes")
    assert unknown.code == 2
    assert "the service of the client in src/app.py, line 2 is not a literal" in unknown.log


def test_botocore_without_boto3_is_told(new_project: NewProject, name: str) -> None:
    config = f"""\
layers:
  {name}-a: {{requirements: [botocore], runtime: python3.11, services: [s3]}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-a]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    alone = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    says = f"Layer {name}-a of {name} has botocore"
    assert says in alone.deploy().log
    alone.edit("lambda-deploy.yml", "[botocore]", "[botocore, boto3]")
    assert says not in alone.deploy().log


def test_older_packages_of_an_older_runtime_are_told_and_bytecode_can_stand_alone(
    new_project: NewProject, name: str
) -> None:
    config = f"""\
layers:
  {name}-deps: {{requirements: [numpy], runtime: python3.11, bytecode: only}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
    tests: [works]
tests: {{works: {{invoke: {{}}, json: {{status: ok, sources: 0}}, within: 30s}}}}
"""
    code = """\
import pathlib, numpy
def handler(event, context):
    sources = len(list(pathlib.Path(numpy.__file__).parent.rglob("*.py")))
    return {"status": "ok" if numpy.arange(3).sum() == 3 else "bad", "sources": sources}
"""
    run = new_project(config, code).deploy()
    assert run.code == 0
    assert "the newer versions need a newer glibc than that of python3.11" in run.log


def test_sizes_are_told_and_checked_without_aws(new_project: NewProject, name: str) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    shared.write("requirements.txt", "six==1.17.0\n")
    run = shared.run("sizes", "--check", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert run.code == 0
    assert run.requests == []
    assert f"layer {name}-deps" in run.out
    shared.write("lambda-deploy.yml", f"{config}budgets: {{layer: 1 kB}}\n")
    assert shared.run("sizes").code == 0
    over = shared.run("sizes", "--check", "--json")
    assert over.code == 1
    assert [size["what"] for size in json.loads(over.out) if size["over"]] == [f"layer {name}-deps"]
