"""Exports of stacks: a name belongs to one stack, and stays while another stack imports it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

_resolve_stack_outputs = stacks._resolve_stack_outputs
_add_event = stacks._add_event
_STACK = "AWS::CloudFormation::Stack"
_reasons: dict[str, str] = {}  # why outputs have failed, by the id of their stack


def resolve_stack_outputs(*given: Any) -> Any:
    """Outputs and exports; ``add_event`` reports their faults.

    The words are AWS's, as told in aws-cdk's issue 8671 and in serverless's issue 3935.
    """
    name, stack_id = given[-2:]
    try:
        outputs, exports = _resolve_stack_outputs(*given)
        _check(name, stack_id, exports)
    except Exception as error:
        _reasons[stack_id] = str(error)
        raise
    return outputs, exports


def _check(name: str, stack_id: str, exports: dict[str, Any]) -> None:
    for export in exports:
        owner = (cloudformation._exports.get(export) or {}).get("StackId", stack_id)
        if owner != stack_id:
            raise ValueError(
                f"Export with name {export} is already exported by stack {owner.split('/')[1]}"
            )
    gone = {
        export
        for export, each in cloudformation._exports.items()
        if each["StackId"] == stack_id and export not in exports
    }
    for other, stack in cloudformation._stacks.items():
        if other != name and stack.get("StackStatus", "").endswith("_COMPLETE"):
            for export in gone & set(handlers._imported_export_names(stack, other)):
                raise ValueError(f"Export {export} cannot be deleted as it is in use by {other}")


def add_event(
    stack_id: str, name: str, logical: str, kind: str, status: str, *rest: Any, **named: Any
) -> None:
    """Tell why outputs have failed where the rollback of their stack begins, and nowhere else."""
    if kind == _STACK and logical == name and stack_id in _reasons:
        if status.endswith("_FAILED"):
            return
        if status.endswith("ROLLBACK_IN_PROGRESS"):
            rest = (_reasons.pop(stack_id), *rest[1:])
    _add_event(stack_id, name, logical, kind, status, *rest, **named)


def teach() -> None:
    """Install every behaviour of this module; ``stacks`` calls ``add_event``."""
    stacks._resolve_stack_outputs = resolve_stack_outputs
