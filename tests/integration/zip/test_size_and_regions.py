"""Zips that are large or small, and several regions at once."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import boto3

from tests.integration.conftest import NewProject
from tests.support import Project, faults


def test_a_zip_over_50_mb_goes_through_a_bucket_once(new_project: NewProject, name: str) -> None:
    config = f"""\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    large = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    (large.root / "src/data.bin").write_bytes(secrets.token_bytes(51_000_000))
    for command in ("plan", "deploy"):
        refused = large.run(command)
        assert refused.code == 2
        says = f"the code of {name} is 51.0 MB zipped; Lambda's limit is 50.0 MB in a call: name a"
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


def test_code_is_compressed_where_it_would_not_fit(new_project: NewProject, name: str) -> None:
    config = f"""\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    large = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
    (large.root / "src/data.txt").write_bytes(b"some text, " * 6_000_000)
    assert large.deploy().code == 0
    assert large.deploy().changes == []


def test_a_code_change_sends_code_only(new_project: NewProject, name: str) -> None:
    config = f"""\
layers:
  {name}-deps: {{requirements: [pandas], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    code = "def handler(event, context): return {'status': 'ok'}\n"
    large = new_project(config, code)
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


def test_a_region_that_fails_does_not_stop_the_others(new_project: NewProject, name: str) -> None:
    config = f"""\
regions: [us-east-1, eu-west-1, eu-central-1]
layers:
  {name}-deps: {{requirements: [six==1.17.0], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    everywhere = new_project(config, "def handler(event, context): return {'status': 'ok'}\n")
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
