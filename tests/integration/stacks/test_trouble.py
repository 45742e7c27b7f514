"""Stacks in which something is amiss, and calls of CloudFormation that come to grief."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, faults

WORD = """\
Resources:
  Word:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: one}
"""
CONFIG = """\
stack: {{template: template.yaml, name: {stack}, capabilities: [CAPABILITY_IAM]}}
artifacts: {{bucket: stack-artifacts, create: true}}
"""
BROKEN = """\
  Broken:
    Type: AWS::Lambda::Url
    DependsOn: Greeter
    Properties: {TargetFunctionArn: absent, AuthType: NONE}
"""
GREETER = """\
Resources:
  Greeter:
    Type: AWS::Lambda::Function
    Properties:
      Code: {{ZipFile: "def handler(event, context): return 1"}}
      Handler: index.handler
      Runtime: python3.11
      Role: {role}
"""


def refusal(code: str, says: str) -> str:
    """An error as CloudFormation has it."""
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{says}</Message>"
    return f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"


@pytest.fixture
def stack() -> str:
    """A stack's name that no other test uses."""
    return f"trouble-{secrets.token_hex(4)}"


@pytest.fixture
def api() -> Any:
    """The CloudFormation API."""
    return boto3.client("cloudformation")


@pytest.fixture
def project(tmp_path: Path, stack: str, api: Any) -> Iterator[Project]:
    """A stack of one parameter."""
    boto3.client("s3").create_bucket(Bucket="stack-artifacts")
    project = Project(tmp_path / "project")
    project.write("template.yaml", WORD)
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    yield project
    api.delete_stack(StackName=stack)


TAKEN = """\
Resources:
  Taken:
    Type: AWS::S3::Bucket
    Properties: {{BucketName: {name}}}
"""


def settled(api: Any, stack: str) -> str:
    """The status of a stack at rest."""
    while True:
        status = str(api.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.05)


@pytest.fixture
def role() -> str:
    """A role for functions."""
    iam, name = boto3.client("iam"), f"passing-{secrets.token_hex(4)}"
    service = {"Service": "lambda.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def test_a_stack_that_can_neither_go_on_nor_back_says_how_to_go_on(
    project: Project, stack: str, api: Any, role: str
) -> None:
    project.write("template.yaml", GREETER.format(role=role))
    assert project.deploy().code == 0
    boto3.client("iam").delete_role(RoleName=role.rpartition("/")[2])  # there is no way back
    lasting = os.environ["LAB_ROLE_ARN"]
    project.write("template.yaml", GREETER.format(role=lasting) + BROKEN)
    run = project.deploy()
    assert run.code == 4
    assert run.function["error"].startswith("Broken (AWS::Lambda::Url): ")
    assert run.function["left"] == [f"stack {stack}: its status is UPDATE_ROLLBACK_FAILED"]
    project.write("template.yaml", GREETER.format(role=lasting))
    again = project.deploy()
    assert again.code == 3
    assert again.changes == []
    assert "could neither be updated nor rolled back (UPDATE_ROLLBACK_FAILED)" in again.log
    told = f"continue-update-rollback --stack-name {stack} (add --resources-to-skip "
    assert f"{told}Greeter " in again.log
    doctor = project.run("doctor")
    assert doctor.code == 3
    assert "could neither be updated nor rolled back (UPDATE_ROLLBACK_FAILED)" in doctor.out
    api.continue_update_rollback(StackName=stack, ResourcesToSkip=["Greeter"])
    assert settled(api, stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert project.deploy().code == 0


def test_a_stack_that_somebody_has_only_reviewed_is_created(
    project: Project, stack: str, api: Any
) -> None:
    body = {"StackName": stack, "TemplateBody": WORD}
    api.create_change_set(**body, ChangeSetName="reviewed", ChangeSetType="CREATE")
    run = project.deploy()
    assert run.code == 0
    assert run.actions["resource:Word"] == "create"
    assert settled(api, stack) == "CREATE_COMPLETE"


def test_a_stack_that_somebody_is_changing_is_left_alone(
    project: Project, stack: str, api: Any
) -> None:
    resources = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "60"},
        },
    }
    api.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": resources}))
    run = project.deploy()
    assert run.code == 3
    assert f"stack {stack} is being updated outside this run (CREATE_IN_PROGRESS)" in run.log
    assert "Run again after that update." in run.log
    assert run.changes == []


