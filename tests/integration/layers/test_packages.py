"""Packages of layers: their hashes, their links, and the bytes that come of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import NewProject

SHARED = """\
layers:
  {name}-deps: {{requirements: requirements.txt, runtime: python3.11}}
functions:
  {name}-a: &function
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {role}
  {name}-b: *function
"""
BUILD = """\
import hashlib, pathlib
from lambda_fast_deploy.packaging.layers.layer_build import build_layer
from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.models import Architecture
from lambda_fast_deploy.models.runtime import Runtime
runtime = Runtime("python3.11")
layer = default_layer("x", ("six==1.17.0", "pyyaml==6.0.2"), runtime, Architecture.X86_64)
print(hashlib.sha256(build_layer(layer).parts["x"].archive.content).hexdigest())
"""


def test_a_wheel_with_another_hash_than_required_is_refused(
    new_project: NewProject, name: str
) -> None:
    config = SHARED.format(name=name, role=os.environ["LAB_ROLE_ARN"])
    shared = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    shared.write("requirements.txt", f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    run = shared.deploy()
    assert run.code == 1
    assert f"layer {name}-deps cannot be built from requirements.txt: " in run.log
    assert "hash" in run.log.partition("error: ")[2].splitlines()[0].lower()
    assert run.changes == []


def test_a_node_layer_is_shared_like_any_other(
    new_project: NewProject, name: str, tmp_path: Path
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
    node = new_project(config, "")
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
    new_project: NewProject, name: str
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
    node = new_project(config, "")
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
    new_project: NewProject, name: str
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
    twice = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    run = twice.deploy()
    assert run.code == 1
    assert f"would have six 1.16.0 (layer {name}-a) and 1.17.0 (layer {name}-b)" in run.log
    assert run.changes == []
    twice.edit("lambda-deploy.yml", "six==1.16.0", "six==1.17.0")
    twice.write("src/six.py", "")
    run = twice.deploy()
    assert run.code == 0
    assert f"idna 3.10 is in layer {name}-a and in layer {name}-b" in run.log
    assert f"The code of {name} has six, which hides" in run.log
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


def test_the_bytes_depend_neither_on_umask_nor_on_path_locale_and_clock(tmp_path: Path) -> None:
    made = set()
    for umask, zone, language in (("022", "UTC", "C"), ("077", "Asia/Tokyo", "de_DE.UTF-8")):
        folder = tmp_path / f"folder {umask}"
        folder.mkdir()
        done = subprocess.run(
            ["sh", "-c", f'umask {umask}; exec "$0" -c "$1"', sys.executable, BUILD],
            env={**os.environ, "TMPDIR": str(folder), "TZ": zone, "LC_ALL": language},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1
