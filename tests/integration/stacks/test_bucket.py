"""The bucket of a stack: whose it is, and what comes of objects that somebody has exchanged."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, faults

OTHER = "111111111111"
TEMPLATE = """\
Resources:
  Greeter:
    Type: AWS::Lambda::Function
    Properties: &greeter
      Code: src
      Handler: app.handler
      Runtime: python3.11
      Role: !Sub arn:aws:iam::${AWS::AccountId}:role/lambda-execution
      Environment: {Variables: {GREETING: hello}}
"""
INSIDE = """\
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner.yaml}
"""
CONFIG = """\
stack:
  template: template.yaml
  name: {stack}
  capabilities: [CAPABILITY_IAM]
artifacts: {{bucket: {bucket}, create: true{more}}}
"""
CODE = "import os\ndef handler(event, context):\n    return f'{os.environ[\"GREETING\"]} one'\n"
NOTE = "had other content than was written there, and is written again"


class Kept:
    """A stack and a bucket of its own, which everybody may write to."""

    def __init__(self, project: Project, stack: str) -> None:
        self.project, self.stack, self.bucket = project, stack, f"of-{stack}"
        project.write("template.yaml", TEMPLATE)
        project.write("src/app.py", CODE)
        self.config()

    def config(self, more: str = "", name: str = "") -> None:
        """Write the configuration."""
        text = CONFIG.format(stack=name or self.stack, bucket=self.bucket, more=more)
        self.project.write("lambda-deploy.yml", text)

    def elsewhere(self) -> None:
        """Deploy the working tree as another stack, so that the bucket has all it is made of."""
        self.config(name=f"{self.stack}-too")
        assert self.project.deploy().code == 0
        boto3.client("cloudformation").delete_stack(StackName=f"{self.stack}-too")
        self.config()

    def keys(self, end: str) -> list[str]:
        """Keys of objects, the newest last."""
        listed = boto3.client("s3").list_objects_v2(Bucket=self.bucket)["Contents"]
        found = sorted(listed, key=lambda each: each["LastModified"])
        return [each["Key"] for each in found if each["Key"].endswith(end)]

    def exchange(self, key: str, old: str, new: str) -> None:
        """Put other content into an object: a zip, or a text."""
        s3, named = boto3.client("s3"), {"Bucket": self.bucket, "Key": key}
        content = s3.get_object(**named)["Body"].read()
        if key.endswith(".zip"):
            content = _rezipped(content, old, new)
        else:
            assert old.encode() in content
            content = content.replace(old.encode(), new.encode())
        s3.put_object(**named, Body=content, ChecksumAlgorithm="SHA256")

    def says(self, logical: str = "Greeter") -> str:
        """What users are answered."""
        api, aws = boto3.client("cloudformation"), boto3.client("lambda")
        found = api.describe_stack_resource(StackName=self.stack, LogicalResourceId=logical)
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        return str(json.loads(aws.invoke(FunctionName=name)["Payload"].read()))


def _rezipped(content: bytes, old: str, new: str) -> bytes:
    made, seen = io.BytesIO(), b""
    with zipfile.ZipFile(io.BytesIO(content)) as was, zipfile.ZipFile(made, "w") as now:
        for name in was.namelist():
            seen += was.read(name)
            now.writestr(name, was.read(name).replace(old.encode(), new.encode()))
    assert old.encode() in seen
    return made.getvalue()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A stack that is deployed."""
    stack = f"bucket-{secrets.token_hex(4)}"
    kept = Kept(Project(tmp_path / "project"), stack)
    assert kept.project.deploy().code == 0
    yield kept
    boto3.client("cloudformation").delete_stack(StackName=stack)


def test_a_zip_that_was_exchanged_is_written_anew(kept: Kept) -> None:
    kept.project.edit("src/app.py", "one", "two")
    kept.elsewhere()
    kept.exchange(kept.keys(".zip")[-1], "two", "evil")
    run = kept.project.deploy()
    assert run.code == 0
    assert NOTE in run.log
    assert kept.says() == "hello two"
    again = kept.project.deploy()
    assert again.changes == []
    assert NOTE not in again.log


def test_what_a_new_function_shares_with_an_old_one_is_looked_at_as_well(kept: Kept) -> None:
    kept.exchange(kept.keys(".zip")[-1], "one", "evil")
    kept.project.write("template.yaml", TEMPLATE + TEMPLATE[11:].replace("Greeter:", "New:"))
    kept.project.edit("template.yaml", "Properties: &greeter", "Properties:")
    run = kept.project.deploy()
    assert run.code == 0
    assert NOTE in run.log
    assert (kept.says(), kept.says("New")) == ("hello one", "hello one")


