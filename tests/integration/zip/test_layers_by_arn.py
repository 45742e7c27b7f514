"""Layers that a function names by their ARN, of another account or of its own."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import pytest

from tests.integration.conftest import NewProject
from tests.lab.making import archive
from tests.support import Project

VENDOR = "464622532012"  # an account that shares a layer with everyone
CODE = """\
import json
import idna
try:
    import monitoring
    watched = monitoring.VERSION
except ImportError:
    watched = None
def handler(event, context):
    return {"statusCode": 200, "idna": idna.__version__, "watched": watched, "text": "one"}
"""
CONFIG = """\
layers:
  {name}-deps: {{requirements: [idna==3.10], runtime: python3.11}}
functions:
  {name}:
    zip:
      code: src
      handler: app.handler
      runtime: python3.11
      layers: [{name}-deps, "{arn}:1"]
    role: {role}
    tests: [works]
tests:
  works: {{invoke: {{}}, json: {{idna: "3.10"}}, within: 4s}}
"""


def publish(account: str, layer: str, version: str, *, is_shared: bool = True) -> str:
    """Publish a version of a layer; returns its ARN, with a placeholder for the region."""
    api = boto3.Session(account, "x").client("lambda")
    content = {"ZipFile": archive({"python/monitoring.py": f"VERSION = {version!r}\n"})}
    made = api.publish_layer_version(LayerName=layer, Content=content)
    if is_shared:
        api.add_layer_version_permission(
            LayerName=layer,
            VersionNumber=made["Version"],
            StatementId="all",
            Action="lambda:GetLayerVersion",
            Principal="*",
        )
    return str(made["LayerVersionArn"])


@pytest.fixture
def vendor(name: str) -> str:
    """The ARN of a vendor's layer with two versions, with ``{region}`` and without a version."""
    publish(VENDOR, f"{name}-vendor", "1")
    arn = publish(VENDOR, f"{name}-vendor", "2").rpartition(":")[0]
    return arn.replace("us-east-1", "{region}")


@pytest.fixture
def project(new_project: NewProject, name: str, vendor: str) -> Project:
    role = os.environ["LAB_ROLE_ARN"]
    return new_project(CONFIG.format(name=name, arn=vendor, role=role), CODE)


def attached(aws: Any, name: str, qualifier: str = "live") -> list[str]:
    """The layers of a version, by name and version."""
    found = aws.get_function_configuration(FunctionName=name, Qualifier=qualifier)
    return [layer["Arn"].split(":layer:")[1] for layer in found.get("Layers", [])]


def watched(aws: Any, name: str) -> str:
    answer = aws.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    return str(json.load(answer["Payload"])["watched"])


def test_a_vendors_layer_beside_own_ones_survives_every_path(
    project: Project, name: str, aws: Any
) -> None:
    own, theirs = f"{name}-deps:1", f"{name}-vendor:1"
    planned = project.run("plan")
    assert planned.changes == []
    (created,) = (s for s in planned.report["plan"]["steps"] if s["id"] == f"function:{name}")
    assert theirs in str(created["changes"])
    first = project.deploy()
    assert first.code == 0
    assert attached(aws, name) == [own, theirs]
    assert watched(aws, name) == "1"

    unchanged = project.deploy()
    assert unchanged.changes == []
    reads = [each["operation"] for each in unchanged.requests]
    assert not {"GetLayerVersion", "GetLayerVersionByArn"} & {*reads}  # nothing to ask about it
    assert "differs" not in project.run("status").out

    project.edit("src/app.py", '"one"', '"two"')
    assert project.deploy().code == 0
    assert attached(aws, name) == [own, theirs]

    project.edit("lambda-deploy.yml", "vendor:1", "vendor:2")
    planned = project.run("plan")
    assert planned.changes == []
    assert f"+{name}-vendor:2 −{theirs}" in planned.out
    changed = project.deploy()
    assert changed.changes.count("UpdateFunctionConfiguration") == 1
    assert "UpdateFunctionCode" not in changed.changes
    assert attached(aws, name) == [own, f"{name}-vendor:2"]
    assert watched(aws, name) == "2"

    project.edit("lambda-deploy.yml", "vendor:2", "vendor:1")
    project.edit("src/app.py", '"statusCode": 200, "idna": idna.__version__', '"idna": "0"')
    failed = project.deploy()
    assert failed.code == 1
    assert attached(aws, name, "$LATEST") == attached(aws, name) == [own, f"{name}-vendor:2"]

    assert project.run("rollback").code == 0
    assert attached(aws, name) == [own, theirs]
    assert watched(aws, name) == "1"

    project.edit("src/app.py", '"idna": "0"', '"statusCode": 200, "idna": "3.10"')
    project.edit("src/app.py", "import idna\n", "")
    assert project.deploy().code == 0
    detached = project.run("layers", "detach", f"{name}-deps")
    assert detached.code == 0
    assert attached(aws, name) == [theirs]
    assert project.deploy().code == 0
    assert attached(aws, name) == [own, theirs]


