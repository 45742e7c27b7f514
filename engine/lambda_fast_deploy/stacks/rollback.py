"""A stack on its way back to what it was before its last deployment."""

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
    look,
)
from lambda_fast_deploy.stacks.update import StackUpdate


def roll_back_stack(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Lead the stack back, in every region.

    Raises:
        Invalid: nothing is known of what it was.
        NotReady: the stack takes no change now.
    """
    return everywhere(settings, clients, run_log, _roll_back)


def _roll_back(context: StackContext) -> StackResult:
    there, name = look(context), f"stack {context.name}"
    if there.kept is None:
        raise context.invalid(f"{name} does not exist in {context.region}")
    previous = there.kept.previous
    target = context.keep.get(previous) if previous else None
    stays = _of_secrets(there)
    if target is None:
        raise context.invalid(f"nothing is kept of what {name} was before{stays and '; '}{stays}")
    if lost := context.keep.lost(target):
        raise context.invalid(
            f"{', '.join(lost)} is not in bucket {context.bucket.name} any more as it was kept, "
            f"and with it the way back of {name}"
        )
    if stays:
        context.run_log.note(f"Rollback of {name}: {stays}.")
    if context.settings.only_reads:
        return preview(context, there, target, {}, {}, ())
    has = there.state.parameters if there.state else {}
    return StackUpdate(context, there).to(target, proposal_of(context, target, has), ())


def _of_secrets(there: CurrentStack) -> str:
    """What becomes of the secrets that a stack was given, if it was."""
    has = there.state.parameters if there.state else {}
    names = ", ".join(key for key, value in has.items() if value == SECRET)
    return f"NoEcho values are not kept, and stay as they are: {names}" if names else ""
