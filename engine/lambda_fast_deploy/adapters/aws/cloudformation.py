"""Stacks and their change sets (API: CloudFormation)."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.adapters.aws.stack_shapes import (
    Change,
    ChangeSet,
    Proposal,
    StackEvent,
    StackResource,
    StackState,
    change_of,
)
from lambda_fast_deploy.arn import Arn, is_arn
from lambda_fast_deploy.errors import Conflict, DeployError, DeployFailed, NotFound, Refused
from lambda_fast_deploy.state import marks

_SERVICE = "cloudformation"
BODY_LIMIT = 51_200  # bytes of a template in a call (CloudFormation quotas)
PREPARING = 300.0  # seconds for CloudFormation to compare templates
# Its refusals of a change set after another run has created the stack, or while one updates it
_CHANGED = re.compile(r"already exists and cannot be created again|_IN_PROGRESS state and can not")


class Stacks:
    """The stacks of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def _call(self, operation: str, **parameters: Any) -> Any:
        """A call; an absent stack is ``NotFound``, for which CloudFormation has no error code.

        Raises:
            Conflict: the change set no longer exists, since another one was executed
                (API: ``ExecuteChangeSet``).
        """
        try:
            return self._aws.call(self._region, _SERVICE, operation, **parameters)
        except Refused as refusal:
            if refusal.code == "ChangeSetNotFound":
                raise changed_elsewhere(parameters.get("StackName", "inside")) from None
            if "does not exist" in refusal.message and "Parameters" not in refusal.message:
                raise NotFound(refusal.message, code=refusal.code) from None
            raise

    def _pages(self, operation: str, **parameters: Any) -> Iterator[Any]:
        """The pages of an answer, with errors as in ``_call``."""
        call = partial(self._call, operation)
        return self._aws.pages(self._region, _SERVICE, operation, call, **parameters)

    def read(self, name: str) -> StackState | None:
        """A stack by its name or id; ``None`` if absent."""
        try:
            stack = self._call("describe_stacks", StackName=name).first("Stacks")
        except NotFound:
            return None
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        return StackState(
            id=stack["StackId"],
            name=stack["StackName"],
            status=stack["StackStatus"],
            reason=stack.get("StackStatusReason", ""),
            parameters={
                each["ParameterKey"]: each.get("ParameterValue", "")
                for each in stack.get("Parameters", [])
            },
            tags={tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])},
            outputs={
                each["OutputKey"]: each.get("OutputValue", "") for each in stack.get("Outputs", [])
            },
            capabilities=tuple(stack.get("Capabilities", ())),
            changed=(stack.get("LastUpdatedTime") or stack["CreationTime"]).isoformat(),
        )

    def template(self, name: str, change_set: str = "") -> str:
        """The template of a stack or a change set; ``""`` if it does not exist.

        A stack that is only a name has none.
        """
        identifiers = {"StackName": name, **({"ChangeSetName": change_set} if change_set else {})}
        try:
            body = self._call("get_template", TemplateStage="Original", **identifiers)
        except NotFound:
            return ""
        template = body.get("TemplateBody", "")
        # botocore has parsed a JSON template
        return template if isinstance(template, str) else json.dumps(template)

    def resources(self, name: str) -> tuple[StackResource, ...]:
        """The resources of a stack."""
        return tuple(
            StackResource(
                each["LogicalResourceId"], each.get("PhysicalResourceId", ""), each["ResourceType"]
            )
            for page in self._pages("list_stack_resources", StackName=name)
            for each in page["StackResourceSummaries"]
        )

    def events(self, stack_id: str) -> Iterator[StackEvent]:
        """The events of a stack, the newest first."""
        for page in self._pages("describe_stack_events", StackName=stack_id):
            for each in page["StackEvents"]:
                yield StackEvent(
                    id=each["EventId"],
                    logical=each["LogicalResourceId"],
                    type=each["ResourceType"],
                    status=each.get("ResourceStatus", ""),
                    reason=each.get("ResourceStatusReason", ""),
                    physical=each.get("PhysicalResourceId", ""),
                )

    # ------------------------------------------------------------ changes

    def propose(self, name: str, proposal: Proposal, *, is_new: bool) -> ChangeSet:
        """Create a change set; one without changes is removed.

        CloudFormation deletes a stack whose creation fails (``OnStackFailure``), so that it does
        not block the next attempt.

        Raises:
            Refused: CloudFormation rejected the template or its parameters.
            Conflict: the stack was changed outside this run.
        """
        change_set = f"{marks.CHANGE_SET}{secrets.token_hex(6)}"
        self._create(
            StackName=name,
            ChangeSetName=change_set,
            ClientToken=change_set,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            Capabilities=list(proposal.capabilities),
            Parameters=[
                {"ParameterKey": key, "UsePreviousValue": True}
                if value is None
                else {"ParameterKey": key, "ParameterValue": value}
                for key, value in proposal.parameters.items()
            ],
            Tags=[{"Key": key, "Value": value} for key, value in proposal.tags.items()],
            **({"OnStackFailure": "DELETE"} if is_new else {}),
            **({"IncludeNestedStacks": True} if proposal.has_stacks else {}),
            **({"RoleARN": proposal.role} if proposal.role else {}),
            **proposal.template,
        )
        answer = retry.until(
            lambda: self._call("describe_change_set", StackName=name, ChangeSetName=change_set),
            lambda answer: not str(answer["Status"]).endswith(("_PENDING", "_IN_PROGRESS")),
            deadline=PREPARING,
        )
        ready = ChangeSet(str(answer["ChangeSetId"]), str(answer["StackId"]), (), is_new=is_new)
        if answer["Status"] != "CREATE_COMPLETE":
            reason = str(answer.get("StatusReason", ""))
            differs = "didn't contain changes" not in reason and "No updates" not in reason
            says = self._validation(ready) if differs else ""
            self.discard(ready)
            if not differs:
                return replace(ready, differs=False)
            says = says or reason.rpartition("Reason: ")[2] or str(answer["Status"])
            raise Refused(f"CloudFormation rejected the template of {name}: {says}")
        self._check(ready, proposal)
        return replace(ready, changes=tuple(self._changes(self._from(answer))))

    def _validation(self, change_set: ChangeSet) -> str:
        """The errors of CloudFormation's early validation; ``""`` if they may not be read.

        The reason of the change set does not contain them. Only its ARN identifies it here
        (CloudFormation user guide, "Validate stack deployments").
        """
        failed = {"ChangeSetName": change_set.id, "Filters": {"FailedEvents": True}}
        try:
            events = self._call("describe_events", **failed)["OperationEvents"]
        except DeployError:
            return ""
        causes = (
            f"{each.get('LogicalResourceId', '')}: {each['ValidationStatusReason']}"
            for each in events
            if each.get("ValidationStatusReason")
        )
        return "; ".join(dict.fromkeys(causes))

    def _check(self, change_set: ChangeSet, proposal: Proposal) -> None:
        """Refuse a change set with another template: others may write to the bucket.

        Raises:
            DeployFailed: CloudFormation has read another template.
        """
        where = proposal.template.get("TemplateURL")
        if where and _values(self.template(change_set.stack, change_set.id)) != _values(
            proposal.text
        ):
            self.discard(change_set)
            raise DeployFailed(
                f"{where} no longer has the template that this run uploaded",
                remedy="Check who else can write to that bucket, and run again.",
            )

    def _create(self, **parameters: Any) -> None:
        try:
            self._call("create_change_set", **parameters)
        except Refused as refusal:
            if _CHANGED.search(refusal.message):
                raise changed_elsewhere(parameters["StackName"]) from None
            if refusal.code != "AlreadyExistsException":
                raise
            # This run created it: the answer was lost, and the call was retried.

    def _from(self, page: Any) -> Iterator[Any]:
        """A page of a change set that was read already, and the pages after it."""
        yield page
        if token := page.get("NextToken"):
            change_set = page["ChangeSetId"]
            yield from self._pages("describe_change_set", ChangeSetName=change_set, NextToken=token)

    def _changes(self, pages: Iterable[Any], within: str = "") -> Iterator[Change]:
        """The changes of a change set, including those in nested stacks."""
        for each in (each for page in pages for each in page.get("Changes", [])):
            resource = each.get("ResourceChange", {})
            change = change_of(resource, within)
            yield change
            if change_set := resource.get("ChangeSetId"):
                nested = self._pages("describe_change_set", ChangeSetName=change_set)
                yield from self._changes(nested, f"{change.logical}/")

    def execute(self, change_set: ChangeSet) -> None:
        """Start to execute a change set.

        Raises:
            Conflict: the stack was changed outside this run since the change set was created.
        """
        identifiers = {"StackName": change_set.stack, "ChangeSetName": change_set.id}
        try:
            self._call("execute_change_set", **identifiers)
        except Refused as refusal:
            if refusal.code != "InvalidChangeSetStatus":
                raise
            answer = self._call("describe_change_set", **identifiers)
            if str(answer["ExecutionStatus"]).startswith("EXECUTE_"):
                return  # this run executed it: the answer was lost, and the call was retried
            with contextlib.suppress(DeployError):
                self.discard(change_set)
            raise changed_elsewhere(change_set.stack) from None

    def discard(self, change_set: ChangeSet) -> None:
        """Remove a change set that is not executed, and the stack if it is only a name."""
        self._call("delete_change_set", StackName=change_set.stack, ChangeSetName=change_set.id)
        state = self.read(change_set.stack) if change_set.is_new else None
        if state and not state.exists:
            self.delete(change_set.stack)

    def cancel(self, name: str) -> None:
        """Cancel an update, which CloudFormation then rolls back (API: ``CancelUpdateStack``)."""
        self._call("cancel_update_stack", StackName=name)

    def delete(self, stack_id: str) -> None:
        """Start to delete a stack with its resources."""
        self._call("delete_stack", StackName=stack_id)


def changed_elsewhere(stack: str) -> Conflict:
    """The error if a stack, by its name or id, was changed outside this run."""
    name = Arn.parse(stack).name if is_arn(stack) else stack
    return Conflict(
        f"stack {name} was changed outside this run while this run was deploying",
        remedy="Those changes were kept. Run again to deploy on top of them.",
    )


def _values(template: str) -> Any:
    """A template for a comparison: its values if it is JSON, in any formatting."""
    try:
        return json.loads(template)
    except ValueError:
        return template.strip()
