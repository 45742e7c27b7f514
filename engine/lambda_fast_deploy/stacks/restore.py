"""The way back of a stack, as long as what is there is still what this run has made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.cloudformation import theirs
from lambda_fast_deploy.adapters.aws.stack_shapes import Proposal
from lambda_fast_deploy.errors import Conflict, DeployError, DeployFailed
from lambda_fast_deploy.models import FunctionOutcome
from lambda_fast_deploy.release.function_release import with_error
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.stacks.apply import Application, is_stuck
from lambda_fast_deploy.stacks.resources import has_stacks
from lambda_fast_deploy.stacks.snapshots import SECRET, Snapshot
from lambda_fast_deploy.stacks.stack_context import StackContext, is_at
from lambda_fast_deploy.stacks.template import plain


def proposal_of(context: StackContext, kept: Snapshot, has: Mapping[str, str]) -> Proposal:
    """A kept state as something to become; what is secret of the parameters it ``has`` stays."""
    template = plain(kept.template)
    asked = template.get("Parameters") or {}
    hidden = {
        key: None
        for key, value in has.items()
        if value == SECRET and key in asked and key not in kept.parameters
    }
    return Proposal(
        kept.template,
        context.as_argument(kept.template),
        {**kept.parameters, **hidden},
        kept.capabilities or context.stack.capabilities,
        kept.tags,
        has_stacks(template),
        context.stack.role,
    )


def note(context: StackContext, kept: Snapshot) -> None:
    """Keep a state that the stack has come to, which is none of the change itself.

    Raises:
        Conflict: another run has decided about it.
    """
    try:
        context.keep.settle(kept)
    except Conflict:
        raise
    except DeployError as error:
        says = "could not be kept, and the next run tests it again perhaps"
        context.run_log.note(f"What stack {context.name} is {says}: {error.message}")


class _DecidedElsewhere(Conflict):
    """Another run has decided what becomes of a state that was under test."""


class StackRestore:
    """Leads one stack back to what it was ``before``, or away if it was not there."""

    def __init__(
        self, context: StackContext, before: Snapshot | None, application: Application
    ) -> None:
        self._context = context
        self._before = before
        self._application = application
        self._name = f"stack {context.name}"

    def by_itself(self, delivery: FunctionOutcome, error: DeployError) -> FunctionOutcome:
        """A stack that CloudFormation has put back, or could not."""
        error.hide(self._context.run_log.secrets.hide)
        delivery = with_error(delivery, error)
        try:
            return self._as_it_is(delivery)
        except DeployError as failure:
            says = f"{self._name}: what it is now is not known, {failure.message}"
            return replace(delivery, left=(says,))

    def _as_it_is(self, delivery: FunctionOutcome) -> FunctionOutcome:
        context, before, name = self._context, self._before, self._name
        state = context.stacks.read(delivery.arn)
        if state and not state.exists:
            context.stacks.delete(state.id)  # it is nothing but a name
        if before is None and not (state and state.exists):
            return replace(delivery, outcome="undone", undone=(f"{name} is deleted",))
        if before and state and not is_stuck(state) and is_at(context, before):
            note(context, replace(before, etag=""))  # it may be on trial under the same id
            return replace(delivery, outcome="undone", undone=(f"{name} is as it was",))
        status = state.status if state else "gone"
        return replace(delivery, left=(f"{name}: it is {status}",))

    def of_tests(
        self, delivery: FunctionOutcome, error: DeployError, ours: Snapshot
    ) -> FunctionOutcome:
        """A stack that CloudFormation has put through, and that did not pass its tests.

        Args:
            delivery: what came of it so far.
            error: why it goes back.
            ours: what it is, with the digests of all secrets that it has.
        """
        context, before, name = self._context, self._before, self._name
        error.hide(context.run_log.secrets.hide)
        delivery = with_error(delivery, error)
        cause, left, said = error.message.splitlines()[0], tuple[str, ...](), ""
        try:
            target = before and self._target(before)
            left = self._keeps(target, ours) if target else ()
            with context.run_log.work(
                f"undo:{context.name}", "undo", cause, context.region
            ) as detail:
                if not self._return(delivery.arn, target, ours) and left:
                    detail("only values that are not kept had changed")
                else:
                    said = _said(name, before, target, but=bool(left))
                    detail(said)
        except DeployError as failure:
            if isinstance(failure, _DecidedElsewhere) or (
                isinstance(failure, Conflict) and not self._is_still(ours)
            ):
                return replace(delivery, spared=(f"{name}: {UndoResult.THEIRS.value}",))
            return replace(delivery, left=(f"{name}: {failure.message}", *left))
        if target and left:  # with other secrets, it has not passed its tests
            target = replace(target, digests=ours.digests, back=target.id)
        if target:
            note(context, replace(target, etag=""))
        if said:
            delivery = replace(delivery, outcome="undone", undone=(said,))
        return replace(delivery, left=left)

    def _target(self, before: Snapshot) -> Snapshot:
        """The latest state that passed its tests, else what the stack was before."""
        if before.proved == before.id:
            return before
        return self._context.keep.get(before.proved) or before

    def _keeps(self, target: Snapshot, ours: Snapshot) -> tuple[str, ...]:
        """The secrets that do not come back with a state: it may have had others."""
        return tuple(
            f"parameter {key} of {self._name} "
            f"{'keeps' if key in target.digests else 'may keep'} its new value: NoEcho values are "
            "not kept; give the former one and deploy"
            for key in plain(target.template).get("Parameters") or {}
            if key not in target.parameters and ours.digests.get(key) != target.digests.get(key)
        )

    def _return(self, stack_id: str, target: Snapshot | None, ours: Snapshot) -> bool:
        """Lead the stack back, or delete it without a target; whether it was elsewhere.

        Raises:
            Conflict: somebody else has changed it since.
        """
        context = self._context
        if target is None:
            self._check(ours)
            self._begin(ours)
            applied = self._application.delete(stack_id)
            if applied.state is not None:
                raise applied.error(context.name)
            return True
        state = context.stacks.read(context.name)
        has = state.parameters if state else {}
        change_set = context.stacks.propose(
            context.name, proposal_of(context, target, has), is_new=False
        )
        try:
            self._check(ours)  # by now, whatever changes the stack makes the change set obsolete
        except DeployError:
            if change_set.differs:
                context.stacks.discard(change_set)
            raise
        if not change_set.differs:
            if not self._keeps(target, ours):
                if target.back is None:
                    raise DeployFailed("CloudFormation sees nothing to put back")
                raise DeployFailed("it has not passed its tests, and nothing is kept that has")
            return False
        try:
            self._begin(ours)
        except DeployError:
            context.stacks.discard(change_set)
            raise
        applied = self._application.put_back(change_set)
        if not applied.is_done:
            raise applied.error(context.name)
        self._check(target)
        return True

    def _begin(self, ours: Snapshot) -> None:
        """Say that the stack is on its way back from what this run has made of it.

        Raises:
            _Decided: another run has tested that, with success, or is leading it back itself.
        """
        try:
            self._context.keep.settle(replace(ours, going=True))
        except Conflict as conflict:
            raise _DecidedElsewhere(conflict.message) from None

    def _is_still(self, ours: Snapshot) -> bool:
        """Whether a stack is what this run has made of it, as far as it can be asked."""
        try:
            return is_at(self._context, ours)
        except DeployError:
            return True

    def _check(self, kept: Snapshot) -> None:
        if not is_at(self._context, kept):
            raise theirs(self._context.name)


def _said(name: str, before: Snapshot | None, target: Snapshot | None, *, but: bool) -> str:
    """Where a stack has gone back to, ``but`` for secrets."""
    if before is None or target is None:
        return f"{name} is deleted"
    when = "" if target.id == before.id else " when its tests last passed"
    return f"{name} {'has the template that it had' if but else 'is as it was'}{when}"
