"""Large zips, layers in parts, and several regions at once."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.pace import paced
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


@pytest.mark.parametrize(
    "version", ["3.11", pytest.param("3.12", marks=pytest.mark.thorough), "3.13"]
)
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


def test_of_parts_only_those_that_changed_are_published(
    project: Callable[[str, str], Project], name: str
) -> None:
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
    parted = project(config, "def handler(event, context): return 1\n")
    assert parted.deploy().changes.count("PublishLayerVersion") == 2
    parted.edit("lambda-deploy.yml", "six==1.17.0]", "six==1.17.0, attrs==25.3.0]")
    assert parted.deploy().changes.count("PublishLayerVersion") == 1
    assert parted.deploy().changes == []


def test_what_imports_need_is_put_back_after_pruning(
    project: Callable[[str, str], Project], name: str
) -> None:
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
    run = project(config, code).deploy()
    assert run.code == 0
    assert "does not import without idna/core.py" in run.log


@pytest.mark.thorough
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
    for command in ("plan", "deploy"):
        refused = large.run(command)
        assert refused.code == 2
        says = (
            f"the code of {name} is 51.0 MB zipped; Lambda takes at most 50.0 MB in a call: name a"
        )
        assert says in refused.log
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


def test_code_is_compressed_where_it_would_not_fit(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = f"""\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    large = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    (large.root / "src/data.txt").write_bytes(b"some text, " * 6_000_000)
    assert large.deploy().code == 0
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
    assert "layer dep: is not one of the configuration" in wrong.log


def test_functions_go_back_to_an_earlier_layer_or_do_without(
    project: Callable[[str, str], Project], name: str, aws: Any
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    config = config.replace("    role:", "    tests: [works]\n    role:").replace(
        f"{name}-b: *function", f"{name}-b: {{<<: *function, environment: {{ALONE: '1'}}}}"
    )
    code = """\
import os
def handler(event, context):
    if "ALONE" not in os.environ:
        import idna
        return {"status": "ok", "idna": idna.__version__}
    return {"status": "ok"}
"""
    test = "{works: {invoke: {}, json: {status: ok}, within: 4s}}"
    shared = project(f"{config}tests: {test}\n", code)
    layer = f"{name}-deps"
    for pin in ("idna==3.9", "idna==3.10"):
        shared.write("requirements.txt", f"{pin}\n")
        assert shared.deploy().code == 0

    def idna() -> str:
        answer = aws.invoke(FunctionName=f"{name}-a", Qualifier="live", Payload=b"{}")
        return str(json.load(answer["Payload"])["idna"])

    assert idna() == "3.10"
    assert shared.run("layers", "rollback", layer, "--dry-run").changes == []
    back = shared.run("layers", "rollback", layer)
    assert back.code == 0
    assert {"UpdateFunctionCode", "PublishLayerVersion"}.isdisjoint(back.changes)
    assert idna() == "3.9"
    assert (
        "has no version before the one that is attached"
        in shared.run("layers", "rollback", layer).log
    )
    assert shared.run("layers", "rollback", layer, "--to", "2").code == 0
    assert idna() == "3.10"

    detached = shared.run("layers", "detach", layer)
    assert detached.code == 1
    assert f"{name}-a: failed and undone" in detached.log  # it does not import without
    assert f"{name}-b: live now serves" in detached.log
    assert idna() == "3.10"
    alone = aws.get_function(FunctionName=f"{name}-b", Qualifier="live")["Configuration"]
    assert not alone.get("Layers")
    gone = shared.run("layers", "detach", "nothing")
    assert gone.code == 2
    assert "layer nothing: no function of the configuration has it" in gone.log


def test_fifty_functions_on_two_layers(project: Callable[[str, str], Project], name: str) -> None:
    """One build per layer; and unchanged, each function costs its reads only."""
    head = f"""\
layers:
  {name}-a: {{requirements: [six==1.17.0], runtime: python3.11}}
  {name}-b: {{requirements: [idna==3.10], runtime: python3.11}}
functions:
"""
    function = """\
  {name}-{n}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-a, {name}-b]}}
    role: {role}
"""
    functions = [
        function.format(name=name, n=n, role=os.environ["LAB_ROLE_ARN"]) for n in range(50)
    ]
    fleet = project(head + "".join(functions), "def handler(event, context): return 1\n")
    run = fleet.deploy()
    assert run.code == 0
    assert run.log.count("uv resolves") == 2
    assert run.changes.count("PublishLayerVersion") == 2
    assert run.changes.count("CreateFunction") == 50

    unchanged = fleet.deploy()
    assert unchanged.changes == []
    fleet.write("lambda-deploy.yml", head + functions[0])
    alone = fleet.deploy()
    assert (unchanged.report["seconds"] - alone.report["seconds"]) / 49 < 0.3


def test_many_functions_keep_to_the_quotas_of_lambda(
    project: Callable[[str, str], Project], name: str
) -> None:
    functions = "".join(
        f"  {name}-{number}:\n    zip: {{code: src, handler: app.handler, runtime: python3.11}}\n"
        f"    role: {os.environ['LAB_ROLE_ARN']}\n"
        for number in range(25)
    )
    many = project(f"functions:\n{functions}", "def handler(event, context): pass\n")
    with paced(quota=0.2):  # so that 25 are as many as 125 are to a whole account
        run = many.run("plan")
    assert run.code == 0
    assert len(run.actions) >= 25


def test_a_code_change_sends_code_only(project: Callable[[str, str], Project], name: str) -> None:
    config = f"""\
layers:
  {name}-deps: {{requirements: [pandas], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    code = "def handler(event, context): return {'status': 'ok'}\n"
    large = project(config, code)
    for n in range(40):
        large.write(f"src/module{n}.py", f"DATA = '{secrets.token_hex(780)}'\n")
    first = large.deploy()
    assert first.code == 0
    assert sum(request["bytes"] for request in first.requests) > 20_000_000
    large.edit("src/app.py", "'ok'", "'fine'")
    change = large.deploy()
    assert change.code == 0
    assert sum(request["bytes"] for request in change.requests) < 100_000
    assert "PublishLayerVersion" not in change.changes

    # A fresh clone on a machine that knows nothing: AWS alone tells that all is there.
    fresh = large.root.parent / "clone"
    shutil.copytree(large.root, fresh)
    Project(fresh).edit("lambda-deploy.yml", "[pandas]", "requirements.txt")
    Project(fresh).write("requirements.txt", "# a comment\npandas\n")
    nowhere = str(fresh.parent / "home")
    offline = {"HOME": nowhere, "UV_CACHE_DIR": f"{nowhere}/uv", "UV_OFFLINE": "1"}
    unchanged = Project(fresh).deploy(**offline)
    assert unchanged.changes == []
    assert not Path(nowhere).exists()  # nothing was resolved, downloaded or built


def test_a_wheel_with_another_hash_than_required_is_refused(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    shared.write("requirements.txt", f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    run = shared.deploy()
    assert run.code == 1
    assert f"layer {name}-deps cannot be made of requirements.txt: " in run.log
    assert "hash" in run.log.partition("error: ")[2].splitlines()[0].lower()
    assert run.changes == []


def test_botocore_keeps_what_the_code_uses(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    config = config.replace(
        "requirements: requirements.txt,", "requirements: [boto3], services: [from-code, sts],"
    )
    code = "import boto3\nboto3.client('s3')\ndef handler(event, context): return 1\n"
    lean = project(config, code)
    run = lean.run("sizes", "--json")
    assert run.code == 0
    packages = json.loads(run.out)[0]["packages"]
    assert packages["botocore"] < 6_000_000  # 25 MB with every service
    lean.edit("src/app.py", "'s3'", "NAME")
    unknown = lean.run("sizes")
    assert unknown.code == 2
    assert "the service of a client is not to be seen in src/app.py, line 2" in unknown.log


def test_older_packages_of_an_older_runtime_are_told_and_bytecode_can_stand_alone(
    project: Callable[[str, str], Project], name: str
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
    run = project(config, code).deploy()
    assert run.code == 0
    assert "the newer ones need a newer glibc than python3.11 has" in run.log


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


def test_links_between_packages_lead_on_where_lambda_unpacks_them(
    project: Callable[[str, str], Project], name: str
) -> None:
    config = f"""\
functions:
  {name}:
    zip: {{code: src, handler: index.handler, runtime: nodejs20.x, layers: []}}
    role: {os.environ["LAB_ROLE_ARN"]}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{status: ok}}, within: 5s}}
