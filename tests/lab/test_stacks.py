"""Stacks."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import pytest

from tests.lab.making import Function, refused, until


def test_an_update_touches_only_what_changed(name: str) -> None:
    api = boto3.client("cloudformation")
    api.create_stack(StackName=name, TemplateBody=_template("one"))
    _settle(api, name)
    before = _events(api, name)
    api.update_stack(StackName=name, TemplateBody=_template("two"))
    assert _settle(api, name) == "UPDATE_COMPLETE"
    new = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in _events(api, name)]
    assert new[len(before) :] == [
        (name, "UPDATE_IN_PROGRESS"),
        ("Changed", "UPDATE_IN_PROGRESS"),
        ("Changed", "UPDATE_COMPLETE"),
        (name, "UPDATE_COMPLETE"),
    ]
    resources = api.describe_stack_resources(StackName=name)["StackResources"]
    assert {each["LogicalResourceId"] for each in resources} == {"Changed", "Same"}
    ssm = boto3.client("ssm")
    values = [
        ssm.get_parameter(Name=each["PhysicalResourceId"])["Parameter"]["Value"]
        for each in sorted(resources, key=lambda each: each["LogicalResourceId"])
    ]
    assert values == ["two", "same"]
    before = _events(api, name)
    body = json.loads(_template("two"))
    body["Resources"]["New"] = {"Type": "AWS::SNS::Topic"}
    api.update_stack(StackName=name, TemplateBody=json.dumps(body))
    assert _settle(api, name) == "UPDATE_COMPLETE"
    new = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in _events(api, name)]
    assert new[len(before) + 1 : -1] == [("New", "CREATE_IN_PROGRESS"), ("New", "CREATE_COMPLETE")]
    api.delete_stack(StackName=name)


def test_a_change_set_of_outputs_alone_has_no_changes_and_is_carried_out(name: str) -> None:
    api = boto3.client("cloudformation")
    api.create_stack(StackName=name, TemplateBody=_template("one"))
    _settle(api, name)

    def propose(title: str, template: dict[str, Any]) -> Any:
        names = {"StackName": name, "ChangeSetName": title}
        body = json.dumps(template)
        return _proposed(api, **names, ChangeSetType="UPDATE", TemplateBody=body)

    body = json.loads(_template("one"))
    same = propose("same", body | {"Description": "another"})
    assert (same["Status"], same["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in same["StatusReason"]
    told = propose("told", body | {"Outputs": {"Word": {"Value": "one"}}})
    assert (told["Status"], told["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert told["Changes"] == []
    api.execute_change_set(StackName=name, ChangeSetName="told")
    assert _settle(api, name) == "UPDATE_COMPLETE"
    stack = api.describe_stacks(StackName=name)["Stacks"][0]
    assert {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]} == {"Word": "one"}
    api.delete_stack(StackName=name)


def test_a_stack_that_is_only_a_name_has_no_template(name: str) -> None:
    api = boto3.client("cloudformation")
    boto3.client("s3").create_bucket(Bucket=name)
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
    body = json.dumps({"Resources": {"Taken": bucket}})
    set_of = {"StackName": name, "ChangeSetName": "first"}
    failed = _proposed(api, **set_of, ChangeSetType="CREATE", TemplateBody=body)
    assert (failed["Status"], failed["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "AWS::EarlyValidation::ResourceExistenceCheck" in failed["StatusReason"]
    assert failed["StatusReason"].endswith("detailed failure information.")
    (stack,) = api.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    for stage in ("Original", "Processed"):
        assert "TemplateBody" not in api.get_template(StackName=name, TemplateStage=stage)
    assert api.get_template(**set_of)["TemplateBody"]["Resources"].keys() == {"Taken"}
    assert refused(api.get_template_summary, StackName=name) == ("ValidationError", 400)
    api.delete_change_set(**set_of)
    api.describe_stacks(StackName=name)
    api.delete_stack(StackName=name)
    assert refused(api.describe_stacks, StackName=name) == ("ValidationError", 400)


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::Lambda::Function"])
def test_what_early_validation_finds_is_asked_for_by_the_arn_of_the_change_set(
    live: Function, bucket: Any, kind: str
) -> None:
    """rain's pull request 744 (what is found), cloudformation-cli's issue 1116 (who is asked)."""
    api, name = boto3.client("cloudformation"), live.name
    member = {"AWS::S3::Bucket": "BucketName"}.get(kind, "FunctionName")
    there = {"Type": kind, "Properties": {member: name}}
    body = json.dumps({"Resources": {"There": there, "New": {"Type": "AWS::SNS::Topic"}}})
    set_of = {"StackName": name, "ChangeSetName": "first"}
    made = _proposed(api, **set_of, ChangeSetType="CREATE", TemplateBody=body)
    assert made["Status"] == "FAILED"
    asked = {"ChangeSetName": made["ChangeSetId"], "Filters": {"FailedEvents": True}}
    (found,) = [
        event
        for event in api.describe_events(**asked)["OperationEvents"]
        if event["EventType"] == "VALIDATION_ERROR"
    ]
    assert found["LogicalResourceId"] == "There"
    assert found["ValidationStatus"] == "FAILED"
    says = f"Resource of type '{kind}' with identifier '{name}' already exists."
    assert found["ValidationStatusReason"] == says
    assert refused(api.describe_events, ChangeSetName="first") == ("ValidationError", 400)
    api.delete_change_set(**set_of)
    api.delete_stack(StackName=name)


def test_a_change_set_is_obsolete_once_the_stack_was_changed(name: str) -> None:
    api = boto3.client("cloudformation")
    api.create_stack(StackName=name, TemplateBody=_template("one"))
    _settle(api, name)

    def propose(title: str) -> None:
        _proposed(
            api,
            StackName=name,
            ChangeSetName=title,
            ChangeSetType="UPDATE",
            TemplateBody=_template(title),
        )

    def status(title: str) -> str:
        found = api.describe_change_set(StackName=name, ChangeSetName=title)
        return str(found["ExecutionStatus"])

    propose("two")
    propose("three")
    assert (status("two"), status("three")) == ("AVAILABLE", "AVAILABLE")
    api.execute_change_set(StackName=name, ChangeSetName="two")
    assert refused(api.execute_change_set, StackName=name, ChangeSetName="two") == (
        "InvalidChangeSetStatus",
        400,
    )
    assert _settle(api, name) == "UPDATE_COMPLETE"
    until(lambda: status("two") == "EXECUTE_COMPLETE", "the change set")
    of_three = {"StackName": name, "ChangeSetName": "three"}
    assert refused(api.describe_change_set, **of_three) == ("ChangeSetNotFound", 404)
    assert refused(api.execute_change_set, **of_three) == ("ChangeSetNotFound", 404)
    propose("four")
    api.update_stack(StackName=name, TemplateBody=_template("five"))
    assert status("four") == "OBSOLETE"
    assert refused(api.execute_change_set, StackName=name, ChangeSetName="four") == (
        "InvalidChangeSetStatus",
        400,
    )
    _settle(api, name)
    api.delete_stack(StackName=name)


def test_a_name_has_as_many_change_sets_as_are_made_for_it(name: str) -> None:
    api = boto3.client("cloudformation")
    made = [
        _proposed(
            api,
            StackName=name,
            ChangeSetName=title,
            ChangeSetType="CREATE",
            TemplateBody=_template(title),
        )
        for title in ("one", "two")
    ]
    assert made[0]["StackId"] == made[1]["StackId"]
    api.execute_change_set(StackName=name, ChangeSetName="one")
    late = {"StackName": name, "ChangeSetName": "two"}
    assert refused(api.execute_change_set, **late)[0] in (
        "InvalidChangeSetStatus",
        "ChangeSetNotFound",
    )
    assert _settle(api, name) == "CREATE_COMPLETE"
    api.delete_stack(StackName=name)


def test_what_is_not_ascii_is_told_as_question_marks(name: str) -> None:
    api = boto3.client("cloudformation")
    body = json.loads(_template("schön ☺"))
    body["Parameters"] = {"Word": {"Type": "String"}}
    api.create_stack(
        StackName=name,
        TemplateBody=json.dumps(body, ensure_ascii=False),
        Parameters=[{"ParameterKey": "Word", "ParameterValue": "größer"}],
    )
    _settle(api, name)
    (stack,) = api.describe_stacks(StackName=name)["Stacks"]
    assert stack["Parameters"][0]["ParameterValue"] == "gr??er"
    told = api.get_template(StackName=name)["TemplateBody"]["Resources"]["Changed"]
    assert told["Properties"]["Value"] == "sch?n ?"
    physical = api.describe_stack_resource(StackName=name, LogicalResourceId="Changed")
    held = boto3.client("ssm").get_parameter(
        Name=physical["StackResourceDetail"]["PhysicalResourceId"]
    )
    assert held["Parameter"]["Value"] == "schön ☺"
    api.delete_stack(StackName=name)


def _template(value: str) -> str:
    def parameter(value: str) -> dict[str, Any]:
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}

    return json.dumps({"Resources": {"Changed": parameter(value), "Same": parameter("same")}})


def _events(api: Any, name: str) -> list[dict[str, Any]]:
    return list(reversed(api.describe_stack_events(StackName=name)["StackEvents"]))


def _settle(api: Any, name: str) -> str:
    """Wait until nothing is done with a stack; its status then."""

    def status() -> str:
        return str(api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    until(lambda: not status().endswith("IN_PROGRESS"), f"{name} at rest")
    return status()


def _proposed(api: Any, **change_set: Any) -> Any:
    """Make a change set, and wait until it is ready or has failed."""
    api.create_change_set(**change_set)
    named = {each: change_set[each] for each in ("StackName", "ChangeSetName")}

    def found() -> Any:
        return api.describe_change_set(**named)

    until(lambda: found()["Status"] in ("CREATE_COMPLETE", "FAILED"), "the change set")
    return found()


def test_an_export_belongs_to_one_stack_and_stays_while_it_is_imported(name: str) -> None:
    """The reasons are only on the stack's own event, where its rollback begins."""
    api = boto3.client("cloudformation")
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    output = {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": name}}}
    exports = json.dumps({"Resources": topic, "Outputs": output})
    value = {"Type": "String", "Value": {"Fn::ImportValue": name}}
    users = {"Type": "AWS::SSM::Parameter", "Properties": value}
    api.create_stack(StackName=name, TemplateBody=exports)
    assert _settle(api, name) == "CREATE_COMPLETE"
    api.create_stack(StackName=f"{name}-2", TemplateBody=exports)
    assert _settle(api, f"{name}-2") == "ROLLBACK_COMPLETE"
    assert _reasons(api, f"{name}-2") == {
        "ROLLBACK_IN_PROGRESS": f"Export with name {name} is already exported by stack {name}"
    }
    api.create_stack(StackName=f"{name}-3", TemplateBody=json.dumps({"Resources": {"User": users}}))
    assert _settle(api, f"{name}-3") == "CREATE_COMPLETE"
    api.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": topic}))
    assert _settle(api, name) == "UPDATE_ROLLBACK_COMPLETE"
    why = f"Export {name} cannot be deleted as it is in use by {name}-3"
    assert _reasons(api, name) == {"UPDATE_ROLLBACK_IN_PROGRESS": why}
    for each in (f"{name}-3", f"{name}-2", name):
        api.delete_stack(StackName=each)


def _reasons(api: Any, name: str) -> dict[str, str]:
    """The reasons that are about exports, by the status of their event."""
    events = api.describe_stack_events(StackName=name)["StackEvents"]
    reasons = {each["ResourceStatus"]: each.get("ResourceStatusReason", "") for each in events}
    return {status: each for status, each in reasons.items() if each.startswith("Export ")}


@pytest.mark.parametrize("kind", ["AWS::Lambda::Function", "AWS::Lambda::LayerVersion"])
def test_a_zip_that_is_none_fails(name: str, bucket: Any, kind: str) -> None:
    bucket.put_object(Key="code.zip", Body=b"def handler(event, context): ...")
    where = {"S3Bucket": bucket.name, "S3Key": "code.zip"}
    function = {"Code": where, "Runtime": "python3.13", "Handler": "app.handler"}
    properties: dict[str, dict[str, Any]] = {
        "AWS::Lambda::Function": {**function, "Role": os.environ["LAB_ROLE_ARN"]},
        "AWS::Lambda::LayerVersion": {"Content": where},
    }
    assert "Could not unzip uploaded file" in _failure(name, kind, properties[kind])


def test_an_image_that_is_no_address_fails(name: str) -> None:
    role = os.environ["LAB_ROLE_ARN"]
    image = {"Code": {"ImageUri": "shop:latest"}, "PackageType": "Image", "Role": role}
    why = _failure(name, "AWS::Lambda::Function", image)
    assert "Source image shop:latest is not valid" in why


def _failure(name: str, kind: str, properties: dict[str, Any]) -> str:
    """Why a resource cannot be created."""
    api = boto3.client("cloudformation")
    body = json.dumps({"Resources": {"Made": {"Type": kind, "Properties": properties}}})
    api.create_stack(StackName=name, TemplateBody=body)
    assert _settle(api, name) == "ROLLBACK_COMPLETE"
    events = api.describe_stack_events(StackName=name)["StackEvents"]
    api.delete_stack(StackName=name)
    return str(
        next(e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED")
    )


def test_a_nested_template_has_macros_of_its_own(name: str, bucket: Any) -> None:
    inner = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Table": {"Type": "AWS::Serverless::SimpleTable"}},
        "Outputs": {"Name": {"Value": {"Ref": "Table"}}},
    }
    bucket.put_object(Key="inner.json", Body=json.dumps(inner).encode())
    url = f"https://s3.us-east-1.amazonaws.com/{bucket.name}/inner.json"
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    output = {"Table": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Name"]}}}
    body = json.dumps({"Resources": {"Inner": stack}, "Outputs": output})
    api = boto3.client("cloudformation")
    capabilities = ["CAPABILITY_AUTO_EXPAND"]
    api.create_stack(StackName=name, TemplateBody=body, Capabilities=capabilities)
    assert _settle(api, name) == "CREATE_COMPLETE"
    (made,) = api.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    assert boto3.client("dynamodb").describe_table(TableName=made["OutputValue"])["Table"]
    api.delete_stack(StackName=name)


def test_booleans_of_a_template_are_the_texts_true_and_false(name: str) -> None:
    api = boto3.client("cloudformation")
    flag = {"Type": "String", "AllowedValues": [True, False], "Default": True}
    body = {
        "Parameters": {"Flag": flag},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Flag": {"Value": {"Ref": "Flag"}}},
    }
    for stack, given, value in ((f"{name}-1", [], "true"), (f"{name}-2", ["false"], "false")):
        parameters = [{"ParameterKey": "Flag", "ParameterValue": each} for each in given]
        api.create_stack(StackName=stack, TemplateBody=json.dumps(body), Parameters=parameters)
        assert _settle(api, stack) == "CREATE_COMPLETE"
        (made,) = api.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        assert made["OutputValue"] == value
        api.delete_stack(StackName=stack)


def test_codedeploy_can_be_part_of_a_stack(name: str) -> None:
    application = {
        "Type": "AWS::CodeDeploy::Application",
        "Properties": {"ComputePlatform": "Lambda"},
    }
    group = {
        "Type": "AWS::CodeDeploy::DeploymentGroup",
        "Properties": {
            "ApplicationName": {"Ref": "Application"},
            "ServiceRoleArn": os.environ["LAB_ROLE_ARN"],
        },
    }
    api = boto3.client("cloudformation")
    body = json.dumps({"Resources": {"Application": application, "Group": group}})
    api.create_stack(StackName=name, TemplateBody=body)
    assert _settle(api, name) == "CREATE_COMPLETE"
    api.delete_stack(StackName=name)
