"""Rolls a stack back to its state before the last deployment."""

from __future__ import annotations

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.models import Outcome, Settings
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.stacks.preview import preview
from lambda_fast_deploy.stacks.restore import proposal_of
from lambda_fast_deploy.stacks.snapshots import SECRET
from lambda_fast_deploy.stacks.stack_context import (
    CurrentStack,
    StackContext,
    StackResult,
    everywhere,
    read_current,
)
from lambda_fast_deploy.stacks.update import StackUpdate


def roll_back_stack(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Roll the stack back, in every region.

    Raises:
        Invalid: the previous state has no snapshot.
        NotReady: the stack accepts no update now.
    """
    return everywhere(settings, clients, run_log, _roll_back)


def _roll_back(context: StackContext) -> StackResult:
    current, name = read_current(context), f"stack {context.name}"
    if current.snapshot is None:
        raise context.invalid(f"{name} does not exist in {context.region}")
    previous = current.snapshot.previous
    target = context.snapshots.get(previous) if previous else None
    secrets = _kept_secrets(current)
    if target is None:
        raise context.invalid(
            f"the previous state of {name} has no snapshot{secrets and '; '}{secrets}"
        )
    if lost := context.snapshots.lost(target):
        raise context.invalid(
            f"cannot roll back {name}: {', '.join(lost)} in bucket {context.bucket.name} was "
            "deleted or changed"
        )
    if secrets:
        context.run_log.note(f"Rollback of {name}: {secrets}.")
    if context.settings.only_reads:
        return preview(context, current, target, {}, {}, ())
    parameters = current.state.parameters if current.state else {}
    return StackUpdate(context, current).to(target, proposal_of(context, target, parameters), ())


def _kept_secrets(current: CurrentStack) -> str:
    """A sentence about the secrets of a stack, which a rollback does not change; empty if none."""
    parameters = current.state.parameters if current.state else {}
    names = ", ".join(key for key, value in parameters.items() if value == SECRET)
    return f"NoEcho values are not stored, so these are unchanged: {names}" if names else ""
