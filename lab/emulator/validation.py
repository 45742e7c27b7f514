"""CloudFormation's early validation: what a change set names must not be there already.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc, s3
from ministack.services.cloudformation import changesets, handlers, helpers

# As quoted in aws-cdk-cli's issue 970.
_FAILED = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)
_NAMES = {
    "AWS::S3::Bucket": ("BucketName", s3._buckets),
    "AWS::Lambda::Function": ("FunctionName", lambda_svc._functions),
}
_EVENTS = "_operation_events"  # of a change set, as MiniStack has them of a stack

_describe_events = handlers._describe_events


def validate(change_set: dict[str, Any]) -> None:
    """Let a change set fail that would create what exists."""
    found = list(_conflicts(change_set))
    if found:
        change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=_FAILED)
        change_set.update({"Changes": [], _EVENTS: found})


def _conflicts(change_set: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The events of it, with the words and names of rain's pull request 744."""
    operation = new_uuid()
    for logical, resource in change_set["_template"].get("Resources", {}).items():
        kind = resource.get("Type")
        if kind not in _NAMES:
            continue
        member, known = _NAMES[kind]
        name = resource.get("Properties", {}).get(member)
        if isinstance(name, str) and name in known:
            yield {
                "EventId": new_uuid(),
                "StackId": change_set["StackId"],
                "OperationId": operation,
                "OperationType": "CREATE_CHANGESET",
                "EventType": "VALIDATION_ERROR",
                "LogicalResourceId": logical,
                "ResourceType": kind,
                "Timestamp": change_set["CreationTime"],
                "ValidationFailureMode": "FAIL",
                "ValidationName": "NAME_CONFLICT_VALIDATION",
                "ValidationStatus": "FAILED",
                "ValidationStatusReason": f"Resource of type '{kind}' with identifier '{name}' "
                "already exists.",
                "ValidationPath": f"/Resources/{logical}/Properties/{member}",
            }


def describe_events(params: dict[str, Any]) -> Any:
    """DescribeEvents of a change set, which its ARN alone names.

    Its name by itself is refused (cloudformation-cli's issue 1116).
    """
    named = helpers._p(params, "ChangeSetName")
    if not named or helpers._p(params, "StackName"):
        return _describe_events(params)
    if not named.startswith("arn:"):
        says = "One of ChangeSetName, OperationId or StackName must be specified"
        return helpers._error("ValidationError", says)
    _, change_set = changesets._find_change_set(named, "")
    if change_set is None:
        return helpers._error("ChangeSetNotFound", f"ChangeSet [{named}] does not exist", 404)
    members = "".join(
        f"<member>{''.join(f'<{key}>{helpers._esc(each[key])}</{key}>' for key in each)}</member>"
        for each in change_set.get(_EVENTS, [])
    )
    inner = f"<OperationEvents>{members}</OperationEvents>"
    return helpers._xml(
        200, "DescribeEventsResponse", f"<DescribeEventsResult>{inner}</DescribeEventsResult>"
    )
