"""Large zips, layers in parts, and several regions at once."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, faults

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


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str, str], Project]:
    def made(config: str, code: str) -> Project:
        root = Project(tmp_path / "project")
        root.write("lambda-deploy.yml", config)
        root.write("src/app.py", code)
        return root

    return made


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_stack_over_the_limit_becomes_layers_that_import(
    project: Callable[[str, str], Project], name: str, version: str, aws: Any
) -> None:
    """276 MB, unpruned; the lab's functions run in Python 3.11, so that one is called as well."""
    tests = WORKS if version == "3.11" else ""
    config = STACK.format(name=name, version=version, role=os.environ["LAB_ROLE_ARN"], tests=tests)
    science = project(config, SCIENCE)
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
    assert "was not tried by importing" in run.log or f"modules with python{version}" in run.log

    unchanged = science.deploy()
    assert unchanged.changes == []
    science.edit("lambda-deploy.yml", "[numpy, pandas, scipy", "[pydantic, pandas, numpy, scipy")
    science.edit("lambda-deploy.yml", "fastapi, pydantic]", "fastapi]")
    assert science.deploy().changes == []  # their order says nothing

    if version == "3.11":
        science.edit("lambda-deploy.yml", "fastapi]", "fastapi, six, idna]")
        more = science.deploy()
        published = [r for r in more.requests if r["operation"] == "PublishLayerVersion"]
        assert len(published) == 1  # of four parts, one changed or tells of the new requirements
        assert science.deploy().changes == []


def test_what_imports_need_is_put_back_after_aggressive_pruning(
    project: Callable[[str, str], Project], name: str
) -> None:
    code = "def handler(event, context):\n    import scipy.stats\n    return {'status': 'ok'}\n"
    config = STACK.format(name=name, version="3.11", role=os.environ["LAB_ROLE_ARN"], tests=WORKS)
    config = config.replace(", late: true", "").replace(
        "    services:", "    prune: aggressive\n    services:"
    )
    config = config.replace("pandas, scipy, scikit-learn, boto3, fastapi, pydantic", "scipy")
    for line in ("core: [numpy, pandas]", "ml: [scipy, scikit-learn]", "aws: [boto3]"):
        config = config.replace(f"      {line}\n", "")
    run = project(config, code).deploy()
    assert run.code == 0
    assert "does not import without scipy/" in run.log
    assert "scipy/optimize" in run.log or "more: put back" in run.log


