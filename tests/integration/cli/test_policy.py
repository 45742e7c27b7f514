"""The policy that is printed suffices, and each of its statements is needed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support import Project, Run

ZIP_CONFIG = """\
layers:
  {name}-layer: {{requirements: [six], runtime: python3.11}}
functions:
  {name}:
    zip: {{code: src, handler: app.handler, runtime: python3.11, layers: [{name}-layer]}}
    role: {role}
    url: iam
    tests: [health, storage]
    keep: 1
    tags: {{team: blue}}
tests:
  health: {{http: /health, within: 8s}}
  storage: {{s3: {{bucket: {name}, path: "/objects/{{key}}", prefix: in/}}, within: 8s}}
"""
ZIP_FILES = {
    "src/app.py": """\
import base64, boto3, six
def handler(event, context):
    path, method = event["rawPath"], event["requestContext"]["http"]["method"]
    if path == "/health":
        return {"statusCode": 200, "body": "ok"}
    place = {"Bucket": context.function_name, "Key": path.replace("/objects/", "in/")}
    if method == "PUT":
        body = event["body"]
        body = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
        boto3.client("s3").put_object(**place, Body=body)
        return {"statusCode": 201}
    body = boto3.client("s3").get_object(**place)["Body"].read().decode()
    return {"statusCode": 200, "body": body}
"""
}
IMAGE_CONFIG = """\
bases:
  python: {{dockerfile: Dockerfile.base, repository: {name}-base, tag: "3.13"}}
functions:
  {name}:
    image: {{dockerfile: Dockerfile, base: python}}
    role: {role}
    keep: 1
    tests: [health]
tests:
  health: {{http: /health}}
