"""Change sets, with those of stacks inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from lambda_fast_deploy.adapters.aws.cloudformation import Stacks
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.aws.stack_shapes import Change, Proposal
from lambda_fast_deploy.errors import Conflict, Refused
from tests.unit.make import REGION

SET = f"arn:aws:cloudformation:{REGION}:123456789012:changeSet/s/1"
INNER = f"arn:aws:cloudformation:{REGION}:123456789012:changeSet/inner/2"


def change(logical: str, kind: str, **more: Any) -> dict[str, Any]:
    found = {"Action": "Modify", "LogicalResourceId": logical, "ResourceType": kind, **more}
    return {"Type": "Resource", "ResourceChange": found}


def test_the_changes_of_stacks_inside_follow_their_stack(
    aws: Aws, stub: Callable[[str], Stubber]
) -> None:
    api = stub("cloudformation")
    asked = {
        "StackName": "shop",
        "ChangeSetName": ANY,
        "ClientToken": ANY,
        "ChangeSetType": "UPDATE",
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{"ParameterKey": "Secret", "UsePreviousValue": True}],
        "Tags": [],
        "IncludeNestedStacks": True,
        "TemplateBody": "{}",
    }
    api.add_response("create_change_set", {"Id": SET, "StackId": "arn:stack"}, asked)
    inside = change("In", "AWS::CloudFormation::Stack", ChangeSetId=INNER)
    ready = {"Status": "CREATE_COMPLETE", "ChangeSetId": SET, "StackId": "arn:stack"}
    of_outer = {"StackName": "shop", "ChangeSetName": ANY}
    api.add_response("describe_change_set", {**ready, "Changes": [inside]}, of_outer)
    first = {"Changes": [change("A", "AWS::S3::Bucket", Replacement="True")], "NextToken": "n"}
    of_inner = {"ChangeSetName": INNER}
    api.add_response("describe_change_set", {**first, "ChangeSetId": INNER}, of_inner)
    second = {"Changes": [change("B", "AWS::SNS::Topic")], "ChangeSetId": INNER}
    api.add_response("describe_change_set", second, {**of_inner, "NextToken": "n"})
    proposal = Proposal(
        "{}", {"TemplateBody": "{}"}, {"Secret": None}, ("CAPABILITY_IAM",), {}, has_stacks=True
    )
    found = Stacks(aws, REGION).propose("shop", proposal, is_new=False)
    assert found.changes == (
        Change("Modify", "In", "AWS::CloudFormation::Stack"),
        Change("Modify", "In/A", "AWS::S3::Bucket", "True"),
        Change("Modify", "In/B", "AWS::SNS::Topic"),
    )


EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)


@pytest.mark.parametrize("may_ask", [True, False])
def test_what_early_validation_has_found_is_told_before_the_change_set_goes(
    aws: Aws, stub: Callable[[str], Stubber], may_ask: bool
) -> None:
    api = stub("cloudformation")
    api.add_response("create_change_set", {"Id": SET, "StackId": "arn:stack"})
    failed = {"Status": "FAILED", "ChangeSetId": SET, "StackId": "arn:stack"}
    api.add_response("describe_change_set", {**failed, "StatusReason": EARLY})
    says = "Resource of type 'AWS::S3::Bucket' with identifier 'b' already exists."
    event = {"LogicalResourceId": "Files", "ValidationStatusReason": says}
    if may_ask:
        asked = {"ChangeSetName": SET, "Filters": {"FailedEvents": True}}
        api.add_response("describe_events", {"OperationEvents": [event, {}, event]}, asked)
    else:
        api.add_client_error("describe_events", "AccessDenied", "", 403)
    api.add_response("delete_change_set", {})
    told = f"Files: {says}" if may_ask else EARLY
    with pytest.raises(Refused) as caught:
        Stacks(aws, REGION).propose(
            "shop", Proposal("{}", {"TemplateBody": "{}"}, {}, (), {}), is_new=False
        )
    assert caught.value.message == f"CloudFormation rejected the template of shop: {told}"


@pytest.mark.parametrize(
    "says",
    [
        "Stack [shop] already exists and cannot be created again with the changeSet [c].",
        "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.",
    ],
)
def test_a_stack_that_another_run_has_created_or_is_updating_is_theirs(
    aws: Aws, stub: Callable[[str], Stubber], says: str
) -> None:
    stub("cloudformation").add_client_error("create_change_set", "ValidationError", says, 400)
    proposal = Proposal("{}", {"TemplateBody": "{}"}, {}, (), {})
    with pytest.raises(Conflict, match="stack shop was changed outside this run"):
        Stacks(aws, REGION).propose("shop", proposal, is_new=True)


@pytest.mark.parametrize("answer", [{}])
def test_a_stack_that_is_only_a_name_has_no_template(
    aws: Aws, stub: Callable[[str], Stubber], answer: dict[str, Any]
) -> None:
    stub("cloudformation").add_response("get_template", answer)
    assert Stacks(aws, REGION).template("shop") == ""