"""
    node = project(config, "")
    node.write("src/index.js", "exports.handler = async () => ({status: require('outer')});\n")
    # As pnpm lays packages out: each sees those that it needs beside where it really is.
    store = "src/node_modules/.pnpm"
    node.write(f"{store}/outer@1/node_modules/outer/index.js", "module.exports = require('inner');")
    node.write(f"{store}/inner@1/node_modules/inner/index.js", "module.exports = 'ok';")
    for link, target in (
        (f"{store}/outer@1/node_modules/inner", "../../inner@1/node_modules/inner"),
        ("src/node_modules/outer", ".pnpm/outer@1/node_modules/outer"),
    ):
        (node.root / link).symlink_to(target)
    assert node.deploy().code == 0
    assert node.deploy().changes == []


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
    # Of two layers one is reused, which AWS alone has.
    twice.edit(
        "lambda-deploy.yml",
        f"{name}-a: {{requirements: [six==1.17.0",
        f"{name}-a: {{requirements: [six==1.16.0",
    )
    run = twice.deploy()
    assert run.code == 1
    assert f"would have six 1.16.0 (layer {name}-a) and 1.17.0 (layer {name}-b)" in run.log
    assert run.changes == []


def test_botocore_without_boto3_is_told(project: Callable[[str, str], Project], name: str) -> None:
    config = f"""\
layers:
  {name}-a: {{requirements: [botocore], runtime: python3.11, services: [s3]}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-a]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    alone = project(config, "def handler(event, context): return {'status': 'ok'}\n")
    says = f"Layer {name}-a of {name} has botocore"
    assert says in alone.deploy().log
    alone.edit("lambda-deploy.yml", "[botocore]", "[botocore, boto3]")
    assert says not in alone.deploy().log


BUILD = """\
import hashlib, pathlib
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.models import Architecture
layer = default_layer("x", ("six==1.17.0", "pyyaml==6.0.2"), "python3.11", Architecture.X86_64)
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
