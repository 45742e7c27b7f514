"""Updates a stack to a snapshot, tests it, and rolls it back if that fails."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.cloudformation import changed_elsewhere
from lambda_fast_deploy.adapters.aws.stack_shapes import ChangeSet, Proposal
from lambda_fast_deploy.errors import Conflict, DeployError, unexpected
from lambda_fast_deploy.models import Action, FunctionOutcome, Step
from lambda_fast_deploy.release.function_release import with_error
from lambda_fast_deploy.release.ownership import Lease
from lambda_fast_deploy.stacks.apply import Application
from lambda_fast_deploy.stacks.change_set import check_data, counted, steps_of
from lambda_fast_deploy.stacks.drift import align, align_steps
from lambda_fast_deploy.stacks.preview import planned
from lambda_fast_deploy.stacks.restore import StackRestore, note
from lambda_fast_deploy.stacks.snapshots import Snapshot, digest_of
from lambda_fast_deploy.stacks.stack_context import (
    CurrentStack,
    StackContext,
    StackResult,
    is_at,
    read_current,
)
from lambda_fast_deploy.stacks.stack_tests import StackTests, test_steps
from lambda_fast_deploy.stacks.traffic_shifts import shifts_of


class StackUpdate:
    """The update of one stack."""

    def __init__(self, context: StackContext, current: CurrentStack) -> None:
        self._context = context
        self._current = current
        self._before = current.snapshot
        self._digests = (
            current.snapshot.digests if current.snapshot else {}
        )  # of its current or desired secrets
        self._application = Application(
            context.stacks,
            context.name,
            context.region,
            context.run_log,
            shifts_of(context.resources),
        )
        self._restore = StackRestore(context, self._before, self._application)
        self._tests = StackTests(context)

    def to(self, desired: Snapshot, proposal: Proposal, steps: tuple[Step, ...]) -> StackResult:
        """Update the stack, or only let CloudFormation plan the update.

        Args:
            desired: the snapshot of the desired state.
            proposal: the same, for CloudFormation.
            steps: the steps before the update.

        Raises:
            Invalid: data would be lost that may-replace does not name.
            DeployError: nothing was changed.
        """
        context, step_id, is_new = (
            self._context,
            f"stack:{self._context.name}",
            self._before is None,
        )
        with context.run_log.work(step_id, "compare", "a change set", context.region) as detail:
            change_set = context.stacks.propose(context.name, proposal, is_new=is_new)
            differs = change_set.differs
            detail(counted(change_set.changes, "would change") if differs else "no difference")
        if not differs:
            return self._without_change_to(desired, steps)
        action = Action.CREATE if is_new else Action.UPDATE
        why = counted(change_set.changes, "to change")
        every = (
            *steps,
            *align_steps(context, self._current),
            Step(step_id, context.region, action, why, desired.id),
            *steps_of(change_set.changes, context.region),
            *test_steps(context, context.resources.functions, "the stack changes"),
        )
        try:
            check_data(change_set.changes, context.stack, context.resources.template)
            if context.settings.plan_only:
                context.stacks.discard(change_set)
                return planned(context, self._current, every)
            if not is_at(context, self._before):
                raise changed_elsewhere(context.name)
            desired = self._store(self._under_test(desired, proposal))
        except DeployError:
            context.stacks.discard(change_set)
            raise
        return StackResult(every, self._execute(change_set, desired, every, is_new=is_new))

    def _under_test(self, desired: Snapshot, proposal: Proposal) -> Snapshot:
        """The snapshot of the desired state until its tests have passed."""
        before, snapshots = self._before, self._context.snapshots
        hidden = {k: v for k, v in proposal.parameters.items() if k not in desired.parameters}
        previous = self._digests
        digests = {
            name: previous.get(name, "")
            if value is None
            else digest_of(value, previous.get(name, ""))
            for name, value in hidden.items()
        }
        self._digests = {name: digest for name, digest in digests.items() if digest}
        if before is None:
            return replace(desired, digests=self._digests, back=())
        if desired.id in (before.id, before.tested_id):  # a snapshot is not its own predecessor
            stored = snapshots.get(desired.id)
            desired = replace(desired, previous=stored.previous if stored else "")
        return replace(desired, digests=_common(self._digests, previous), back=before.line)

    def _store(self, desired: Snapshot) -> Snapshot:
        """Store the snapshots of the current and of the desired state, before the update."""
        before, snapshots = self._before, self._context.snapshots
        if before and snapshots.get(before.id) is None:
            snapshots.put(before)
        return snapshots.put(desired)

    def _record_success(self, snapshot: Snapshot) -> None:
        """Record in a snapshot that its tests have passed.

        Raises:
            Conflict: another run is rolling the stack back.
        """
        context = self._context
        with contextlib.suppress(DeployError):  # only the command rollback depends on it
            snapshot = replace(snapshot, previous=self._previous_of(snapshot))
        try:
            note(context, replace(snapshot, digests=self._digests, back=None))
        except Conflict:
            now = context.snapshots.get(snapshot.id)
            if now is None or now.back is not None:
                raise changed_elsewhere(context.name) from None

    def _previous_of(self, snapshot: Snapshot) -> str:
        """The id of the previous snapshot: one that has passed its tests since is newer."""
        under_test = [each for each in (snapshot.back or ())[:-1] if each != snapshot.id]
        passed = self._context.snapshots.passed(under_test)
        return passed.id if passed else snapshot.previous

    def _execute(
        self, change_set: ChangeSet, desired: Snapshot, steps: tuple[Step, ...], *, is_new: bool
    ) -> FunctionOutcome:
        context = self._context
        delivery = FunctionOutcome(
            context.region, context.name, "failed", arn=change_set.stack, is_stack=True
        )
        step = next(each for each in steps if each.kind == "stack")
        try:
            align(context, self._current)
            with context.run_log.work(step.id, step.action, step.reason, step.region) as detail:
                applied = self._application.execute(change_set, is_new=is_new)
                if not applied.is_done:
                    raise applied.error(context.name)
                if not is_at(context, desired):
                    raise changed_elsewhere(context.name)
                detail("every resource is up to date")
        except Conflict as error:
            return with_error(delivery, error)  # the other change is kept
        except DeployError as error:
            return self._restore.by_itself(delivery, error, desired)
        assert applied.state is not None
        own = replace(desired, digests=self._digests)
        try:
            context.run_log.cancellation.check()
            self._tests.run(applied.state, steps)
        except DeployError as error:
            return self._restore.of_tests(delivery, error, own)
        except Exception as error:  # a bug must not leave an update half done either
            return self._restore.of_tests(delivery, unexpected(error), own)
        try:
            self._record_success(desired)
        except Conflict as error:
            return with_error(delivery, error)
        return replace(
            delivery,
            outcome="deployed",
            version=desired.id,
            previous=self._before.id if self._before else "",
            outputs=context.shown(applied.state.outputs),
        )

    # ------------------------------------------------------------ without a change

    def _without_change_to(self, desired: Snapshot, steps: tuple[Step, ...]) -> StackResult:
        """Leave a stack as it is in which CloudFormation would change nothing.

        Raises:
            Conflict: another run is changing it.
        """
        context, observed = self._context, self._before
        if observed and observed.looks_like(desired):
            return self.without_change(steps)
        now = read_current(context)  # another run may have updated it meanwhile, and be testing it
        if now.snapshot and any(
            state and state.looks_like(now.snapshot) for state in (observed, desired)
        ):
            return StackUpdate(context, now).without_change(steps)
        raise changed_elsewhere(context.name)

    def without_change(self, steps: tuple[Step, ...]) -> StackResult:
        """Run requested tests of a stack that is up to date, and resolve drift."""
        context, state, before = self._context, self._current.state, self._before
        assert state is not None
        assert before is not None
        why, is_under_test = "up to date with the template", before.back is not None
        every = (
            *steps,
            Step(f"stack:{context.name}", context.region, Action.SKIP, why),
            *align_steps(context, self._current),
            *(
                test_steps(context, context.resources.functions, "it has not passed its tests")
                if is_under_test
                else test_steps(context, self._current.drift, "the stack changes")
            ),
        )
        if context.settings.plan_only:
            return planned(context, self._current, every)
        delivery = FunctionOutcome(
            context.region,
            context.name,
            "deployed" if self._current.drift or is_under_test else "unchanged",
            arn=state.id,
            version=before.id,
            is_stack=True,
            outputs=context.shown(state.outputs),
        )
        failed = replace(delivery, outcome="failed")
        try:
            if before.going:
                before = self._after_killed_rollback(before)
            align(context, self._current)
            self._tests.run(state, every)
            if is_under_test:
                self._record_success(before)
        except Conflict as error:
            return StackResult(every, with_error(failed, error))
        except DeployError as error:
            if is_under_test:
                return StackResult(every, self._restore.of_tests(failed, error, before))
            return StackResult(every, with_error(failed, error))
        return StackResult(every, delivery)

    def _after_killed_rollback(self, before: Snapshot) -> Snapshot:
        """The snapshot of a stack that a killed run was rolling back.

        Raises:
            Conflict: that run is still in progress.
        """
        lease = Lease()
        while not lease.is_over(before.etag):
            self._context.run_log.cancellation.check()
            if not is_at(self._context, before):
                raise changed_elsewhere(self._context.name)
        try:
            return self._context.snapshots.settle(replace(before, going=False))
        except Conflict:
            raise changed_elsewhere(self._context.name) from None


def _common(digests: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The digests of secrets that are certainly unchanged."""
    return {name: digest for name, digest in digests.items() if others.get(name) == digest}
