"""Plans an update of a stack without a change set, with reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy.models import Action, FunctionOutcome, Step
from lambda_fast_deploy.stacks.artifact_properties import NESTED
from lambda_fast_deploy.stacks.change_set import check_data, counted, steps_of
from lambda_fast_deploy.stacks.drift import align_steps
from lambda_fast_deploy.stacks.snapshots import Snapshot, digest_of
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext, StackResult
from lambda_fast_deploy.stacks.stack_tests import test_steps
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.stacks.template_diff import Inside, changes_between
from lambda_fast_deploy.state.bucket_keys import PREFIX


def preview(
    context: StackContext,
    current: CurrentStack,
    desired: Snapshot,
    hidden: Mapping[str, str | None],
    nested: Mapping[str, str],
    steps: tuple[Step, ...],
) -> StackResult:
    """Plan the update of a stack by a comparison of its template with the current one.

    Args:
        context: the stack.
        current: its current state.
        desired: its desired state.
        hidden: values of ``NoEcho`` parameters; one without a value is unchanged.
        nested: the texts of nested templates that may not be in the bucket yet, by their keys.
        steps: the steps before the update.

    Raises:
        Invalid: data would be lost that may-replace does not name.
    """
    before, body = current.snapshot, plain(desired.template)
    body_before = plain(before.template) if before else {}
    looked_up = tuple(_looked_up(body)) if before else ()
    other = tuple(_other_parameters(before, desired, hidden)) if before else ()
    changes = changes_between(body_before, body, (*other, *looked_up), _inside(context, nested))
    check_data(changes, context.stack, context.resources.template)
    if before and any(change.action == "Modify" for change in changes):
        context.run_log.note(
            "Only the deployment checks whether a change replaces a resource. To let "
            "CloudFormation check it now, use plan --change-set."
        )
    why = [
        counted(changes, "to change"),
        *([f"parameters: {', '.join(other)}"] if other else []),
        *([f"possibly parameters that AWS resolves: {', '.join(looked_up)}"] if looked_up else []),
        *(["outputs"] if before and body_before.get("Outputs") != body.get("Outputs") else []),
        *(["tags"] if before and before.tags != desired.tags else []),
    ]
    action = Action.UPDATE if before else Action.CREATE
    return planned(
        context,
        current,
        (
            *steps,
            *align_steps(context, current),
            Step(f"stack:{context.name}", context.region, action, "; ".join(why), desired.id),
            *steps_of(changes, context.region),
            *test_steps(context, context.resources.functions, "the stack changes"),
        ),
    )


def planned(context: StackContext, current: CurrentStack, steps: tuple[Step, ...]) -> StackResult:
    """The result of a plan."""
    arn = current.state.id if current.state and current.snapshot else ""
    return StackResult(
        steps, FunctionOutcome(context.region, context.name, "planned", arn=arn, is_stack=True)
    )


def _other_parameters(
    before: Snapshot, desired: Snapshot, hidden: Mapping[str, str | None]
) -> Iterator[str]:
    """The parameters whose values differ; secrets are compared by digest, if there is one."""
    for name in {**desired.parameters, **before.parameters}:
        if desired.parameters.get(name) != before.parameters.get(name):
            yield name
    for name, value in hidden.items():
        digest = before.digests.get(name, "")
        if value is not None and not (digest and digest_of(value, digest) == digest):
            yield name


def _looked_up(body: Mapping[str, Any]) -> Iterator[str]:
    """The parameters whose values AWS resolves at each deployment."""
    for name, parameter in (body.get("Parameters") or {}).items():
        if "AWS::SSM::" in str(parameter.get("Type", "")):
            yield name


def _inside(context: StackContext, nested: Mapping[str, str]) -> Inside:
    """A function that returns the template of a nested stack: a new one, or one in the bucket."""
    start = context.bucket.address(PREFIX)

    def template_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
        address = (resource.get("Properties") or {}).get(NESTED[resource["Type"]])
        if not isinstance(address, str) or not address.startswith(start):
            return {}
        key = PREFIX + address.removeprefix(start)
        text = nested.get(key)
        if text is None:
            content = context.bucket.get(key) or b""
            is_own = hashlib.sha256(content).hexdigest() in key
            text = content.decode("utf-8", "replace") if is_own else ""
        return plain(text) or {}

    return template_of