def test_answers_that_are_lost_or_throttled_are_asked_for_again(
    project: Project, stack: str, api: Any
) -> None:
    body = refusal("Throttling", "Rate exceeded")
    rules: list[dict[str, Any]] = [
        *(
            {"operation": f"{verb}ChangeSet", "lost": True, "times": 1}
            for verb in ("Create", "Execute")
        ),
        *(
            {"operation": f"Describe{what}", "status": 400, "body": body, "times": 1}
            for what in ("Stacks", "ChangeSet", "StackEvents")
        ),
    ]
    with faults(*rules) as done:
        assert project.deploy().code == 0
    assert len(done) == 5
    assert settled(api, stack) == "CREATE_COMPLETE"
    assert len(api.list_change_sets(StackName=stack)["Summaries"]) == 1


def test_code_only_wants_a_stack_that_is_there(project: Project) -> None:
    run = project.run("deploy", "--code-only")
    assert run.code == 2
    assert "deploy it once without" in run.log
    assert run.changes == []


def test_a_call_that_is_denied_names_its_action_and_leaves_nothing(
    project: Project, stack: str, api: Any
) -> None:
    says = "User: u is not authorized to perform: cloudformation:ExecuteChangeSet on resource: s"
    body = refusal("AccessDenied", says)
    with faults({"operation": "ExecuteChangeSet", "status": 403, "body": body}):
        run = project.deploy()
    assert run.code == 1
    assert run.function["error"].startswith("no permission for cloudformation:ExecuteChangeSet")
    assert "cloudformation:ExecuteChangeSet" in run.function["remedy"]
    assert run.function["rolled_back"] == [f"stack {stack} was deleted"]
    with pytest.raises(api.exceptions.ClientError, match="does not exist"):
        settled(api, stack)


def test_a_function_without_a_test_is_noted_when_it_changes(project: Project, role: str) -> None:
    project.write("template.yaml", GREETER.format(role=role))
    says = "Greeter has no tests; new versions go live untested."
    assert says in project.run("plan").log
    assert says in project.deploy().log
    assert says not in project.deploy().log
    project.write("template.yaml", GREETER.format(role=role) + WORD.removeprefix("Resources:\n"))
    assert says not in project.deploy().log


@pytest.mark.parametrize("template", [WORD, "with code"])
def test_a_bucket_that_is_missing_is_told_before_anything_is_touched(
    project: Project, role: str, template: str
) -> None:
    if template != WORD:
        project.write("code/index.py", "def handler(event, context): return 1\n")
        template = GREETER.format(role=role)
        template = re.sub("Code: .*", "Code: code", template)
    project.write("template.yaml", template)
    project.edit("lambda-deploy.yml", "{bucket: stack-artifacts, create: true}", "{bucket: nono}")
    for command in ("plan", "deploy"):
        run = project.run(command)
        assert run.code == 3
        assert run.changes == []
        assert "bucket nono for artifacts of stack" in run.log
        assert "set create: true under artifacts" in run.log


