"""A stack on its way from what it is to something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.adapters.aws.stack_shapes import ChangeSet, Proposal
from engine.adapters.aws.stacks import theirs
from engine.delivery import because
from engine.errors import Conflict, DeployError, unexpected
from engine.model import Action, Delivery, Step
from engine.release.ownership import Lease
from engine.stack.apply import Application
from engine.stack.back import WayBack, note
from engine.stack.changes import check_data, counted, steps_of
from engine.stack.drift import align, align_steps
from engine.stack.keep import Kept, digest_of
from engine.stack.order import Came, Order, There, is_at
from engine.stack.preview import planned
from engine.stack.proof import Proof, test_steps


class Move:
    """One stack that changes."""

    def __init__(self, order: Order, there: There) -> None:
        self._order = order
        self._there = there
        self._before = there.kept
        self._digests = there.kept.digests if there.kept else {}  # of what it has, or will have
        self._application = Application(order.stacks, order.name, order.region, order.journal)
        self._back = WayBack(order, self._before, self._application)
        self._proof = Proof(order)

    def to(self, wanted: Kept, proposal: Proposal, steps: tuple[Step, ...]) -> Came:
        """Let the stack become something else, or only let CloudFormation say what would change.

        Args:
            wanted: what it becomes, as it is kept.
            proposal: the same, as CloudFormation takes it.
            steps: what came before that.

        Raises:
            Invalid: data would be lost that nobody has given up.
            DeployError: nothing was changed.
        """
        order, step_id, is_new = self._order, f"stack:{self._order.name}", self._before is None
        with order.journal.work(step_id, "compare", "a change set", order.region) as detail:
            change_set = order.stacks.propose(order.name, proposal, is_new=is_new)
            differs = change_set.differs
            detail(counted(change_set.changes, "would change") if differs else "nothing differs")
        if not differs:
            return self.stay(steps)
        action = Action.CREATE if is_new else Action.UPDATE
        why = counted(change_set.changes, "to change")
        every = (
            *steps,
            *align_steps(order, self._there),
            Step(step_id, order.region, action, why, wanted.id),
            *steps_of(change_set.changes, order.region),
            *test_steps(order, order.resources.functions, "the stack changes"),
        )
        try:
            check_data(change_set.changes, order.stack, order.resources.template)
            if order.settings.plan_only:
                order.stacks.discard(change_set)
                return planned(order, self._there, every)
            if not is_at(order, self._before):
                raise theirs(order.name)
            wanted = self._remember(self._on_trial(wanted, proposal))
        except DeployError:
            order.stacks.discard(change_set)
            raise
        return Came(every, self._carried_out(change_set, wanted, every, is_new=is_new))

    def _on_trial(self, wanted: Kept, proposal: Proposal) -> Kept:
        """What the stack becomes, as long as its tests have not passed."""
        before, keep = self._before, self._order.keep
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

    def _remember(self, wanted: Kept) -> Kept:
        """Keep what the stack is and what it becomes, before anything changes."""
        before, keep = self._before, self._order.keep
        if before and keep.get(before.id) is None:
            keep.put(before)
        return keep.put(wanted)

    def _passed(self, kept: Kept) -> None:
        """Keep that the tests of a state have passed.

        Raises:
            Conflict: another run is leading the stack back.
        """
        try:
            note(self._order, replace(kept, digests=self._digests, back=None))
        except Conflict:
            now = self._order.keep.get(kept.id)
            if now is None or now.back is not None:
                raise theirs(self._order.name) from None

    def _carried_out(
        self, change_set: ChangeSet, wanted: Kept, steps: tuple[Step, ...], *, is_new: bool
    ) -> Delivery:
        order = self._order
        delivery = Delivery(order.region, order.name, "failed", arn=change_set.stack, is_stack=True)
        step = next(each for each in steps if each.kind == "stack")
        try:
            align(order, self._there)
            with order.journal.work(step.id, step.action, step.reason, step.region) as detail:
                applied = self._application.carry_out(change_set, is_new=is_new)
                if not applied.is_done:
                    raise applied.error(order.name)
                if not is_at(order, wanted):
                    raise theirs(order.name)
                detail("every resource is as it should be")
        except Conflict as error:
            return because(delivery, error)  # theirs stays
        except DeployError as error:
            return self._back.by_itself(delivery, error)
        assert applied.state is not None
        ours = replace(wanted, digests=self._digests)
        try:
            order.journal.check()
            self._proof.prove(applied.state, steps)
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
            outputs=order.shown(applied.state.outputs),
        )

    # ------------------------------------------------------------ no way at all

    def stay(self, steps: tuple[Step, ...]) -> Came:
        """Leave the stack as it is, and run the tests that were asked for in so many words.

        Functions that were updated past it come back in line.
        """
        order, state, before = self._order, self._there.state, self._before
        assert state is not None
        assert before is not None
        why, on_trial = "it is as the template says", before.back is not None
        every = (
            *steps,
            Step(f"stack:{order.name}", order.region, Action.SKIP, why),
            *align_steps(order, self._there),
            *(
                test_steps(order, order.resources.functions, "it has not passed its tests")
                if on_trial
                else test_steps(order, self._there.drift, "the stack changes")
            ),
        )
        if order.settings.plan_only:
            return planned(order, self._there, every)
        delivery = Delivery(
            order.region,
            order.name,
            "deployed" if self._there.drift or on_trial else "unchanged",
            arn=state.id,
            version=before.id,
            is_stack=True,
            outputs=order.shown(state.outputs),
        )
        failed = replace(delivery, outcome="failed")
        try:
            if before.going:
                before = self._settled(before)
            align(order, self._there)
            self._proof.prove(state, every)
            if on_trial:
                self._passed(before)
        except Conflict as error:
            return Came(every, because(failed, error))
        except DeployError as error:
            if on_trial:
                return Came(every, self._back.of_tests(failed, error, before))
            return Came(every, because(failed, error))
        return Came(every, delivery)

    def _settled(self, before: Kept) -> Kept:
        """A state that another run was leading the stack back from, if that was killed meanwhile.

        Raises:
            Conflict: it was not.
        """
        lease = Lease()
        while not lease.is_over(before.etag):
            self._order.journal.check()
            if not is_at(self._order, before):
                raise theirs(self._order.name)
        try:
            return self._order.keep.settle(replace(before, going=False))
        except Conflict:
            raise theirs(self._order.name) from None


def _common(digests: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The digests of secrets that are known to be the same."""
    return {name: digest for name, digest in digests.items() if others.get(name) == digest}
