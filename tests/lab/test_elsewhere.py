"""The probes on another AWS: what they say is kept, and what they make is taken away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from lab.belongings import everything, execution_role, take_away

pytestmark = pytest.mark.lab


def test_their_opinion_is_kept_and_nothing_else(name: str, tmp_path: Path) -> None:
    opinion = tmp_path / "opinion.json"
    outside = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
    execution_role(f"{name}-execution")  # left by a run that was killed
    command = ["-m", "lab.probes", "aws", f"--prefix={name}", f"--opinion={opinion}"]
    run = subprocess.run(
        [sys.executable, *command, "--only=test_tags"],
        env=outside,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"everything that begins with {name}- is deleted" in run.stdout
    said = json.loads(opinion.read_text())
    assert said["of"] == "AWS, us-east-1"
    assert said["probes"]["tests/lab/test_configuration.py::test_tags"] == ""
    assert not any(everything(name).values())


def test_everything_of_a_prefix_is_taken_away_and_nothing_else(name: str) -> None:
    for prefix in (name, f"other-{name}"):
        role = execution_role(prefix)
        boto3.client("ecr").create_repository(repositoryName=prefix)
        boto3.client("s3").create_bucket(Bucket=prefix)
        boto3.client("s3").put_object(Bucket=prefix, Key="a", Body=b"a")
        boto3.client("iam").create_user(UserName=prefix)
        boto3.client("iam").create_access_key(UserName=prefix)
        boto3.client("logs").create_log_group(logGroupName=f"/aws/lambda/{prefix}")
        topic = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
        boto3.client("cloudformation").create_stack(StackName=prefix, TemplateBody=topic)
        assert role.endswith(prefix)
    take_away(name)
    assert not any(everything(name).values())
    kept = everything(f"other-{name}")
    wanted = {"stacks", "repositories", "buckets", "users", "roles", "log groups"}
    assert {kind for kind, names in kept.items() if names} == wanted
    take_away(f"other-{name}")
    with pytest.raises(ValueError, match="too short for a prefix"):
        take_away("a")
