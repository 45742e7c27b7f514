"""What others gave to a function stays, or the deploy says before anything is touched why not."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.lab.making import archive, policy
from tests.support import Project, faults, get

CONFIG = """\
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11}}
    role: {role}
    environment: {{LEVEL: info}}
    tests: [health]
tests:
  health: {{http: /health, within: 3s}}
"""
CODE = """\
def handler(event, context):
    return {"statusCode": 200, "body": '"one"'}
"""
BROKEN = "def handler(event, context): return {'statusCode': 500, 'body': 'broken'}\n"
KEY = "arn:aws:kms:us-east-1:000000000000:key/orders"
VENDOR = "arn:aws:lambda:us-east-1:464622532012:layer:vendor-monitoring:7"


@pytest.fixture
def project(tmp_path: Path, name: str) -> Project:
    made = Project(tmp_path / "project")
    made.write("lambda-deploy.yml", CONFIG.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    made.write("src/app.py", CODE)
    return made


def change(aws: Any, name: str, **parameters: Any) -> None:
    """Change a configuration by hand."""
    aws.update_function_configuration(FunctionName=name, **parameters)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def variables(aws: Any, name: str, qualifier: str = "$LATEST") -> dict[str, str]:
    """The variables of a version."""
    found = aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    values: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    return values


def layers(aws: Any, name: str, qualifier: str = "live") -> list[str]:
    """The layers of a version."""
    found = aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    return [layer["Arn"] for layer in found.get("Layers", [])]


# ---------------------------------------------------------------- the environment


@pytest.fixture
def deployer(project: Project, name: str, aws: Any) -> dict[str, str]:
    """The credentials of who may do everything in Lambda and use no key; the function has one."""
    assert project.deploy().code == 0
    change(
        aws,
        name,
        Environment={"Variables": {"LEVEL": "info", "PASSWORD": "correct-horse"}},
        KMSKeyArn=KEY,
    )
    project.write("src/app.py", f"{CODE}# with a password\n")
    assert project.deploy().code == 0
    iam, user = boto3.client("iam"), f"{name}-deployer"
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user, PolicyName="p", PolicyDocument=policy(("lambda:*", "*"), ("iam:*", "*"))
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_an_environment_that_cannot_be_read_is_not_touched(
    project: Project, name: str, aws: Any, deployer: dict[str, str]
) -> None:
    project.edit("lambda-deploy.yml", "LEVEL: info", "LEVEL: debug")
    project.write("src/app.py", CODE.replace("one", "two"))
    for command in ("plan", "deploy"):
        run = project.run(command, **deployer)
        assert run.code == 3
        assert run.changes == []
        assert f"the environment of {name} cannot be read: AccessDeniedException" in run.log
        assert f"Allow kms:Decrypt on {KEY} in the IAM policy" in run.log
    doctor = project.run("doctor", **deployer)
    assert doctor.code == 3
    assert f"Allow kms:Decrypt on {KEY}" in doctor.out
    assert variables(aws, name) == {"LEVEL": "info", "PASSWORD": "correct-horse"}

    printed = json.loads(project.run("policy").out)["Statement"]
    (statement,) = (each for each in printed if each["Sid"] == "ReadEnvironments")
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], [KEY])
    boto3.client("iam").put_user_policy(
        UserName=f"{name}-deployer",
        PolicyName="key",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    assert project.run("deploy", **deployer).code == 0
    assert variables(aws, name, "live") == {"LEVEL": "debug", "PASSWORD": "correct-horse"}


def test_what_asks_for_no_environment_needs_no_key(
    project: Project, name: str, aws: Any, deployer: dict[str, str]
) -> None:
    there = {"LEVEL": "info", "PASSWORD": "correct-horse"}
    assert project.run("rollback", **deployer).code == 0
    assert project.run("rollback", "--to", "2", **deployer).code == 0
    project.edit("lambda-deploy.yml", "    environment: {LEVEL: info}\n", "    memory: 256\n")
    assert project.run("deploy", **deployer).code == 0
    assert variables(aws, name, "live") == there
    project.edit("lambda-deploy.yml", "memory: 256", "memory: 512")
    project.write("src/app.py", BROKEN)
    run = project.run("deploy", **deployer)
    assert run.code == 1
    assert variables(aws, name) == variables(aws, name, "live") == there
    assert aws.get_function_configuration(FunctionName=name)["MemorySize"] == 256


def test_more_than_four_kilobytes_are_counted_with_what_is_there(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy().code == 0
    change(aws, name, Environment={"Variables": {"PASSWORD": "s3cret-" * 300, "LEVEL": "info"}})
    project.edit("lambda-deploy.yml", "LEVEL: info", f"LEVEL: info, LARGE: {'x' * 2100}")
    for command in ("plan", "deploy"):
        run = project.run(command)
        assert run.code == 2
        assert run.changes == []
        assert "lambda-deploy.yml:2: the environment of" in run.log
        assert "would have 4,241 bytes" in run.log
        assert "largest: PASSWORD (2,115), LARGE (2,112), LEVEL (16)" in run.log


def test_what_lambda_says_of_an_environment_is_told_without_its_values(
    project: Project, name: str, aws: Any
) -> None:
    assert project.deploy().code == 0
    change(aws, name, Environment={"Variables": {"PASSWORD": "a b", "LEVEL": "info"}})
    project.edit("lambda-deploy.yml", "LEVEL: info", "LEVEL: verbose-and-more")
    says = (
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. String measured: "
        '{"PASSWORD":"a b","LEVEL":"verbose-and-more"}'
    )
    refusal = {"Type": "User", "message": says}
    with faults(
        {
            "operation": "UpdateFunctionConfiguration",
            "times": 1,
            "status": 400,
            "body": json.dumps(refusal),
            "headers": {"x-amzn-errortype": "InvalidParameterValueException"},
        }
    ):
        run = project.deploy()
    assert run.code == 1
    told = run.log + run.out + json.dumps(run.report["functions"])
    assert "exceeded the 4KB limit. (InvalidParameterValueException)" in run.log
    assert "store large values in a parameter, a secret or a bucket" in run.log
    assert "String measured" not in told
    assert '"a b"' not in told
    assert variables(aws, name) == {"PASSWORD": "a b", "LEVEL": "info"}


# ---------------------------------------------------------------- layers


LAYERED = """\
layers:
  {name}-deps: {{requirements: [idna==3.10], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-deps]}}
    role: {role}
    tests: [health]
