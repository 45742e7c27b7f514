"""A stack on its way from what it is to something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.aws.cloudformation import theirs
from lambda_fast_deploy.adapters.aws.stack_shapes import ChangeSet, Proposal
from lambda_fast_deploy.errors import Conflict, DeployError, unexpected
from lambda_fast_deploy.models import Action, FunctionOutcome, Step
from lambda_fast_deploy.release.function_release import because
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
    look,
)
from lambda_fast_deploy.stacks.stack_tests import StackTests, test_steps


class StackUpdate:
    """One stack that changes."""

    def __init__(self, context: StackContext, there: CurrentStack) -> None:
        self._context = context
        self._there = there
        self._before = there.kept
        self._digests = there.kept.digests if there.kept else {}  # of what it has, or will have
        self._application = Application(
            context.stacks, context.name, context.region, context.run_log
        )
        self._back = StackRestore(context, self._before, self._application)
        self._tests = StackTests(context)

    def to(self, wanted: Snapshot, proposal: Proposal, steps: tuple[Step, ...]) -> StackResult:
        """Let the stack become something else, or only let CloudFormation say what would change.

        Args:
            wanted: what it becomes, as it is kept.
            proposal: the same, as CloudFormation takes it.
            steps: what came before that.

        Raises:
            Invalid: data would be lost that nobody has given up.
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
            detail(counted(change_set.changes, "would change") if differs else "nothing differs")
        if not differs:
            return self._stay_equal_to(wanted, steps)
        action = Action.CREATE if is_new else Action.UPDATE
        why = counted(change_set.changes, "to change")
        every = (
            *steps,
            *align_steps(context, self._there),
            Step(step_id, context.region, action, why, wanted.id),
            *steps_of(change_set.changes, context.region),
            *test_steps(context, context.resources.functions, "the stack changes"),
        )
        try:
            check_data(change_set.changes, context.stack, context.resources.template)
            if context.settings.plan_only:
                context.stacks.discard(change_set)
                return planned(context, self._there, every)
            if not is_at(context, self._before):
                raise theirs(context.name)
            wanted = self._remember(self._on_trial(wanted, proposal))
        except DeployError:
            context.stacks.discard(change_set)
            raise
        return StackResult(every, self._carried_out(change_set, wanted, every, is_new=is_new))

    def _on_trial(self, wanted: Snapshot, proposal: Proposal) -> Snapshot:
        """What the stack becomes, as long as its tests have not passed."""
        before, keep = self._before, self._context.keep
        hidden = {k: v for k, v in proposal.parameters.items() if k not in wanted.parameters}
        had = self._digests
        digests = {
            name: had.get(name, "") if value is None else digest_of(value, had.get(name, ""))
            for name, value in hidden.items()
        }
        self._digests = {name: digest for name, digest in digests.items() if digest}
        if before is None:
            return replace(wanted, digests=self._digests, back="")
        if wanted.id in (before.id, before.proved):  # it is not what was before itself
            known = keep.get(wanted.id)
            wanted = replace(wanted, previous=known.previous if known else "")
        return replace(wanted, digests=_common(self._digests, had), back=before.proved)

    def _remember(self, wanted: Snapshot) -> Snapshot:
        """Keep what the stack is and what it becomes, before anything changes."""
        before, keep = self._before, self._context.keep
        if before and keep.get(before.id) is None:
            keep.put(before)
        return keep.put(wanted)

    def _passed(self, kept: Snapshot) -> None:
        """Keep that the tests of a state have passed.

        Raises:
            Conflict: another run is leading the stack back.
        """
        try:
            note(self._context, replace(kept, digests=self._digests, back=None))
        except Conflict:
            now = self._context.keep.get(kept.id)
            if now is None or now.back is not None:
                raise theirs(self._context.name) from None

    def _carried_out(
        self, change_set: ChangeSet, wanted: Snapshot, steps: tuple[Step, ...], *, is_new: bool
    ) -> FunctionOutcome:
        context = self._context
        delivery = FunctionOutcome(
            context.region, context.name, "failed", arn=change_set.stack, is_stack=True
        )
        step = next(each for each in steps if each.kind == "stack")
        try:
            align(context, self._there)
            with context.run_log.work(step.id, step.action, step.reason, step.region) as detail:
                applied = self._application.carry_out(change_set, is_new=is_new)
                if not applied.is_done:
                    raise applied.error(context.name)
                if not is_at(context, wanted):
                    raise theirs(context.name)
                detail("every resource is as it should be")
        except Conflict as error:
            return because(delivery, error)  # theirs stays
        except DeployError as error:
            return self._back.by_itself(delivery, error)
        assert applied.state is not None
        ours = replace(wanted, digests=self._digests)
        try:
            context.run_log.cancellation.check()
            self._tests.run(applied.state, steps)
        except DeployError as error:
            return self._back.of_tests(delivery, error, ours)
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back.of_tests(delivery, unexpected(error), ours)
        try:
            self._passed(wanted)
        except Conflict as error:
            return because(delivery, error)
        return replace(
            delivery,
            outcome="deployed",
            version=wanted.id,
            previous=self._before.id if self._before else "",
            outputs=context.shown(applied.state.outputs),
        )

    # ------------------------------------------------------------ no way at all

    def _stay_equal_to(self, desired: Snapshot, steps: tuple[Step, ...]) -> StackResult:
        """Leave a stack as it is in which CloudFormation would change nothing.

        Raises:
            Conflict: another run is changing it.
        """
        context, observed = self._context, self._before
        if observed and observed.looks_like(desired):
            return self.stay(steps)
        now = look(context)  # another run may have made it so in the meantime, and be testing it
        if now.kept and any(state and state.looks_like(now.kept) for state in (observed, desired)):
            return StackUpdate(context, now).stay(steps)
        raise theirs(context.name)

    def stay(self, steps: tuple[Step, ...]) -> StackResult:
        """Leave the stack as it is, and run the tests that were asked for in so many words.

        Functions that were updated past it come back in line.
        """
        context, state, before = self._context, self._there.state, self._before
        assert state is not None
        assert before is not None
        why, on_trial = "it is as the template says", before.back is not None
        every = (
            *steps,
            Step(f"stack:{context.name}", context.region, Action.SKIP, why),
            *align_steps(context, self._there),
            *(
                test_steps(context, context.resources.functions, "it has not passed its tests")
                if on_trial
                else test_steps(context, self._there.drift, "the stack changes")
            ),
        )
        if context.settings.plan_only:
            return planned(context, self._there, every)
        delivery = FunctionOutcome(
            context.region,
            context.name,
            "deployed" if self._there.drift or on_trial else "unchanged",
            arn=state.id,
            version=before.id,
            is_stack=True,
            outputs=context.shown(state.outputs),
        )
        failed = replace(delivery, outcome="failed")
        try:
            if before.going:
                before = self._settled(before)
            align(context, self._there)
            self._tests.run(state, every)
            if on_trial:
                self._passed(before)
        except Conflict as error:
            return StackResult(every, because(failed, error))
        except DeployError as error:
            if on_trial:
                return StackResult(every, self._back.of_tests(failed, error, before))
            return StackResult(every, because(failed, error))
        return StackResult(every, delivery)

    def _settled(self, before: Snapshot) -> Snapshot:
        """A state that another run was leading the stack back from, if that was killed meanwhile.

        Raises:
            Conflict: it was not.
        """
        lease = Lease()
        while not lease.is_over(before.etag):
            self._context.run_log.cancellation.check()
            if not is_at(self._context, before):
                raise theirs(self._context.name)
        try:
            return self._context.keep.settle(replace(before, going=False))
        except Conflict:
            raise theirs(self._context.name) from None


def _common(digests: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The digests of secrets that are known to be the same."""
    return {name: digest for name, digest in digests.items() if others.get(name) == digest}