@pytest.mark.parametrize("which", ["dependencies/", ""])
def test_what_requirements_led_to_is_not_merged_if_it_was_exchanged(kept: Kept, which: str) -> None:
    kept.project.write("src/requirements.txt", "idna==3.10\n")
    kept.project.write("template.yaml", "Transform: AWS::Serverless-2016-10-31\n" + TEMPLATE)
    kept.project.edit("template.yaml", "AWS::Lambda::Function", "AWS::Serverless::Function")
    kept.project.edit("template.yaml", "Code: src", "CodeUri: src")
    code = "import os, idna\ndef handler(event, context):\n    return idna.__version__ + ' one'\n"
    kept.project.write("src/app.py", code)
    kept.elsewhere()
    if which:  # other code of the same requirements
        kept.project.edit("src/app.py", " one", " two")
    key = [key for key in kept.keys(".zip") if ("dependencies/" in key) == bool(which)][-1]
    kept.exchange(key, "3.10", "evil")
    run = kept.project.deploy()
    assert run.code == 0
    assert NOTE in run.log
    assert kept.says() == f"3.10 {'two' if which else 'one'}"


def test_a_template_inside_that_was_exchanged_is_written_anew(kept: Kept) -> None:
    kept.project.write("inner.yaml", TEMPLATE)
    kept.project.write("template.yaml", INSIDE)
    kept.elsewhere()
    kept.exchange(kept.keys(".template")[-1], "hello", "evil")
    run = kept.project.deploy()
    assert run.code == 0
    assert NOTE in run.log
    content = boto3.client("s3").get_object(Bucket=kept.bucket, Key=kept.keys(".template")[-1])
    assert b"evil" not in content["Body"].read()


def test_a_kept_state_that_was_changed_is_no_way_back(kept: Kept) -> None:
    (first,) = [key for key in kept.keys(".json") if f"/stacks/{kept.stack}/" in key]
    kept.project.edit("template.yaml", "GREETING: hello", "GREETING: bye")
    assert kept.project.deploy().code == 0
    kept.exchange(first, "hello", "evil")
    run = kept.project.run("rollback")
    assert run.code == 3
    assert f"{first} is not the snapshot that was stored there" in run.log
    assert run.changes == []
    assert kept.says() == "bye one"
    kept.exchange(first, "evil", "hello")
    assert kept.project.run("rollback").code == 0
    assert kept.says() == "hello one"


def test_there_is_no_way_back_to_a_zip_that_was_exchanged(kept: Kept) -> None:
    (key,) = kept.keys(".zip")
    kept.project.edit("src/app.py", "one", "two")
    assert kept.project.deploy().code == 0
    kept.exchange(key, "one", "evil")
    run = kept.project.run("rollback")
    assert run.code == 2
    assert f"{key} in bucket {kept.bucket} was deleted or changed" in run.log
    assert kept.says() == "hello two"


def test_what_lambda_takes_must_be_what_this_run_made(kept: Kept) -> None:
    """The object is exchanged after the run has looked at it, and before Lambda does."""
    kept.project.edit("src/app.py", "one", "two")
    slow = {"operation": "UpdateFunctionCode", "times": 1, "seconds": 3}
    command = [sys.executable, "-m", "lambda_fast_deploy", "deploy", "--code-only"]
    with (
        faults(slow),
        subprocess.Popen(
            command, cwd=kept.project.root, stderr=subprocess.PIPE, text=True
        ) as running,
    ):
        while len(kept.keys(".zip")) < 2:
            time.sleep(0.05)
        kept.exchange(kept.keys(".zip")[-1], "two", "evil")
        assert running.stderr
        log = running.stderr.read()
    assert running.returncode == 1, log
    assert "Lambda received other content for" in log
    assert kept.says() == "hello one"


def _give_away(bucket: str) -> None:
    tags: Any = {"TagSet": [{"Key": "lab:owner", "Value": OTHER}]}
    boto3.client("s3").put_bucket_tagging(Bucket=bucket, Tagging=tags)


def test_a_bucket_of_somebody_else_is_used_only_if_that_is_said(kept: Kept) -> None:
    _give_away(kept.bucket)
    kept.project.edit("src/app.py", "one", "two")
    run = kept.project.deploy()
    assert run.code == 3
    assert f"bucket {kept.bucket} does not belong to account 000000000000, or" in run.log
    assert "owner: " in run.log
    assert run.changes == []
    kept.config(f", owner: {OTHER}")
    deployed = kept.project.deploy()
    assert deployed.code == 0
    assert "GetCallerIdentity" not in [each["operation"] for each in deployed.requests]
    assert kept.says() == "hello two"
    kept.config(", owner: 12345")
    assert "expected the number of an account (12 digits), got '12345'" in kept.project.deploy().log


def test_whose_the_credentials_are_is_asked_once(kept: Kept) -> None:
    kept.project.edit("src/app.py", "one", "two")
    run = kept.project.deploy()
    asked = [each["operation"] for each in run.requests]
    assert run.code == 0
    assert asked.count("GetCallerIdentity") == 1