def test_a_zip_over_50_mb_goes_through_a_bucket_once(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = f"""\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    large = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    (large.root / "src/data.bin").write_bytes(secrets.token_bytes(51_000_000))
    refused = large.deploy()
    assert refused.code == 1
    assert "Name a bucket for it: artifacts:" in refused.log
    assert refused.changes == []

    bucket = f"zips-{secrets.token_hex(4)}"
    large.write("lambda-deploy.yml", f"{config}artifacts: {{bucket: {bucket}}}\n")
    assert f"bucket {bucket} for the code of {name} does not exist" in large.deploy().log

    large.write("lambda-deploy.yml", f"{config}artifacts: {{bucket: {bucket}, create: true}}\n")
    run = large.deploy()
    assert run.code == 0
    assert "% of 51.0 MB uploaded to S3" in run.log
    assert "UploadPart" in [r["operation"] for r in run.requests]
    s3 = boto3.client("s3")
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert large.deploy().changes == []


def test_a_region_that_fails_does_not_stop_the_others(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = f"""\
regions: [us-east-1, eu-west-1, eu-central-1]
layers:
  {name}-deps: {{requirements: [six==1.17.0], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    everywhere = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    rule = {"operation": "PublishLayerVersion", "times": 1, "status": 400, "body": "{}"}
    with faults(rule):
        run = everywhere.deploy()
    assert run.code == 1
    outcomes = sorted(each["outcome"] for each in run.report["functions"])
    assert outcomes == ["deployed", "deployed", "failed"]
    assert run.log.count("uv resolves") == 1  # one build for all regions
    mended = everywhere.deploy()
    assert mended.code == 0
    assert sorted(each["outcome"] for each in mended.report["functions"]) == [
        "deployed",
        "unchanged",
        "unchanged",
    ]


SHARED = """\
layers:
  {name}-deps: {{requirements: requirements.txt, runtime: python3.11}}
functions:
  {name}-a: &function
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {role}
  {name}-b: *function
"""


def test_functions_share_a_layer_through_its_whole_life(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    layer = f"{name}-deps"

    def users() -> list[str]:
        run = shared.run("layers", "users", layer, "--json")
        assert run.code == 0
        return [user for use in json.loads(run.out) for user in use["users"]]

    for pin in ("six==1.15.0", "six==1.16.0", "six==1.17.0"):
        shared.write("requirements.txt", f"{pin}\n")
        run = shared.deploy()
        assert run.code == 0
        assert run.changes.count("PublishLayerVersion") == 1
        assert len({arn for each in run.report["functions"] for arn in each["layer_arns"]}) == 1
    assert {f"{name}-a:3", f"{name}-b:3"} <= set(users())

    kept = shared.run("layers", "prune", layer)
    assert "deleted 0 of 3 versions" in kept.log  # older versions of the functions have them
    api = boto3.client("lambda")
    for function in (f"{name}-a", f"{name}-b"):
        api.delete_function(FunctionName=function, Qualifier="1")
    planned = shared.run("layers", "prune", layer, "--dry-run")
    assert "would delete 1 of 3 versions" in planned.log
    assert planned.changes == []
    pruned = shared.run("layers", "prune", layer)
    assert "deleted 1 of 3 versions" in pruned.log
    assert f"used by {name}-a:2, {name}-b:2" in pruned.out
    listed = shared.run("layers", "list", layer)
    assert [line.split()[1] for line in listed.out.splitlines()[1:]] == ["3", "2"]

    wrong = shared.run("layers", "list", "dep")
    assert wrong.code == 2
    assert "no layer 'dep'" in wrong.log


def test_sizes_are_told_and_checked_without_aws(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = project(config, "def handler(event, context): return {'status': 'ok'}\n")
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


def test_a_node_layer_is_shared_like_any_other(
    project: Callable[[str, str], Project], name: str, tmp_path: Path
) -> None:
    config = f"""\
layers:
  {name}-node: {{requirements: package-lock.json, runtime: nodejs20.x}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: nodejs20.x, layers: [{name}-node]}}
    role: {os.environ["LAB_ROLE_ARN"]}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{status: ok, words: helloWorld}}, within: 20s}}
"""
    node = project(config, "")
    (node.root / "src/app.py").unlink()
    node.write(
        "src/app.js",
        "const camelCase = require('lodash.camelcase');\n"
        "exports.handler = async () => ({status: 'ok', words: camelCase('hello world')});\n",
    )
    node.write("package.json", json.dumps({"dependencies": {"lodash.camelcase": "4.3.0"}}))
    npm = ["npm", "install", "--package-lock-only", "--no-audit", "--no-fund"]
    subprocess.run(npm, cwd=node.root, check=True, capture_output=True)
    run = node.deploy()
    assert run.code == 0
    assert run.changes.count("PublishLayerVersion") == 1
    assert node.deploy().changes == []
    node.edit("src/app.js", "'hello world'", "'hello  world'")
    assert "PublishLayerVersion" not in node.deploy().changes


def test_a_package_in_two_versions_is_found_before_anything_is_published(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = f"""\
layers:
  {name}-a: {{requirements: [six==1.16.0, idna==3.10], runtime: python3.11}}
  {name}-b: {{requirements: [six==1.17.0, idna==3.10], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-a, {name}-b]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    twice = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    run = twice.deploy()
    assert run.code == 1
    assert f"would have six 1.16.0 (layer {name}-a) and 1.17.0 (layer {name}-b)" in run.log
    assert run.changes == []
    twice.edit("lambda-deploy.yml", "six==1.16.0", "six==1.17.0")
    twice.write("src/six.py", "")
    run = twice.deploy()
    assert run.code == 0
    assert f"idna 3.10 is in layer {name}-a and in layer {name}-b" in run.log
    assert f"The code of {name} has a six of its own" in run.log


BUILD = """\
import hashlib, pathlib
from engine.build.layer import build_layer
from engine.model import Architecture, Layer
layer = Layer("x", ("six==1.17.0", "pyyaml==6.0.2"), "python3.11", Architecture.X86_64)
print(hashlib.sha256(build_layer(layer).parts["x"].archive.content).hexdigest())
"""


def test_the_bytes_depend_neither_on_umask_nor_on_path_locale_and_clock(tmp_path: Path) -> None:
    made = set()
    for umask, zone, language in (("022", "UTC", "C"), ("077", "Asia/Tokyo", "de_DE.UTF-8")):
        folder = tmp_path / f"folder {umask}"
        folder.mkdir()
        done = subprocess.run(
            ["sh", "-c", f'umask {umask}; exec "$0" -c "$1"', sys.executable, BUILD],
            env={**os.environ, "TMPDIR": str(folder), "TZ": zone, "LC_ALL": language},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1
