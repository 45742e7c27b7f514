"""What a change of a stack would do, told without a change set: nothing but reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_fast_deploy.models import Action, FunctionOutcome, Step
from lambda_fast_deploy.stacks.change_set import check_data, counted, steps_of
from lambda_fast_deploy.stacks.drift import align_steps
from lambda_fast_deploy.stacks.resources import NESTED
from lambda_fast_deploy.stacks.snapshots import Snapshot, digest_of
from lambda_fast_deploy.stacks.stack_context import CurrentStack, StackContext, StackResult
from lambda_fast_deploy.stacks.stack_tests import test_steps
from lambda_fast_deploy.stacks.template import plain
from lambda_fast_deploy.stacks.template_diff import Inside, changes_between
from lambda_fast_deploy.state.bucket_keys import PREFIX


def preview(
    context: StackContext,
    there: CurrentStack,
    wanted: Snapshot,
    hidden: Mapping[str, str | None],
    nested: Mapping[str, str],
    steps: tuple[Step, ...],
) -> StackResult:
    """Plan what a stack becomes by comparing its template with the one that it has.

    Args:
        order: the stack.
        there: what it is.
        wanted: what it would become.
        hidden: values of ``NoEcho`` parameters; one without a value stays.
        nested: the texts of templates inside that may not be in the bucket yet, by their keys.
        steps: what came before that.

    Raises:
        Invalid: data would be removed that nobody has given up.
    """
    before, body = there.kept, plain(wanted.template)
    was = plain(before.template) if before else {}
    looked_up = tuple(_looked_up(body)) if before else ()
    other = tuple(_other_parameters(before, wanted, hidden)) if before else ()
    changes = changes_between(was, body, (*other, *looked_up), _inside(context, nested))
    check_data(changes, context.stack, context.resources.template)
    if before and any(change.action == "Modify" for change in changes):
        context.run_log.note(
            "Whether a change replaces a resource is judged at the deployment; plan --change-set "
            "lets CloudFormation tell it now."
        )
    why = [
        counted(changes, "to change"),
        *([f"parameters: {', '.join(other)}"] if other else []),
        *([f"perhaps parameters that AWS looks up: {', '.join(looked_up)}"] if looked_up else []),
        *(["outputs"] if before and was.get("Outputs") != body.get("Outputs") else []),
        *(["tags"] if before and before.tags != wanted.tags else []),
    ]
    action = Action.UPDATE if before else Action.CREATE
    return planned(
        context,
        there,
        (
            *steps,
            *align_steps(context, there),
            Step(f"stack:{context.name}", context.region, action, "; ".join(why), wanted.id),
            *steps_of(changes, context.region),
            *test_steps(context, context.resources.functions, "the stack changes"),
        ),
    )


def planned(context: StackContext, there: CurrentStack, steps: tuple[Step, ...]) -> StackResult:
    """Only say what would be done."""
    arn = there.state.id if there.state and there.kept else ""
    return StackResult(
        steps, FunctionOutcome(context.region, context.name, "planned", arn=arn, is_stack=True)
    )


def _other_parameters(
    before: Snapshot, wanted: Snapshot, hidden: Mapping[str, str | None]
) -> Iterator[str]:
    """The parameters whose values differ; of a secret the digest tells, where one is kept."""
    for name in {**wanted.parameters, **before.parameters}:
        if wanted.parameters.get(name) != before.parameters.get(name):
            yield name
    for name, value in hidden.items():
        known = before.digests.get(name, "")
        if value is not None and not (known and digest_of(value, known) == known):
            yield name


def _looked_up(body: Mapping[str, Any]) -> Iterator[str]:
    """The parameters whose values AWS looks up elsewhere, at each deployment."""
    for name, parameter in (body.get("Parameters") or {}).items():
        if "AWS::SSM::" in str(parameter.get("Type", "")):
            yield name


def _inside(context: StackContext, nested: Mapping[str, str]) -> Inside:
    """How the templates of stacks inside are found: made now, or kept in the bucket."""
    start = context.bucket.address(PREFIX)

    def found(resource: Mapping[str, Any]) -> Mapping[str, Any]:
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

    return found
