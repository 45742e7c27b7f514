"""Rolls a stack back, as long as it is still as this run has updated it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.cloudformation import changed_elsewhere
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


def proposal_of(context: StackContext, snapshot: Snapshot, current: Mapping[str, str]) -> Proposal:
    """The proposal to restore a snapshot; the current values of secret parameters are kept."""
    template = plain(snapshot.template)
    declared = template.get("Parameters") or {}
    hidden = {
        key: None
        for key, value in current.items()
        if value == SECRET and key in declared and key not in snapshot.parameters
    }
    return Proposal(
        snapshot.template,
        context.as_argument(snapshot.template),
        {**snapshot.parameters, **hidden},
        snapshot.capabilities or context.stack.capabilities,
        snapshot.tags,
        has_stacks(template),
        context.stack.role,
    )


def note(context: StackContext, snapshot: Snapshot) -> None:
    """Store the snapshot of a finished update or rollback; a failure is only a note.

    Raises:
        Conflict: another run has changed the snapshot.
    """
    try:
        context.snapshots.settle(snapshot)
    except Conflict:
        raise
    except DeployError as error:
        context.run_log.note(
            f"The snapshot of stack {context.name} was not stored, so the next run may test it "
            f"again: {error.message}"
        )


class _DecidedElsewhere(Conflict):
    """Another run has finished or rolled back an update that was under test."""


class StackRestore:
    """Rolls one stack back to its snapshot ``before``, or deletes it if it is new."""

    def __init__(
        self, context: StackContext, before: Snapshot | None, application: Application
    ) -> None:
        self._context = context
        self._before = before
        self._application = application
        self._name = f"stack {context.name}"

    def by_itself(
        self, delivery: FunctionOutcome, error: DeployError, own: Snapshot
    ) -> FunctionOutcome:
        """The outcome after CloudFormation itself has rolled back, or failed to.

        Args:
            delivery: the outcome so far.
            error: the cause.
            own: the snapshot of this run.
        """
        error.hide(self._context.run_log.secrets.hide)
        delivery = with_error(delivery, error)
        try:
            return self._outcome(delivery, error, own)
        except DeployError as failure:
            problem = f"{self._name}: its state is unknown, {failure.message}"
            return replace(delivery, left=(problem,))

    def _outcome(
        self, delivery: FunctionOutcome, error: DeployError, own: Snapshot
    ) -> FunctionOutcome:
        context, before, name = self._context, self._before, self._name
        state = context.stacks.read(delivery.arn)
        if state and not state.exists:
            context.stacks.delete(state.id)  # only its name is left
        if before is None and not (state and state.exists):
            return replace(delivery, outcome="rolled-back", rolled_back=(f"{name} was deleted",))
        if before and state and not is_stuck(state) and is_at(context, before):
            if before.id == own.id:  # only secrets have changed, or tags: it is under test
                note(context, replace(before, etag=""))
            elif failed := self._failed(before):
                return self.of_tests(delivery, error, failed)
            restored = f"{name} has its previous state"
            return replace(delivery, outcome="rolled-back", rolled_back=(restored,))
        status = state.status if state else "deleted"
        return replace(delivery, left=(f"{name}: its status is {status}",))

    def _failed(self, before: Snapshot) -> Snapshot | None:
        """The snapshot before this run as its own run has left it, if its tests have failed."""
        stored = self._context.snapshots.get(before.id) if before.back is not None else None
        return stored if stored and stored.back and stored.going else None

    def of_tests(
        self, delivery: FunctionOutcome, error: DeployError, own: Snapshot
    ) -> FunctionOutcome:
        """Roll back a stack that CloudFormation has updated and whose tests failed.

        Args:
            delivery: the outcome so far.
            error: the cause of the rollback.
            own: the snapshot of this run, with the digests of all its secrets.
        """
        context, before, name = self._context, self._before, self._name
        error.hide(context.run_log.secrets.hide)
        delivery = with_error(delivery, error)
        cause, left, result = error.message.splitlines()[0], tuple[str, ...](), ""
        try:
            target = self._target(own)
            left = self._unrestored_secrets(target, own) if target else ()
            with context.run_log.rollback(context.name, cause, context.region) as detail:
                if not self._roll_back(delivery.arn, target, own) and left:
                    detail("only NoEcho values had changed")
                else:
                    result = _result(name, before, target, but=bool(left))
                    detail(result)
        except DeployError as failure:
            if isinstance(failure, _DecidedElsewhere) or (
                isinstance(failure, Conflict) and not self._is_still(own)
            ):
                with suppress(DeployError):  # the run that changes the stack rolls both back
                    context.snapshots.settle(replace(own, going=True))
                return replace(delivery, spared=(f"{name}: {UndoResult.THEIRS.value}",))
            return replace(delivery, left=(f"{name}: {failure.message}", *left))
        if target and left:  # it has not passed its tests with these secrets
            target = replace(target, digests=own.digests, back=(target.id,))
        if target:
            note(context, replace(target, etag=""))
        if result:
            delivery = replace(delivery, outcome="rolled-back", rolled_back=(result,))
        return replace(delivery, left=left)

    def _target(self, own: Snapshot) -> Snapshot | None:
        """The latest snapshot that has passed its tests by now, or the one before this run.

        If this run began on snapshots under test, those that have not passed by now can no longer
        do so: the stack is rolled back to one before them.
        """
        before, snapshots = self._before, self._context.snapshots
        if before is None or before.back is None or not own.back:
            return before
        *under_test, tested = own.back
        for each in under_test:
            if each != own.id and (passed := snapshots.give_up(each)):
                return passed
        return snapshots.get(tested) or before

    def _unrestored_secrets(self, target: Snapshot, own: Snapshot) -> tuple[str, ...]:
        """Messages about secrets that a rollback cannot restore."""
        return tuple(
            f"parameter {key} of {self._name} "
            f"{'was' if key in target.digests else 'may be'} not restored: CloudFormation does not "
            "return NoEcho values; deploy again with the previous value"
            for key in plain(target.template).get("Parameters") or {}
            if key not in target.parameters and own.digests.get(key) != target.digests.get(key)
        )

    def _roll_back(self, stack_id: str, target: Snapshot | None, own: Snapshot) -> bool:
        """Restore the stack, or delete it without a target; returns whether it differed.

        Raises:
            Conflict: the stack was changed outside this run.
        """
        context = self._context
        if target is None:
            self._check(own)
            self._begin(own)
            applied = self._application.delete(stack_id)
            if applied.state is not None:
                raise applied.error(context.name)
            return True
        state = context.stacks.read(context.name)
        current = state.parameters if state else {}
        change_set = context.stacks.propose(
            context.name, proposal_of(context, target, current), is_new=False
        )
        try:
            self._check(own)  # from now on, any other update makes the change set obsolete
        except DeployError:
            if change_set.differs:
                context.stacks.discard(change_set)
            raise
        if not change_set.differs:
            if not self._unrestored_secrets(target, own):
                if target.back is None:
                    raise DeployFailed("CloudFormation finds no difference to roll back")
                raise DeployFailed("its tests have failed, and no snapshot has passed them")
            return False
        try:
            self._begin(own)
        except DeployError:
            context.stacks.discard(change_set)
            raise
        applied = self._application.execute_rollback(change_set)
        if not applied.is_done:
            raise applied.error(context.name)
        self._check(target)
        return True

    def _begin(self, own: Snapshot) -> None:
        """Record that this run is rolling the stack back.

        Raises:
            _DecidedElsewhere: another run has tested it successfully, or is rolling it back.
        """
        try:
            self._context.snapshots.settle(replace(own, going=True))
        except Conflict as conflict:
            raise _DecidedElsewhere(conflict.message) from None

    def _is_still(self, own: Snapshot) -> bool:
        """Whether the stack is as this run has updated it; assumed if it cannot be read."""
        try:
            return is_at(self._context, own)
        except DeployError:
            return True

    def _check(self, snapshot: Snapshot) -> None:
        if not is_at(self._context, snapshot):
            raise changed_elsewhere(self._context.name)


def _result(name: str, before: Snapshot | None, target: Snapshot | None, *, but: bool) -> str:
    """The result of a rollback, for people; ``but``: except for secrets."""
    if before is None or target is None:
        return f"{name} was deleted"
    subject = "template" if but else "state"
    if target.id == before.id:
        return f"{name} has its previous {subject}"
    return f"{name} has the {subject} that last passed its tests"