tests:
  health: {{http: /health, within: 3s}}
"""


def test_layers_that_others_attached_stay_and_what_goes_is_named(
    project: Project, name: str, aws: Any
) -> None:
    project.write("lambda-deploy.yml", LAYERED.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    assert project.deploy().code == 0
    (own,) = layers(aws, name)
    company = aws.publish_layer_version(
        LayerName=f"{name}-company", Content={"ZipFile": archive({"company/read.me": "x"})}
    )["LayerVersionArn"]
    change(aws, name, Layers=[VENDOR, own, company])
    run = project.deploy()
    assert run.code == 0
    assert layers(aws, name) == [own]  # the draft of others is nobody's business

    project.edit("lambda-deploy.yml", "idna==3.10", "idna==3.9")
    plan = project.run("plan")
    kept = f"−{name}-deps:1 (keeps vendor-monitoring:7, {name}-company:1 of others)"
    assert kept in plan.out
    run = project.deploy()
    assert run.code == 0
    assert kept in run.log
    first = own.replace("-deps:1", "-deps:2")
    assert layers(aws, name) == [VENDOR, first, company]
    assert project.deploy().changes == []
    assert "differs" not in project.run("status").out

    text = (project.root / "lambda-deploy.yml").read_text()
    project.write("lambda-deploy.yml", text.replace(f"{name}-deps", f"{name}-packages"))
    run = project.deploy()
    assert run.code == 0
    assert f"−{name}-deps:2" in run.log
    assert layers(aws, name) == [VENDOR, first.replace("deps:2", "packages:1"), company]

    project.write("src/app.py", BROKEN)
    project.edit("lambda-deploy.yml", "idna==3.9", "idna==3.10")
    before = layers(aws, name)
    change(aws, name, Layers=[*before, VENDOR.replace("monitoring", "secrets")])  # a draft
    assert project.deploy().code == 1
    assert layers(aws, name) == before
    assert layers(aws, name, "$LATEST") == [*before, VENDOR.replace("monitoring", "secrets")]


def test_six_layers_with_those_of_others_are_too_many(
    project: Project, name: str, aws: Any
) -> None:
    project.write("lambda-deploy.yml", LAYERED.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    assert project.deploy().code == 0
    change(aws, name, Layers=[VENDOR.replace("vendor", f"vendor{i}") for i in range(5)])
    project.write("src/app.py", CODE.replace("one", "two"))
    run = project.deploy()
    assert run.code == 2
    assert run.changes == []
    assert f"{name} would have 6 layers" in run.log
    assert "vendor0-monitoring" in run.log


# ---------------------------------------------------------------- the alias


def test_event_settings_of_the_alias_stay(project: Project, name: str, aws: Any) -> None:
    assert project.deploy().code == 0
    one = {"FunctionName": name, "Qualifier": "live"}
    aws.put_function_event_invoke_config(**one, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=90)
    project.write("src/app.py", CODE.replace("one", "two"))
    assert project.deploy().code == 0
    project.write("src/app.py", BROKEN)
    assert project.deploy().code == 1
    assert project.run("rollback").code == 0
    kept = aws.get_function_event_invoke_config(**one)
    assert (kept["MaximumRetryAttempts"], kept["MaximumEventAgeInSeconds"]) == (0, 90)


def test_callers_of_the_bare_name_are_told_of_when_the_alias_is_new(
    project: Project, name: str, aws: Any
) -> None:
    aws.create_function(
        FunctionName=name,
        Role=os.environ["LAB_ROLE_ARN"],
        Runtime="python3.11",
        Handler="app.handler",
        Code={"ZipFile": archive({"app.py": CODE})},
    )
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    project.write("src/app.py", CODE.replace("one", "two"))
    says = (
        f"Callers of {name} without alias get $LATEST, which changes before the tests. Change them"
    )
    for command in ("plan", "deploy"):
        run = project.run(command)
        assert run.code == 0
        assert says in run.log
        assert f"callers of {name} without alias get $LATEST before the tests" in json.dumps(
            run.report
        )
        assert "before traffic" not in run.log
    assert "before alias live is created" in json.dumps(run.report)
    project.write("src/app.py", CODE.replace("one", "three"))
    run = project.deploy()
    assert says not in run.log
    assert "before traffic" in json.dumps(run.report)


# ---------------------------------------------------------------- large code


@pytest.fixture
def large(project: Project, name: str) -> Project:
    """A project whose code is 80 MB, however it is compressed."""
    text = (project.root / "lambda-deploy.yml").read_text()
    bucket = f"artifacts: {{bucket: zips-{secrets.token_hex(6)}, create: true}}"
    text = text.replace("    tests: [health]\n", "    tests: [health]\n    url: public\n")
    text = text.replace("within: 3s", "within: 12s")
    text = text.replace("    role:", "    timeout: 30\n    role:")
    project.write("lambda-deploy.yml", f"{bucket}\n{text}")
    (project.root / "src/model.bin").write_bytes(secrets.token_bytes(80_000_000))
    return project


def sha256_of(aws: Any, name: str, qualifier: str = "$LATEST") -> str:
    """What Lambda says of the code."""
    found = aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    return str(found["CodeSha256"])


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_bucket_that_does_not_exist_is_found_before_any_change(
    large: Project, command: str
) -> None:
    text = (large.root / "lambda-deploy.yml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("artifacts:")]
    large.write("lambda-deploy.yml", "\n".join([*lines, "artifacts: {bucket: no-such-bucket}", ""]))
    run = large.run(command)
    assert run.code == 3
    assert "error: bucket no-such-bucket for the code of" in run.log
    assert "Create it, or set create: true under artifacts." in run.log
    assert run.changes == []


def test_code_of_80_mb_is_taken_back(large: Project, name: str, aws: Any) -> None:
    first = large.deploy()
    assert first.code == 0
    home = sha256_of(aws, name)
    (large.root / "src/model.bin").unlink()
    large.write("src/app.py", BROKEN)
    run = large.deploy()
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    assert sha256_of(aws, name) == sha256_of(aws, name, "live") == home
    large.write("src/app.py", CODE.replace("one", "two"))
    assert large.deploy().code == 0
    run = large.run("rollback")
    assert run.code == 0
    assert sha256_of(aws, name) == sha256_of(aws, name, "live") == home
    assert get(first.function["url"]) == (200, "one")


def test_code_of_80_mb_without_an_alias_is_taken_back(large: Project, name: str, aws: Any) -> None:
    text = (large.root / "lambda-deploy.yml").read_text()
    large.write("lambda-deploy.yml", text.replace("    url: public\n", "    alias: $LATEST\n"))
    assert large.deploy().code == 0
    home = sha256_of(aws, name)
    (large.root / "src/model.bin").unlink()
    large.write("src/app.py", BROKEN)
    run = large.deploy()
    assert run.code == 1
    assert sha256_of(aws, name) == home

    text = (large.root / "lambda-deploy.yml").read_text()
    large.write("lambda-deploy.yml", text.split("\n", 1)[1])  # and no bucket
    run = large.deploy()
    assert run.code == 4
    assert "80.0 MB zipped, so a rollback needs a bucket" in run.log
    assert "the previous code of" in run.log