"""
IMAGE_FILES = {
    "Dockerfile.base": "FROM public.ecr.aws/lambda/python:3.13\nRUN echo base > /marker\n",
    "Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY --link src /var/task\n"
    'CMD ["app.handler"]\n',
    "src/app.py": 'def handler(event, context): return {"statusCode": 200, "body": "ok"}\n',
}

# Each statement, a command that cannot do its work without it, and the action that this names.
ZIP = {
    "DeployFunctions": ("deploy", "lambda:GetFunction"),
    "ReleaseVersions": ("deploy", "lambda:GetAlias"),
    "DeleteVersions": ("deploy", "lambda:DeleteFunction"),
    "CreateFunctions": ("create", "lambda:CreateFunction"),
    "PassRoles": ("create", "iam:PassRole"),
    "TestFunctions": ("deploy", "lambda:InvokeFunction"),
    "GiveFunctionUrls": ("deploy", "lambda:GetFunctionUrlConfig"),
    "CallFunctionUrls": ("deploy", "lambda:InvokeFunctionUrl"),
    "TagFunctions": ("create", "lambda:TagResource"),
    "PublishLayers": ("deploy", "lambda:ListLayerVersions"),
    "UseLayers": ("create", "lambda:GetLayerVersion"),
    "FindUsers": ("layers users", "lambda:ListFunctions"),
    "FindBuckets": ("deploy", "s3:ListBucket"),
    "TestBuckets": ("deploy", "s3:GetObject"),
}
IMAGE = {
    "LogInToRegistry": "ecr:GetAuthorizationToken",
    "CreateRepositories": "ecr:DescribeImages",
    "PushImages": "ecr:BatchCheckLayerAvailability",
    "DeployImages": "ecr:ListTagsForResource",
    "DeleteImages": "ecr:BatchDeleteImage",
    "FindUsers": "lambda:ListFunctions",
}
# A change of code alone reads nothing of what a builder needs.
REPLACED = {"DeployImages": "ecr:GetLifecyclePolicy"}
# What is lost without these is told; users have the new version, and nothing is undone for that.
CLEANING = ("DeleteVersions", "DeleteImages", "FindUsers")

# Calls that are checked as another action, and what is only for the way back or another start.
CALLED = {"Invoke": "InvokeFunction", "HeadBucket": "ListBucket"}
ON_BEHALF = {"PassRole", "GetLayerVersion", "ListTags"}
UNDOING = {"DeleteAlias", "DeleteFunctionUrlConfig", "RemovePermission"}
OTHERWISE = {"UpdateFunctionUrlConfig", "AddPermission", "GetPolicy", "TagResource"}


@dataclass
class Deployer:
    """A user of IAM's, and the project that it deploys. ``calls``: operations that AWS saw."""

    name: str
    project: Project
    key: dict[str, str]
    calls: set[str] = field(default_factory=set)

    def policy(self) -> list[dict[str, Any]]:
        """The statements that the command prints."""
        printed = json.loads(self.project.run("policy").out)
        statements: list[dict[str, Any]] = printed["Statement"]
        return statements

    def allow(self, statements: Iterable[dict[str, Any]]) -> None:
        """Give the user exactly these statements."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        boto3.client("iam").put_user_policy(
            UserName=self.name, PolicyName="deploy", PolicyDocument=document
        )

    def run(self, *arguments: str) -> Run:
        """Run a command as the user."""
        run = self.project.run(*arguments, **self.key)
        self.calls |= {request["operation"] for request in run.requests}
        return run

    def deploy(self) -> Run:
        """Deploy as the user, with all tests."""
        return self.run("deploy", "--commit-message", "[test-all] [test-s3]")

    def change(self) -> None:
        """Change the code."""
        app = self.project.root / "src/app.py"
        app.write_text(f"{app.read_text()}# {secrets.token_hex(4)}\n")

    @contextmanager
    def resized(self) -> Iterator[None]:
        """Ask for a memory of its own, for a while."""
        config = self.project.root / "lambda-deploy.yml"
        text = config.read_text()
        memory = secrets.randbelow(900) + 129
        config.write_text(text.replace("url: iam", f"url: iam\n    memory: {memory}"))
        yield
        config.write_text(text)


def deployer(root: Path, config: str, files: dict[str, str]) -> Deployer:
    """A user who has deployed nothing yet, with a bucket of its name."""
    name, iam = f"deployer-{secrets.token_hex(4)}", boto3.client("iam")
    project = Project(root)
    project.write("lambda-deploy.yml", config.format(name=name, role=os.environ["LAB_ROLE_ARN"]))
    for path, text in files.items():
        project.write(path, text)
    boto3.client("s3").create_bucket(Bucket=name)
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    key = {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
    }
    return Deployer(name, project, key)


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Deployer:
    """Who has deployed a zip with the policy that is printed for it."""
    user = deployer(tmp_path_factory.mktemp("zip") / "project", ZIP_CONFIG, ZIP_FILES)
    user.allow(user.policy())
    assert user.deploy().code == 0
    return user


@pytest.fixture(scope="module")
def imaged(tmp_path_factory: pytest.TempPathFactory) -> Deployer:
    """Who has built and deployed an image with the policy that is printed for it."""
    user = deployer(tmp_path_factory.mktemp("image") / "project", IMAGE_CONFIG, IMAGE_FILES)
    user.allow(user.policy())
    assert user.deploy().code == 0
    return user


def test_the_policy_of_a_zip_suffices_and_allows_nothing_else(zipped: Deployer, aws: Any) -> None:
    statements = zipped.policy()
    assert {each["Sid"] for each in statements} == ZIP.keys()
    zipped.allow(statements)
    zipped.change()
    assert zipped.deploy().code == 0
    with zipped.resized():
        assert zipped.deploy().code == 0
    versions = aws.list_versions_by_function(FunctionName=zipped.name)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "2", "3"]
    assert zipped.run("deploy", "--commit-message", "again").changes == []
    assert zipped.run("rollback").code == 0

    layer = f"{zipped.name}-layer"
    (made,) = aws.list_layer_versions(LayerName=layer)["LayerVersions"]
    content = {"ZipFile": b"PK\5\6" + bytes(18)}
    for _ in range(2):  # two more, that nobody uses
        aws.publish_layer_version(LayerName=layer, Description=made["Description"], Content=content)
    for what in ("layers list", "layers users", "layers prune", "status", "doctor"):
        assert zipped.run(*what.split()).code == 0
    left = aws.list_layer_versions(LayerName=layer)["LayerVersions"]
    assert [each["Version"] for each in left] == [3, 1]

    allowed = {action.partition(":")[2] for each in statements for action in each["Action"]}
    called = {CALLED.get(call, call) for call in zipped.calls}
    assert allowed - called <= ON_BEHALF | UNDOING | OTHERWISE


@pytest.mark.parametrize("sid", ZIP)
def test_each_statement_for_a_zip_is_needed(
    zipped: Deployer, sid: str, tmp_path: Path, aws: Any
) -> None:
    command, action = ZIP[sid]
    is_new = command == "create"
    user = deployer(tmp_path / "project", ZIP_CONFIG, ZIP_FILES) if is_new else zipped
    user.allow(each for each in user.policy() if each["Sid"] != sid)
    user.change()
    run = user.run(*command.split()) if command.startswith("layers") else user.deploy()
    check_told(run, sid, action)
    if is_new:
        with pytest.raises(aws.exceptions.ResourceNotFoundException):
            aws.get_function(FunctionName=user.name)


@pytest.mark.parametrize(
    ("action", "is_new"),
    [
        ("lambda:UpdateFunctionConfiguration", False),
        ("lambda:UpdateFunctionCode", False),
        ("lambda:CreateFunctionUrlConfig", True),
    ],
)
def test_a_change_that_is_denied_leaves_nothing_to_put_back(
    zipped: Deployer, action: str, is_new: bool, tmp_path: Path, aws: Any
) -> None:
    user = deployer(tmp_path / "project", ZIP_CONFIG, ZIP_FILES) if is_new else zipped
    user.allow(
        each | {"Action": [other for other in each["Action"] if other != action]}
        for each in user.policy()
    )
    user.change()
    with user.resized():
        run = user.deploy()
    check_told(run, "", action)
    assert run.code == 1
    assert run.function["left"] == []


@pytest.mark.docker
def test_the_policy_of_an_image_suffices(imaged: Deployer) -> None:
    statements = imaged.policy()
    assert {each["Sid"] for each in statements} - ZIP.keys() == IMAGE.keys() - ZIP.keys()
    imaged.allow(statements)
    for _ in range(2):
        imaged.change()
        assert imaged.deploy().code == 0
    assert imaged.run("deploy", "--commit-message", "again").changes == []
    assert imaged.run("rollback").code == 0


@pytest.mark.docker
def test_the_policy_of_an_image_suffices_for_repositories_whose_tags_stay(tmp_path: Path) -> None:
    config = IMAGE_CONFIG.replace("    keep: 1\n", "")
    user = deployer(tmp_path / "project", config, IMAGE_FILES)
    for repository in (user.name, f"{user.name}-base"):
        boto3.client("ecr").create_repository(
            repositoryName=repository, imageTagMutability="IMMUTABLE"
        )
    user.allow(user.policy())
    assert user.deploy().code == 0
    rebuilt = user.run("deploy", "--commit-message", "[rebuild-base] [no-cache]")
    assert rebuilt.code == 0
    assert "BatchDeleteImage" in rebuilt.changes


@pytest.mark.docker
@pytest.mark.parametrize("sid", IMAGE)
def test_each_statement_for_an_image_is_needed(imaged: Deployer, sid: str) -> None:
    imaged.allow(each for each in imaged.policy() if each["Sid"] != sid)
    dockerfile = imaged.project.root / "Dockerfile"
    text = dockerfile.read_text()
    dockerfile.write_text(text.replace("COPY", f"ENV OTHER={secrets.token_hex(4)}\nCOPY"))
    imaged.change()
    check_told(imaged.deploy(), sid, IMAGE[sid])


@pytest.mark.docker
@pytest.mark.parametrize("sid", IMAGE)
def test_a_change_of_an_images_code_needs_each_statement_but_that_of_the_login(
    imaged: Deployer, sid: str
) -> None:
    imaged.allow(imaged.policy())
    imaged.change()
    assert imaged.deploy().code == 0  # the donor is the image of this Dockerfile
    imaged.allow(each for each in imaged.policy() if each["Sid"] != sid)
    imaged.change()
    run = imaged.deploy()
    if sid == "LogInToRegistry":
        assert run.code == 0
        assert run.actions[f"image:{imaged.name}"] == "replace"
    else:
        check_told(run, sid, REPLACED.get(sid, IMAGE[sid]))


def check_told(run: Run, sid: str, action: str) -> None:
    """Make sure that a run tells which action it lacked, and left nothing half done."""
    assert f"no permission for {action}" in run.log
    if sid in CLEANING and run.report:
        assert run.code == 0
        assert "The old versions of" in run.log
        return
    assert run.code in (1, 3)
    cause, *rest = run.log.partition("error: ")[2].splitlines()
    assert f"no permission for {action}" in cause
    assert any("lambda-fast-deploy policy" in line for line in rest)


def test_the_account_is_asked_for_or_given(zipped: Deployer) -> None:
    def first(*arguments: str, **environment: str) -> tuple[str, str]:
        run = zipped.project.run("policy", *arguments, **environment)
        assert run.code == 0
        return json.loads(run.out)["Statement"][0]["Resource"][0].split(":")[4], run.log

    assert first() == ("000000000000", "")
    assert first("--account", "210987654321") == ("210987654321", "")
    account, note = first(AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert account == "123456789012"
    assert "note: 123456789012 is a placeholder" in note


def test_what_is_no_account_and_no_repository_is_refused(zipped: Deployer) -> None:
    run = zipped.project.run("policy", "--account", "12")
    assert (run.code, run.out) == (2, "")
    assert "option --account: expected an AWS account ID (12 digits), got '12'" in run.log
    run = zipped.project.run("policy", "--trust", "octo")
    assert (run.code, run.out) == (2, "")
    assert "option --trust: expected OWNER/REPO" in run.log


def test_a_trust_policy_can_be_printed(zipped: Deployer) -> None:
    run = zipped.project.run("policy", "--trust", "octo/app:environment:prod")
    (statement,) = json.loads(run.out)["Statement"]
    assert statement["Principal"]["Federated"].startswith("arn:aws:iam::000000000000:oidc-provider")
    assert "note: Repositories that were created or renamed on or after July 15, 2026" in run.log
