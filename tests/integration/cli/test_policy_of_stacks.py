"""What a user of IAM with the printed policy can do with a stack, and what is told besides."""

from __future__ import annotations

import json

import pytest

from tests.integration.cli.test_policy import Deployer, deployer
from tests.integration.stacks.test_code_only import CODE, TEMPLATE

CONFIG = """\
stack:
  template: template.yaml
  name: {name}
  capabilities: [CAPABILITY_IAM]
  role: {role}
  tests: {{Plain: [answers]}}
artifacts: {{bucket: {name}}}
tests:
  answers: {{invoke: {{}}, json: {{ok: true}}, within: 8s}}
"""
FILES = {"template.yaml": TEMPLATE, "plain/app.py": CODE, "aliased/app.py": CODE}
# Each statement, a command that cannot do its work without it, and the action that this names.
NEEDED = {
    "DeployStack": ("deploy", "cloudformation:"),
    "ExpandTemplates": ("deploy", "cloudformation:CreateChangeSet"),
    "PassRoleToCloudFormation": ("deploy", "iam:PassRole"),
    "UpdateCode": ("deploy --code-only", "lambda:GetFunction"),
    "TestFunctions": ("deploy", "lambda:InvokeFunction"),
}
STORE = {"FindBuckets", "UploadZips"}  # as of any function


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Deployer:
    """Who has deployed a stack with the policy that is printed for it."""
    made = deployer(tmp_path_factory.mktemp("stack") / "project", CONFIG, FILES)
    made.allow(made.policy())
    assert made.run("deploy").code == 0
    return made


def change(user: Deployer, name: str = "plain") -> None:
    """Change the code of a function."""
    path = user.project.root / name / "app.py"
    number = len(path.read_text())
    path.write_text(f"{path.read_text()}# {number}\n")


def test_the_policy_of_a_stack_suffices(user: Deployer) -> None:
    statements = user.policy()
    assert {each["Sid"] for each in statements} == NEEDED.keys() | STORE
    user.allow(statements)
    for name in ("plain", "aliased"):
        change(user, name)
    assert user.run("plan").code == 0
    assert user.run("deploy", "--code-only").code == 0
    before = user.run("status", "--json")
    (status,) = json.loads(before.out)
    assert (status["function"], status["error"]) == (user.name, "")
    assert status["differs"] == [
        "resources differ: Plain, Aliased",
        "code updated directly: Aliased, Plain",
    ]
    assert user.run("deploy").code == 0
    assert json.loads(user.run("status", "--json").out)[0]["differs"] == []
    assert user.run("rollback").code == 0
    doctor = user.run("doctor")
    assert doctor.code == 0
    assert (
        f"The configuration is valid: stack {user.name} of template.yaml in us-east-1" in doctor.out
    )
    assert f"Stack {user.name} can be updated in us-east-1" in doctor.out


def test_the_policy_lets_a_run_ask_what_early_validation_has_found(user: Deployer) -> None:
    path = user.project.root / "template.yaml"
    before = path.read_text()
    taken = f"  Taken:\n    Type: AWS::S3::Bucket\n    Properties: {{BucketName: {user.name}}}\n"
    path.write_text(before.replace("Resources:\n", f"Resources:\n{taken}", 1))
    config = user.project.root / "lambda-deploy.yml"
    text = config.read_text()
    config.write_text(text.replace(f"name: {user.name}\n", f"name: {user.name}-new\n"))
    try:
        user.allow(user.policy())
        run = user.run("deploy")
    finally:
        path.write_text(before)
        config.write_text(text)
    assert run.code == 1
    assert f"identifier '{user.name}' already exists." in run.log.partition("error: ")[2]


@pytest.mark.parametrize("sid", NEEDED)
def test_each_statement_for_a_stack_is_needed(user: Deployer, sid: str) -> None:
    command, action = NEEDED[sid]
    user.allow(each for each in user.policy() if each["Sid"] != sid)
    change(user)
    run = user.run(*command.split())
    assert run.code in (1, 3)
    assert f"no permission for {action}" in run.log
    assert "lambda-fast-deploy policy" in run.log
