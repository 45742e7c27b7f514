"""The doctor names what would stop a deploy, all of it and nothing else, and changes nothing."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Run, faults

MANY = """\
functions:
  {name}-new:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: arn:aws:iam::000000000000:role/no-such-role
    canary: {{weight: 10%, for: 5m, alarms: [no-such-alarm]}}
    tests: [storage]
  {name}:
    image: {{dockerfile: Dockerfile}}
tests:
  storage: {{s3: {{bucket: no-such-bucket-anywhere, path: "/o/{{key}}"}}, when: {{flag: test-s3}}}}
"""
BROKEN = {
    "clock": "This machine's clock is 1:00:0",
    "role": "role arn:aws:iam::000000000000:role/no-such-role does not exist",
    "alarm": "lambda-deploy.yml:5: alarm 'no-such-alarm' does not exist in us-east-1",
    "bucket": "lambda-deploy.yml:10: bucket 'no-such-bucket-anywhere' of test 'storage'",
    "package": "is packaged as Zip in us-east-1, and Lambda cannot change that to Image",
    "Docker": "no Docker engine answers at unix:///nowhere/docker.sock",
}


def examine(project: Project, **environment: str) -> tuple[Run, dict[str, list[dict[str, str]]]]:
    """Run the doctor; its findings by level."""
    run = project.run("doctor", "--json", **environment)
    levels: dict[str, list[dict[str, str]]] = {"wrong": [], "note": [], "ok": []}
    for finding in json.loads(run.out):
        levels[finding["level"]].append(finding)
    assert run.changes == []
    assert "Traceback" not in run.log
    return run, levels


@pytest.fixture
def lab_zip(tmp_path: Path, name: str) -> Project:
    """A function without layers, which a deploy can create."""
    made = Project(tmp_path / "project")
    made.write(
        "lambda-deploy.yml",
        f"functions:\n  {name}:\n    zip: {{code: src, handler: app.handler, runtime: python3.11}}"
        f"\n    role: {os.environ['LAB_ROLE_ARN']}\n",
    )
    made.write("src/app.py", "def handler(event, context): return {}\n")
    return made


@pytest.fixture
def deployer(name: str) -> Iterator[Callable[..., dict[str, str]]]:
    """Makes credentials of a user whom IAM allows what statements say."""
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    keys: list[str] = []

    def allowed(*statements: dict[str, Any]) -> dict[str, str]:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="deploys", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys.append(key["AccessKeyId"])
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    yield allowed
    for key in keys:
        iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.delete_user_policy(UserName=name, PolicyName="deploys")
    iam.delete_user(UserName=name)


def test_what_is_ready_is_ready_before_and_after_the_first_deploy(
    small: Project,
) -> None:
    project = small
    before, levels = examine(project)
    assert (before.code, levels["wrong"]) == (0, [])
    assert "will be created" in before.out
    assert project.deploy().code == 0
    after, levels = examine(project)
    assert (after.code, levels["wrong"]) == (0, [])
    assert "Lambda accepts an update of its code" in after.out
    assert "UpdateFunctionCode" in [request["operation"] for request in after.requests]
    assert ". 0 of " in project.run("plan").log  # the rehearsal left all as it was


def test_everything_that_is_broken_is_named_and_nothing_else(lab_zip: Project, name: str) -> None:
    assert lab_zip.deploy().code == 0
    lab_zip.write("lambda-deploy.yml", MANY.format(name=name))
    lab_zip.write("Dockerfile", "FROM scratch\n")
    with faults({"operation": ".*", "clock": 3605}):
        run, levels = examine(lab_zip, DOCKER_HOST="unix:///nowhere/docker.sock")
    said = [finding["says"] for finding in levels["wrong"]]
    assert run.code == 3
    for what, words in BROKEN.items():
        assert sum(words in text for text in said) == 1, what
    assert len(said) == len(BROKEN), said
    assert levels["note"] == []
    assert all(finding["remedy"] or "deploy it under another name" in finding["says"]
               for finding in levels["wrong"])  # fmt: skip


def test_a_line_is_a_finding_and_what_is_wrong_comes_first(lab_zip: Project) -> None:
    with faults({"operation": ".*", "clock": -600}):
        run = lab_zip.run("doctor")
    lines = run.out.splitlines()
    assert run.code == 3
    assert lines[0].startswith("wrong  This machine's clock is 0:10:0")
    assert "ahead of that of AWS" in lines[0]
    assert "Set the clock" in lines[0]
    assert all(line.startswith("ok     ") for line in lines[1:])


def test_permissions_that_iam_denies_are_named(lab_zip: Project, name: str, deployer: Any) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    but = {"Effect": "Deny", "Action": ["lambda:CreateAlias", "iam:PassRole"], "Resource": "*"}
    run, levels = examine(lab_zip, **deployer(everything, but))
    assert run.code == 3
    assert [finding["says"].partition(" on ")[0] for finding in levels["wrong"]] == [
        "no permission for lambda:CreateAlias",
        "no permission for iam:PassRole",
    ]
    run, levels = examine(lab_zip, **deployer(everything))
    assert (run.code, levels["wrong"]) == (0, [])
    assert f" allow the changes of a deploy of function {name}" in run.out


def test_credentials_that_do_not_work_are_one_finding(lab_zip: Project) -> None:
    absent = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "GITHUB_ACTIONS": "true"}
    nowhere = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
    run, levels = examine(lab_zip, **absent, **nowhere)
    assert run.code == 3
    assert [finding["says"] for finding in levels["wrong"]] == ["no AWS credentials were found"]
    assert "id-token: write" in levels["note"][0]["remedy"]
    run, levels = examine(lab_zip, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert run.code == 3
    assert len(levels["wrong"]) == 1
    assert "AWS_ENDPOINT_URL" in levels["wrong"][0]["remedy"]


def test_every_problem_of_the_configuration_is_a_finding(lab_zip: Project) -> None:
    lab_zip.edit("lambda-deploy.yml", "    role:", "    memory: much\n    timeot: 3\n    role:")
    run, levels = examine(lab_zip)
    assert run.code == 3
    places = [finding["says"].partition(": ")[0] for finding in levels["wrong"]]
    assert places == ["lambda-deploy.yml:5", "lambda-deploy.yml:4"]  # unknown keys are first
    assert run.requests == []


def test_buckets_are_looked_for_in_the_region_of_the_function(lab_zip: Project) -> None:
    bucket = f"zips-{secrets.token_hex(6)}"
    west = boto3.client("s3", region_name="eu-west-1")
    west.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    config = (lab_zip.root / "lambda-deploy.yml").read_text()
    try:
        lab_zip.write("lambda-deploy.yml", f"{config}artifacts: {{bucket: {bucket}}}\n")
        run, levels = examine(lab_zip)
        assert run.code == 3
        assert f"bucket {bucket} for zips over 50 MB is in eu-west-1" in levels["wrong"][0]["says"]
        lab_zip.write("lambda-deploy.yml", f"{config}artifacts: {{bucket: {bucket}-not}}\n")
        assert "does not exist in us-east-1" in examine(lab_zip)[1]["wrong"][0]["says"]
        lab_zip.edit("lambda-deploy.yml", "-not}", "-not, create: true}")
        assert examine(lab_zip)[0].code == 0
    finally:
        west.delete_bucket(Bucket=bucket)


@pytest.mark.usefixtures("own_base")
@pytest.mark.docker
def test_images_are_ready_before_and_after_the_first_deploy(lean: Project, name: str) -> None:
    before, levels = examine(lean)
    assert (before.code, levels["wrong"]) == (0, [])
    assert f"Repository {name} will be created" in before.out
    assert "Images are built with" in before.out
    assert lean.deploy().code == 0
    after, levels = examine(lean)
    assert (after.code, levels["wrong"]) == (0, [])
    for words in (f"Repository {name} is in", "The login to", "accepts an update of its code"):
        assert words in after.out
    boto3.client("ecr").put_image_tag_mutability(
        repositoryName=name, imageTagMutability="IMMUTABLE"
    )
    assert (
        "IMMUTABLE_WITH_EXCLUSION with filter buildcache" in examine(lean)[1]["note"][-1]["remedy"]
    )