def test_what_others_attached_stays_until_the_file_names_it_away(
    project: Project, name: str, aws: Any
) -> None:
    text = (project.root / "lambda-deploy.yml").read_text()
    arn = text.partition('"')[2].partition('"')[0]
    project.write("lambda-deploy.yml", text.replace(f', "{arn}"', ""))
    assert project.deploy().code == 0
    by_hand = [f"arn:aws:lambda:us-east-1:000000000000:layer:{name}-deps:1"]
    by_hand += [arn.replace("{region}", "us-east-1")]
    aws.update_function_configuration(FunctionName=name, Layers=by_hand)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    project.edit("src/app.py", '"one"', '"two"')
    assert project.deploy().code == 0
    assert attached(aws, name) == [f"{name}-deps:1", f"{name}-vendor:1"]
    assert f"keeps layers of others: {name}-vendor:1" in project.run("plan").out

    named = text.replace("vendor:1", "vendor:2")  # the same layer by its name: replaced
    project.write("lambda-deploy.yml", named)
    assert project.deploy().code == 0
    assert attached(aws, name) == [f"{name}-deps:1", f"{name}-vendor:2"]

    detach = f']\n      detach: ["{arn.rpartition(":")[0]}"]\n    role'
    without = text.replace(f', "{arn}"', "")
    project.write("lambda-deploy.yml", without.replace("]\n    role", detach))
    assert f"−{name}-vendor:2" in project.run("plan").out
    assert project.deploy().code == 0
    assert attached(aws, name) == [f"{name}-deps:1"]
    assert project.deploy().changes == []


def test_without_a_version_it_is_the_newest_of_the_account(
    project: Project, name: str, aws: Any
) -> None:
    publish("000000000000", f"{name}-company", "7")
    own = f"arn:aws:lambda:{{region}}:000000000000:layer:{name}-company"
    text = (project.root / "lambda-deploy.yml").read_text()
    arn = text.partition('"')[2].partition('"')[0]
    project.write("lambda-deploy.yml", text.replace(arn, own))
    assert project.deploy().code == 0
    assert watched(aws, name) == "7"
    publish("000000000000", f"{name}-company", "8")
    assert f"+{name}-company:2 −{name}-company:1" in project.run("plan").out
    assert project.deploy().code == 0
    assert watched(aws, name) == "8"
    assert project.deploy().changes == []

    project.write("lambda-deploy.yml", text.replace(arn, arn.rpartition(":")[0]))
    refused = project.deploy()
    assert refused.code == 3
    assert "Write the version at the end of the ARN" in refused.log


def test_what_cannot_be_attached_is_told_by_the_plan(
    project: Project, name: str, vendor: str, aws: Any
) -> None:
    private = publish(VENDOR, f"{name}-private", "1", is_shared=False)
    text = (project.root / "lambda-deploy.yml").read_text()
    for arn, code, says in (
        (private, 3, "must share it with this account"),
        (f"{vendor}:9", 3, "must share it with this account"),
        (f"{vendor.replace(VENDOR, '000000000000')}:1", 3, "does not exist in us-east-1"),
        (f"{vendor.replace('{region}', 'eu-west-1')}:1", 2, "is in eu-west-1"),
    ):
        project.write("lambda-deploy.yml", text.replace(f"{vendor}:1", arn))
        planned = project.run("plan")
        assert planned.code == code, arn
        assert says in planned.log
        assert "lambda-deploy.yml:4: layer arn:" in planned.log


def test_the_size_of_a_layer_by_arn_counts(
    project: Project, name: str, vendor: str, aws: Any
) -> None:
    api = boto3.Session(VENDOR, "x").client("lambda")
    content = {"ZipFile": archive({"python/large.bin": bytes(30_000_000)})}
    version = api.publish_layer_version(LayerName=f"{name}-vendor", Content=content)["Version"]
    api.add_layer_version_permission(
        LayerName=f"{name}-vendor",
        VersionNumber=version,
        StatementId="all",
        Action="lambda:GetLayerVersion",
        Principal="*",
    )
    project.edit("lambda-deploy.yml", "vendor:1", f"vendor:{version}")
    budget = "budgets: {total: 25 MB}\n"
    project.edit("lambda-deploy.yml", "tests:\n  works", f"{budget}tests:\n  works")
    run = project.deploy()
    assert run.code == 1
    assert f"{name} with its layers is 30.6 MB unzipped; the limit is 25.0 MB" in run.log
    assert "CreateFunction" not in run.changes
