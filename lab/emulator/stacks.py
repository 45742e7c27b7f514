"""Stacks: an update leaves alone what has not changed, and a bucket's name is its own for good.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, helpers, provisioners, stacks

from lab.emulator import exports, validation

_describe_stacks = handlers._describe_stacks
_get_template = handlers._get_template
_get_template_summary = handlers._get_template_summary
_create_change_set = changesets._create_change_set
_execute_change_set = changesets._execute_change_set
_track_execution = changesets._track_change_set_execution
_update_stack = handlers._update_stack
_update = stacks._update_keeping_seed
# The beginnings of updates that have not been told, by stack and logical id.
_begun: dict[tuple[str, str], tuple[Any, ...]] = {}
_new: set[tuple[str, str]] = set()  # what an update creates


def add_event(
    stack_id: str, name: str, logical: str, kind: str, status: str, *rest: Any, **named: Any
) -> None:
    """Tell what happened to a resource, but nothing of one that stays as it is.

    A failure names the resource that is there, as all events do (API: ``StackEvent``).
    """
    there = cloudformation._stacks.get(name, {}).get("_resources", {}).get(logical)
    if kind != "AWS::CloudFormation::Stack" and status.startswith("UPDATE_"):
        if status == "UPDATE_IN_PROGRESS" and not there:
            _new.add((name, logical))
        if (name, logical) in _new:  # the stack is updated, and this is created
            status = status.replace("UPDATE", "CREATE")
    if status.startswith("CREATE_") and status != "CREATE_IN_PROGRESS":
        _new.discard((name, logical))
    event = (stack_id, name, logical, kind, status, *rest)
    if status.endswith("_FAILED") and there and len(rest) < 2:
        named.setdefault("physical_id", there["PhysicalResourceId"])
    if status == "UPDATE_IN_PROGRESS" and kind != "AWS::CloudFormation::Stack" and not rest:
        _begun[name, logical] = event
    elif status == "UPDATE_COMPLETE" and (name, logical) in _begun:
        del _begun[name, logical]
    else:
        _tell(name, logical)
        exports.add_event(*event, **named)


def update(
    kind: str, physical: str, old: Any, new: Any, name: str, logical: str, attributes: Any
) -> Any:
    """Update a resource whose properties differ."""
    if old == new and not kind.startswith(("Custom::", "AWS::CloudFormation::")):
        return (physical, attributes), stacks._NAME_SEED.get()
    _tell(name, logical)
    return _update(kind, physical, old, new, name, logical, attributes)


def create_change_set(params: dict[str, Any]) -> Any:
    """A change of outputs or parameters alone is a change set without changes, to be carried out.

    Only a template and parameters that are the same end in ``FAILED``. Metadata, conditions and the
    description cannot be changed by themselves (user guide, "CloudFormation template sections").
    """
    there = handlers._resolve_stack(helpers._p(params, "StackName"))
    if there and _is_made(there) and helpers._p(params, "ChangeSetType") == "CREATE":
        says = (  # recorded 2023-11-22
            f"Stack [{there['StackName']}] already exists and cannot be created again with the "
            f"changeSet [{helpers._p(params, 'ChangeSetName')}]."
        )
        return helpers._error("ValidationError", says)
    answer = _create_change_set(params)
    if there and there["StackStatus"] == "REVIEW_IN_PROGRESS":
        answer = _same_name(there, answer)
    names = (helpers._p(params, each) for each in ("ChangeSetName", "StackName"))
    _, made = changesets._find_change_set(*names)
    if (
        made
        and made["ChangeSetType"] == "UPDATE"
        and "didn't contain changes" in made["StatusReason"]
        and _beside_resources(made)
        != _beside_resources(cloudformation._stacks.get(made["StackName"], {}))
    ):
        made.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
    if made and made["ChangeSetType"] == "CREATE":
        validation.validate(made)
    return answer


def _is_made(there: dict[str, Any]) -> bool:
    """Whether a stack is more than a name, and nothing that is to be created again."""
    again = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE")
    return there["StackStatus"] not in again


def _same_name(there: dict[str, Any], answer: Any) -> Any:
    """A stack that is only a name stays the one that it is, however many change sets it has.

    aws-cli (``customizations/cloudformation/deployer.py``) proposes to create such a stack anew.
    """
    new = cloudformation._stacks.get(there["StackName"])
    cloudformation._stacks[there["StackName"]] = there
    if new is None or new is there:
        return answer
    del cloudformation._stack_events[new["StackId"]]
    for each in cloudformation._change_sets.values():
        if each["StackId"] == new["StackId"]:
            each["StackId"] = there["StackId"]
    body = answer[2].replace(new["StackId"].encode(), there["StackId"].encode())
    return (*answer[:2], body)


def execute_change_set(params: dict[str, Any]) -> Any:
    """Only one that is AVAILABLE can be executed, once.

    The words are AWS's, as told in amazon-chime-sdk-js's issue 1089.
    """
    names = (helpers._p(params, each) for each in ("ChangeSetName", "StackName"))
    _, found = changesets._find_change_set(*names)
    if found and found["ExecutionStatus"] != "AVAILABLE":
        says = (
            f"ChangeSet [{found['ChangeSetId']}] cannot be executed in its current execution "
            f"status of [{found['ExecutionStatus']}]"
        )
        return helpers._error("InvalidChangeSetStatus", says)
    return _execute_change_set(params)


async def track_execution(change_set: dict[str, Any], stack: Any, deploying: Any) -> None:
    """What the execution of one has made obsolete is gone when it is over.

    "When you execute a change set, CloudFormation deletes all other change sets associated with the
    stack" (API: ``ExecuteChangeSet``).
    """
    try:
        await _track_execution(change_set, stack, deploying)
    finally:
        for each in _others(stack["StackId"], change_set["ChangeSetId"]):
            if each["ExecutionStatus"] == "OBSOLETE":
                cloudformation._change_sets.pop(each["ChangeSetId"], None)


def make_obsolete(stack_id: str, executed: str = "") -> None:
    """Let a stack's other change sets be OBSOLETE, "because the stack was already updated".

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
    """
    for each in _others(stack_id, executed):
        if each["ExecutionStatus"] == "AVAILABLE":
            each["ExecutionStatus"] = "OBSOLETE"


def _others(stack_id: str, change_set_id: str) -> list[dict[str, Any]]:
    return [
        each
        for known, each in cloudformation._change_sets.items()
        if each["StackId"] == stack_id and known != change_set_id
    ]


def update_stack(params: dict[str, Any]) -> Any:
    """UpdateStack makes the change sets of its stack obsolete."""
    answer = _update_stack(params)
    if answer[0] == 200:
        make_obsolete(handlers._resolve_stack(helpers._p(params, "StackName"))["StackId"])
    return answer


def _is_a_name(params: dict[str, Any]) -> bool:
    """Whether a call is about a stack that has nothing but change sets."""
    stack = handlers._resolve_stack(helpers._p(params, "StackName"))
    return bool(stack) and stack["StackStatus"] == "REVIEW_IN_PROGRESS"


def in_ascii(answer: Any) -> Any:
    """Templates and values of stacks are told with question marks for what is not ASCII.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814
    """
    return (*answer[:2], answer[2].decode().encode("ascii", "replace"))


def describe_stacks(params: dict[str, Any]) -> Any:
    """DescribeStacks."""
    return in_ascii(_describe_stacks(params))


def get_template(params: dict[str, Any]) -> Any:
    """A stack that is only a name has no template of its own.

    aws-sam-cli (``samcli/lib/delete/cfn_utils.py``) reads ``TemplateBody`` as one that may be
    absent, "stack may not have template, check the change set"; here it is.
    """
    answer = in_ascii(_get_template(params))
    if helpers._p(params, "StackName") and answer[0] == 400:  # recorded 2025-09-12
        says = re.sub(rb"Stack \[(.*?)\] does", rb"Stack with id \1 does", answer[2])
        answer = (*answer[:2], says)
    if answer[0] != 200 or helpers._p(params, "ChangeSetName") or not _is_a_name(params):
        return answer
    return answer[0], answer[1], re.sub(rb"<TemplateBody>.*</TemplateBody>", b"", answer[2])


def get_template_summary(params: dict[str, Any]) -> Any:
    """A stack that is only a name has no summary either (answer of AWS's, recorded 2025-09-10)."""
    if _is_a_name(params):
        says = "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."
        return helpers._error("ValidationError", says)
    return _get_template_summary(params)


def _beside_resources(there: Any) -> tuple[Any, Any]:
    values = {name: each.get("Value") for name, each in there.get("_resolved_params", {}).items()}
    return there.get("_template", {}).get("Outputs") or {}, values


def _tell(name: str, logical: str) -> None:
    if event := _begun.pop((name, logical), None):
        exports.add_event(*event)


def teach() -> None:
    """Install every behaviour of this module."""
    # AWS::S3::Bucket in the template reference: only BucketName says "Update requires: Replacement"
    provisioners._REPLACING_PROPERTIES["AWS::S3::Bucket"] = frozenset({"BucketName"})
    cloudformation._ACTION_HANDLERS["CreateChangeSet"] = create_change_set
    cloudformation._ACTION_HANDLERS["DescribeEvents"] = validation.describe_events
    cloudformation._ACTION_HANDLERS["DescribeStacks"] = describe_stacks
    cloudformation._ACTION_HANDLERS["GetTemplate"] = get_template
    cloudformation._ACTION_HANDLERS["GetTemplateSummary"] = get_template_summary
    cloudformation._ACTION_HANDLERS["ExecuteChangeSet"] = execute_change_set
    cloudformation._ACTION_HANDLERS["UpdateStack"] = update_stack
    changesets._track_change_set_execution = track_execution
    changesets._drop_other_change_sets = make_obsolete
    stacks._add_event = add_event
    stacks._update_keeping_seed = update