def test_a_machine_without_docker_is_told_before_anything_is_built(
    project: Project, role: str, stack: str
) -> None:
    project.write("code/index.py", "def handler(event, context): return 1\n")
    project.write("Dockerfile", "FROM scratch\n")
    image = "  Receipts:\n    Type: AWS::Lambda::Function\n    Properties:\n"
    image += (
        f"      {{PackageType: Image, Role: {role}}}\n    Metadata: {{Dockerfile: Dockerfile}}\n"
    )
    code = re.sub("Code: .*", "Code: code", GREETER.format(role=role))
    project.write("template.yaml", code + image)
    project.edit("lambda-deploy.yml", "stack-artifacts", f"{stack}-files")
    run = project.deploy(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert run.code == 3
    assert run.changes == []
    assert "no Docker engine answers at unix:///nowhere/docker.sock" in run.log
    assert "which is needed to build the image of Receipts" in run.log


def test_a_name_that_the_template_does_not_have_is_said_at_its_line(project: Project) -> None:
    project.write(
        "lambda-deploy.yml",
        "artifacts: {bucket: stack-artifacts}\n"
        "tests: {works: {invoke: {}}}\n"
        "stack:\n"
        "  template: template.yaml\n"
        "  name: trouble-names\n"
        "  may-replace: [Wrod]\n",
    )
    noted = project.run("plan")
    assert noted.code == 0
    says = "lambda-deploy.yml:6: may-replace: there is no resource 'Wrod'; did you mean 'Word'?"
    assert says in noted.log
    config = (project.root / "lambda-deploy.yml").read_text()
    project.write("lambda-deploy.yml", config + "  tests:\n    Word: [works]\n")
    tests = project.run("plan")
    assert tests.code == 2
    assert "lambda-deploy.yml:8: template.yaml has no function 'Word'" in tests.log
    project.write("lambda-deploy.yml", config)
    project.write("samconfig.toml", '[default.deploy.parameters]\nparameter_overrides = "A=1"\n')
    parameters = project.run("plan")
    assert parameters.code == 0  # a note, since several templates can share the file
    assert "samconfig.toml: the template has no parameter 'A'" in parameters.log


def test_outputs_are_told_without_secrets(project: Project) -> None:
    token = secrets.token_hex(8)
    outputs = f"Outputs:\n  Name: {{Value: !Ref Word}}\n  Open: {{Value: 'x-{token}'}}\n"
    config = (project.root / "lambda-deploy.yml").read_text()
    given = "Parameters: {Token: {Type: String, NoEcho: true}}\n"
    project.write("template.yaml", given + WORD + outputs)
    project.write(
        "lambda-deploy.yml", config.replace("stack: {", 'stack: {parameters: {Token: "${WORD}"}, ')
    )
    run = project.deploy(WORD=token)
    assert run.code == 0
    told = run.log[run.log.index("now in state") :]
    assert re.search(r"\n  Name  \S+\n", told)
    status = project.run("status", WORD=token)
    assert re.search(r"\nName +us-east-1 +\S+\n", status.out)
    assert json.loads(project.run("status", "--json", WORD=token).out)[0]["outputs"]["Name"]
    assert token not in run.log + status.out


def test_a_template_that_somebody_else_writes_over_is_not_applied(
    project: Project, stack: str, api: Any
) -> None:
    """It is too large for a call, so CloudFormation reads it from the bucket, a moment later."""
    assert project.deploy().code == 0
    large = f"{WORD.replace('one', 'mine')}Metadata: {{Long: {'x' * 60_000}}}\n"
    project.write("template.yaml", large)
    bucket = boto3.resource("s3").Bucket("stack-artifacts")

    def templates() -> set[str]:
        return {each.key for each in bucket.objects.all() if each.key.endswith(".template")}

    before = templates()
    with faults({"operation": "CreateChangeSet", "seconds": 5}), ThreadPoolExecutor(1) as pool:
        deploying = pool.submit(project.deploy)
        until = time.monotonic() + 60
        while not (new := templates() - before) and time.monotonic() < until:
            time.sleep(0.05)
        (key,) = new
        content = bucket.Object(key).get()["Body"].read()
        assert hashlib.sha256(content).hexdigest() in key
        bucket.put_object(Key=key, Body=content.replace(b"mine", b"theirs"))
        run = deploying.result()
    assert run.code == 1
    assert "no longer has the template that this run uploaded" in run.log
    assert "ExecuteChangeSet" not in run.changes
    assert "DeleteChangeSet" in run.changes
    value = boto3.client("ssm").get_parameter(Name=word_of(api, stack))["Parameter"]["Value"]
    assert value == "one"
    assert project.deploy().code == 0  # what was written over is put right


def word_of(api: Any, stack: str) -> str:
    """What the parameter came to be called."""
    found = api.describe_stack_resources(StackName=stack)["StackResources"]
    return str(found[0]["PhysicalResourceId"])


def test_a_stack_whose_first_change_set_fails_leaves_no_name(
    project: Project, stack: str, api: Any
) -> None:
    bucket = boto3.client("s3").create_bucket
    bucket(Bucket=stack)
    project.write("template.yaml", TAKEN.format(name=stack))
    failed = project.deploy()
    assert failed.code == 1
    says = f"Taken: Resource of type 'AWS::S3::Bucket' with identifier '{stack}' already exists."
    assert f"error: CloudFormation rejected the template of {stack}: {says}" in failed.log
    with pytest.raises(api.exceptions.ClientError, match="does not exist"):
        api.describe_stacks(StackName=stack)
    project.write("template.yaml", WORD)
    assert project.deploy().code == 0


def test_a_stack_that_is_only_a_name_is_created(project: Project, stack: str, api: Any) -> None:
    api.create_change_set(
        StackName=stack,
        ChangeSetName="by-hand",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
    )
    assert project.deploy().code == 0
    assert settled(api, stack) == "CREATE_COMPLETE"


def test_a_runtime_that_aws_no_longer_creates_is_told_by_the_plan(
    tmp_path: Path, stack: str
) -> None:
    project = Project(tmp_path / "project")
    project.write("lambda-deploy.yml", CONFIG.format(stack=stack))
    template = GREETER.format(role=os.environ["LAB_ROLE_ARN"])
    project.write("template.yaml", template.replace("python3.11", "python2.7"))
    plan = project.run("plan")
    assert plan.code == 0
    assert "Greeter: AWS has created no functions with python2.7 since 2021-07-15" in plan.log
