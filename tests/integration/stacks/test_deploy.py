"""A stack from a SAM template, from nothing to an undone mistake and back."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.stacks import without_image
from tests.integration.conftest import EXAMPLES
from tests.support import Project, Run, read_until

FUNCTIONS = ("Forecasts", "Invoices", "Orders")
LAYERS = ("Aws", "Core", "Ml")


@pytest.fixture
def stack() -> str:
    """A stack's name that no other test uses."""
    return f"shop-{secrets.token_hex(4)}"


@pytest.fixture
def whole(tmp_path: Path, stack: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The example, as a stack of its own; the artifacts' bucket is shared, as a team's is."""
    shutil.copytree(EXAMPLES / "stack", tmp_path / "stack")
    monkeypatch.setenv("BUCKET", "stack-artifacts")
    project = Project(tmp_path / "stack")
    project.edit("lambda-deploy.yml", "name: shop", f"name: {stack}")
    yield project
    boto3.client("cloudformation").delete_stack(StackName=stack)


@pytest.fixture
def project(whole: Project) -> Project:
    """The example without its image, which needs Docker."""
    without_image(whole.root)
    return whole


@pytest.fixture
def api() -> Any:
    """The CloudFormation API."""
    return boto3.client("cloudformation")


def status(api: Any, stack: str) -> str:
    """The stack's own status."""
    return str(api.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def physical(api: Any, stack: str) -> dict[str, str]:
    """What every resource came to be called, by its logical id."""
    found = api.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def codes(api: Any, aws: Any, stack: str) -> dict[str, tuple[str, str]]:
    """The code of each function, and when it was last changed."""
    names = physical(api, stack)
    states = {each: aws.get_function(FunctionName=names[each]) for each in FUNCTIONS}
    return {
        each: (state["Configuration"]["CodeSha256"], state["Configuration"]["LastModified"])
        for each, state in states.items()
    }


def parts(run: Run) -> dict[str, str]:
    """What the plan has to do for what the stack is made of."""
    return {k: v for k, v in run.actions.items() if k.startswith(("code:", "layer:"))}


def test_the_first_deploy_builds_layers_and_serves_every_function(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    run = project.deploy()
    assert run.code == 0
    assert status(api, stack) == "CREATE_COMPLETE"
    assert run.function["outputs"]["Api"].startswith("https://")
    assert [name for name in run.actions if name.startswith("layer:")] == [
        "layer:Core",
        "layer:Ml",
        "layer:Aws",
    ]
    tests = {entry["id"] for entry in run.report["work"] if entry["action"] == "test"}
    assert tests == {"test:Orders:health", "test:Invoices:total", "test:Forecasts:forecast"}
    function = physical(api, stack)["Orders"]
    event = {"path": "/orders", "body": json.dumps({"item": "tea"})}
    answer = aws.invoke(FunctionName=function, Payload=json.dumps(event))
    key = json.loads(json.loads(answer["Payload"].read())["body"])["key"]
    stored = boto3.client("s3").get_object(Bucket=physical(api, stack)["Objects"], Key=key)
    assert json.loads(stored["Body"].read())["item"] == "tea"


def test_alarms_and_retention_are_part_of_the_stack(project: Project, stack: str, api: Any) -> None:
    project.deploy()
    names = physical(api, stack)
    function = names["Invoices"]
    found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[names["InvoicesDurationAlarm"]])
    alarm = found["MetricAlarms"][0]
    assert alarm["Threshold"] == 8000  # milliseconds: 80 % of its ten seconds
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": function}]
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix=names["InvoicesLogGroup"])
    assert groups["logGroups"][0]["retentionInDays"] == 30
    configuration = boto3.client("lambda").get_function_configuration(FunctionName=function)
    assert configuration["LoggingConfig"]["LogGroup"] == names["InvoicesLogGroup"]


def test_an_unchanged_tree_makes_no_change_set(project: Project) -> None:
    project.deploy()
    for path in project.root.rglob("*"):
        path.touch()
    again = project.deploy()
    assert again.code == 0
    assert again.changes == []
    assert again.function["outcome"] == "unchanged"
    assert set(parts(again).values()) == {"reuse"}


def test_a_change_of_code_updates_one_function(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    before, layers = codes(api, aws, stack), physical(api, stack)
    project.edit("invoices/app.py", '"total"', '"sum": 1, "total"')
    run = project.deploy()
    assert run.code == 0
    after = codes(api, aws, stack)
    assert {each for each in FUNCTIONS if before[each] != after[each]} == {"Invoices"}
    assert physical(api, stack) == layers  # the logical ids and versions of layers stay
    assert [name for name, action in parts(run).items() if action == "build"] == ["code:Invoices"]


def test_a_change_of_requirements_replaces_one_layer(
    project: Project, stack: str, api: Any
) -> None:
    project.deploy()
    before = physical(api, stack)
    project.edit("layers/ml/requirements.txt", "2.4.0", "2.3.0")
    run = project.deploy()
    assert run.code == 0
    layers = {name for name in physical(api, stack) if name.startswith(LAYERS)}
    assert len(layers - before.keys()) == 1
    assert (layers - before.keys()).pop().startswith("Ml")
    gone = next(arn for name, arn in before.items() if name.startswith("Ml"))
    assert boto3.client("lambda").get_layer_version_by_arn(Arn=gone)  # retained: the way back


def test_a_comment_among_the_requirements_changes_nothing(project: Project) -> None:
    project.deploy()
    project.edit("layers/ml/requirements.txt", "sorted", "# of what was sold\nsorted")
    assert project.deploy().changes == []


def test_a_failing_test_brings_the_stack_back(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    before = codes(api, aws, stack)
    project.edit("forecasts/app.py", "len(sold) // 2", "0")
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    run = project.deploy()
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    assert "expected next to be 2, got 1" in run.function["error"].splitlines()[0]
    after = codes(api, aws, stack)
    assert {name: code for name, (code, _) in after.items()} == {
        name: code for name, (code, _) in before.items()
    }
    assert project.run("plan").actions["code:Forecasts"] == "build"


def test_a_first_deploy_that_fails_its_test_leaves_nothing(
    project: Project, stack: str, api: Any
) -> None:
    project.edit("forecasts/app.py", "len(sold) // 2", "0")
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    run = project.deploy()
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    with pytest.raises(api.exceptions.ClientError, match="does not exist"):
        status(api, stack)


def test_a_first_deploy_that_cannot_be_applied_leaves_nothing(
    project: Project, stack: str, api: Any
) -> None:
    url = "  Broken:\n    Type: AWS::Lambda::Url\n    Properties:\n"
    url += "      {TargetFunctionArn: absent, AuthType: NONE}\n"
    project.edit("template.yaml", "  Invoices:\n", f"{url}  Invoices:\n")
    run = project.deploy()
    assert run.code == 1
    assert run.function["error"].startswith("Broken (AWS::Lambda::Url): ")
    assert run.function["rolled_back"] == [f"stack {stack} was deleted"]
    with pytest.raises(api.exceptions.ClientError, match="does not exist"):
        status(api, stack)


def test_the_resource_that_failed_first_is_on_line_one(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    before = codes(api, aws, stack)
    role = "arn:aws:iam::000000000000:role/absent"
    project.edit("template.yaml", "CodeUri: invoices", f"CodeUri: invoices\n      Role: {role}")
    run = project.deploy()
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    first = run.function["error"].splitlines()[0]
    assert first.startswith("Invoices (AWS::Lambda::Function): ")
    assert "cannot be assumed by Lambda" in first
    assert status(api, stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert {k: v[0] for k, v in codes(api, aws, stack).items()} == {
        k: v[0] for k, v in before.items()
    }


TOPIC = "  News:\n    Type: AWS::SNS::Topic\n"


def test_the_plan_tells_what_becomes_of_each_resource_and_changes_nothing(
    project: Project, stack: str, api: Any
) -> None:
    first = project.run("plan")
    assert first.code == 0
    assert first.changes == []
    assert first.actions["resource:Orders"] == "create"
    project.deploy()
    project.edit("template.yaml", "  Invoices:\n", f"{TOPIC}  Invoices:\n")
    project.edit("template.yaml", "MemorySize: 256", "MemorySize: 512")
    plan = project.run("plan")
    assert plan.code == 0
    assert plan.actions["resource:News"] == "create"
    assert plan.actions["resource:Orders"] == "update"
    assert "MemorySize" in plan.out
    assert plan.changes == []
    assert "CloudFormation check it now, use plan --change-set" in plan.log
    compared = project.run("plan", "--change-set")
    assert compared.code == 0
    assert compared.changes == ["CreateChangeSet", "DeleteChangeSet"]
    assert "Only the deployment checks" not in compared.log
    for told in (plan, compared):
        assert {k: v for k, v in told.actions.items() if k in ("resource:News", "resource:Orders")}
    assert status(api, stack) == "CREATE_COMPLETE"


def test_data_is_not_lost_without_a_yes(project: Project, stack: str, api: Any) -> None:
    project.deploy()
    bucket = physical(api, stack)["Objects"]
    line = "    Type: AWS::S3::Bucket\n"
    project.edit("template.yaml", line, f"{line}    Properties: {{BucketName: {stack}-new}}\n")
    run = project.deploy()
    assert run.code == 2
    assert "Objects (AWS::S3::Bucket) would be replaced and its data lost" in run.log
    assert "template.yaml:" in run.log
    assert physical(api, stack)["Objects"] == bucket
    project.edit("lambda-deploy.yml", "  tests:\n", "  may-replace: [Objects]\n  tests:\n")
    assert project.deploy().code == 0
    assert physical(api, stack)["Objects"] == f"{stack}-new"


def test_rollback_leads_to_what_the_stack_was_before(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    before = codes(api, aws, stack)
    project.edit("invoices/app.py", '"total"', '"sum": 1, "total"')
    project.edit("lambda-deploy.yml", "Stage: prod", "Stage: dev")
    project.edit("lambda-deploy.yml", "stage: prod", "stage: dev")
    changed = project.deploy()
    assert changed.code == 0
    project.edit("lambda-deploy.yml", "stage: dev", "stage: prod")  # as it was for the test
    run = project.run("rollback")
    assert run.code == 0
    assert run.function["version"] == changed.function["previous"]
    assert {k: v[0] for k, v in codes(api, aws, stack).items()} == {
        k: v[0] for k, v in before.items()
    }
    again = project.run("rollback")
    assert again.code == 2
    assert "the previous state of stack" in again.log


def test_a_rollback_that_fails_its_test_stays_where_it_was(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    project.edit("invoices/app.py", '"total"', '"sum": 1, "total"')
    project.deploy()
    before = codes(api, aws, stack)
    project.edit("lambda-deploy.yml", 'total: "3.30"', "sum: 1")
    project.edit("lambda-deploy.yml", "within: 30s", "within: 3s")
    run = project.run("rollback")
    assert run.code == 1
    assert run.function["outcome"] == "rolled-back"
    assert {k: v[0] for k, v in codes(api, aws, stack).items()} == {
        k: v[0] for k, v in before.items()
    }


def test_commands_that_know_no_stack_say_so(project: Project) -> None:
    run = project.run("build", "base")
    assert run.code == 0
    assert run.changes == []
    for command in ("sizes", "layers list"):
        refused = project.run(*command.split())
        assert refused.code == 2
        assert f"{command} does not support stacks; use plan" in refused.log


def test_samconfig_and_input_template_are_enough(project: Project, stack: str, api: Any) -> None:
    (project.root / "lambda-deploy.yml").unlink()
    boto3.client("s3").create_bucket(Bucket=f"{stack}-sam")
    project.write(
        "samconfig.toml",
        f'[default.deploy.parameters]\nstack_name = "{stack}"\ns3_bucket = "{stack}-sam"\n'
        'capabilities = "CAPABILITY_IAM"\nparameter_overrides = "Stage=\\"prod\\""\n'
        'tags = "team=\\"shop\\" purpose=test"\nregion = "us-east-1"\n',
    )
    run = project.run("deploy", "--template", "template.yaml")
    assert run.code == 0
    found = api.describe_stacks(StackName=stack)["Stacks"][0]
    assert found["Parameters"] == [{"ParameterKey": "Stage", "ParameterValue": "prod"}]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "team": "shop",
        "purpose": "test",
    }
    assert project.run("deploy", "--template", "template.yaml").changes == []


def test_a_run_that_is_stopped_leads_the_stack_back(
    project: Project, stack: str, api: Any, aws: Any
) -> None:
    project.deploy()
    before = codes(api, aws, stack)
    project.edit("forecasts/app.py", "len(sold) // 2", "0")
    with project.deploying() as run:
        read_until(run, "not yet: expected next")  # the stack is updated, and being tested
        run.terminate()
        _, log = run.communicate()
    assert run.returncode == 1
    assert "the run was cancelled" in log
    assert f"stack {stack}: failed and rolled back" in log
    assert {k: v[0] for k, v in codes(api, aws, stack).items()} == {
        k: v[0] for k, v in before.items()
    }


def test_a_stack_that_takes_no_change_is_told_with_what_helps(
    project: Project, stack: str, api: Any
) -> None:
    url = {"TargetFunctionArn": "absent", "AuthType": "NONE"}
    broken = {"Type": "AWS::Lambda::Url", "Properties": url}
    body = {"Resources": {"Broken": broken}}
    api.create_stack(StackName=stack, TemplateBody=json.dumps(body))
    while status(api, stack).endswith("IN_PROGRESS"):
        time.sleep(0.1)
    run = project.deploy()
    assert run.code == 3
    assert f"error: stack {stack} could not be created" in run.log
    assert f"aws cloudformation delete-stack --stack-name {stack}" in run.log
    assert run.changes == []


def test_a_template_that_is_too_large_for_a_call_goes_through_the_bucket(
    project: Project, stack: str, api: Any
) -> None:
    outputs = "".join(f'  Long{n}:\n    Value: "{"x" * 1000}"\n' for n in range(60))
    with (project.root / "template.yaml").open("a") as template:
        template.write(outputs)
    assert project.deploy().code == 0
    assert len(api.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]) == 62
    assert project.deploy().changes == []


@pytest.mark.docker
def test_an_image_is_built_once_and_deployed_by_digest(
    whole: Project, stack: str, api: Any, aws: Any
) -> None:
    assert whole.run("plan").actions["image:Receipts"] == "build"
    run = whole.deploy()
    assert run.code == 0
    assert run.actions["test:Receipts:receipt"] == "test"
    name, event = physical(api, stack)["Receipts"], json.dumps({"items": ["tea"], "total": "1"})
    code = aws.get_function(FunctionName=name)["Code"]
    assert f"/{stack}-receipts@sha256:" in code["ImageUri"]
    again = whole.deploy()
    assert again.changes == []
    assert again.actions["image:Receipts"] == "reuse"

    def says() -> str:
        answer = aws.invoke(FunctionName=name, Payload=event)["Payload"].read()
        return str(json.loads(answer)["text"])

    whole.edit("receipts/app.py", "total:", "sum:")
    changed = whole.deploy()
    assert changed.code == 0
    assert changed.actions["image:Receipts"] == "replace"
    assert says() == "tea\nsum: 1"
    whole.edit("receipts/app.py", "sum:", "all:")
    past = whole.run("deploy", "--code-only")
    assert past.code == 0
    assert past.function["drifted"] == ["Receipts"]
    assert says() == "tea\nall: 1"
    whole.edit("receipts/app.py", "all:", "sum:")
    assert whole.deploy().code == 0
    assert says() == "tea\nsum: 1"
