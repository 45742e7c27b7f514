"""A stack on its way from what it is to something else, and back if that does not work out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.adapters.aws.stacks import Change, ChangeSet, Proposal, StackState
from engine.delivery import because
from engine.errors import DeployError, DeployFailed, unexpected
from engine.model import Action, Delivery, Step
from engine.stack.apply import Application, Applied, is_stuck
from engine.stack.changes import check_data, steps_of
from engine.stack.drift import align, align_steps
from engine.stack.keep import SECRET, Kept
from engine.stack.order import Came, Order, There, kept_of
from engine.stack.proof import Proof, test_steps
from engine.stack.resources import has_stacks
from engine.stack.template import plain


class Move:
    """One stack that changes."""

    def __init__(self, order: Order, there: There) -> None:
        self._order = order
        self._state = there.state
        self._there = there
        self._before = there.kept
        self._application = Application(order.stacks, order.name, order.region, order.journal)
        self._proof = Proof(order)

    def proposal(self, kept: Kept) -> Proposal:
        """A kept state as something to become; what is secret stays as it is."""
        has = self._state.parameters if self._state else {}
        template = plain(kept.template)
        asked = template.get("Parameters") or {}
        hidden = {key: None for key, value in has.items() if value == SECRET and key in asked}
        return Proposal(
            self._order.as_argument(kept.template),
            {**kept.parameters, **hidden},
            kept.capabilities or self._order.stack.capabilities,
            kept.tags,
            has_stacks(template),
            self._order.stack.role,
        )

    def to(self, wanted: Kept, proposal: Proposal, steps: tuple[Step, ...]) -> Came:
        """Let the stack become something else, or only plan that.

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
            detail(_counted(change_set.changes, "would change"))
        if not change_set.changes:
            return self.stay(steps)
        action = Action.CREATE if is_new else Action.UPDATE
        why = _counted(change_set.changes, "to change")
        every = (
            *steps,
            *align_steps(order, self._there),
            Step(step_id, order.region, action, why, wanted.id),
            *steps_of(change_set.changes, order.region),
            *test_steps(order, order.resources.functions),
        )
        try:
            check_data(change_set.changes, order.stack, order.resources.template)
            if order.settings.plan_only:
                self._discard(change_set, is_new=is_new)
                return self.planned(every)
            self._remember(wanted)
        except DeployError:
            self._discard(change_set, is_new=is_new)
            raise
        return Came(every, self._carried_out(change_set, wanted, every, is_new=is_new))

    def _discard(self, change_set: ChangeSet, *, is_new: bool) -> None:
        self._order.stacks.discard(change_set)
        if is_new:  # the change set has made a stack that is nothing but a name
            self._order.stacks.delete(change_set.stack)

    def _remember(self, wanted: Kept) -> None:
        """Keep what the stack is and what it becomes, before anything changes."""
        before, keep = self._before, self._order.keep
        if before and keep.get(before.id) is None:
            keep.put(before)
        if before is None or wanted.id != before.id:
            keep.put(wanted)

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
                detail("every resource is as it should be")
        except DeployError as error:
            return self._by_itself(delivery, error)
        assert applied.state is not None
        self._state = applied.state
        try:
            order.journal.check()
            self._proof.prove(applied.state, steps)
        except DeployError as error:
            return self._back(delivery, error, is_new=is_new)
        except Exception as error:  # a fault of ours must not leave users half-way either
            return self._back(delivery, unexpected(error), is_new=is_new)
        return replace(
            delivery,
            outcome="deployed",
            version=wanted.id,
            previous=self._before.id if self._before else "",
            outputs=order.shown(applied.state.outputs),
        )

    # ------------------------------------------------------------ the way back

    def _by_itself(self, delivery: Delivery, error: DeployError) -> Delivery:
        """A stack that CloudFormation has put back, or could not."""
        error.hide(self._order.journal.hidden)
        delivery, name = because(delivery, error), f"stack {self._order.name}"
        try:
            return self._as_it_is(delivery, name)
        except DeployError as failure:
            return replace(
                delivery, left=(f"{name}: what it is now is not known, {failure.message}",)
            )

    def _as_it_is(self, delivery: Delivery, name: str) -> Delivery:
        stacks = self._order.stacks
        state = stacks.read(delivery.arn)
        if state and not state.exists:
            stacks.delete(state.id)  # it is nothing but a name
        if self._before is None and not (state and state.exists):
            return replace(delivery, outcome="undone", undone=(f"{name} is deleted",))
        at_rest = state and not (state.is_busy or is_stuck(state))
        if state and at_rest and self._is_as_before(state):
            return replace(delivery, outcome="undone", undone=(f"{name} is as it was",))
        status = state.status if state else "gone"
        return replace(delivery, left=(f"{name}: it is {status}",))

    def _is_as_before(self, state: StackState) -> bool:
        text = self._order.stacks.template(state.name)
        return bool(self._before and self._before.id == kept_of(state, text).id)

    def _back(self, delivery: Delivery, error: DeployError, *, is_new: bool) -> Delivery:
        """A stack that CloudFormation has put through, and that did not pass its tests."""
        order = self._order
        error.hide(order.journal.hidden)
        delivery, name = because(delivery, error), f"stack {order.name}"
        cause = error.message.splitlines()[0]
        try:
            with order.journal.work(f"undo:{order.name}", "undo", cause, order.region) as detail:
                applied = self._return(delivery.arn, is_new=is_new)
                gone = is_new and applied.state is None
                if not (gone or applied.is_done):
                    raise applied.error(order.name)
                said = f"{name} is deleted" if is_new else f"{name} is as it was"
                detail(said)
        except DeployError as failure:
            return replace(delivery, left=(f"{name}: {failure.message}",))
        return replace(delivery, outcome="undone", undone=(said,))

    def _return(self, stack_id: str, *, is_new: bool) -> Applied:
        if is_new or self._before is None:
            return self._application.delete(stack_id)
        order, proposal = self._order, self.proposal(self._before)
        change_set = order.stacks.propose(order.name, proposal, is_new=False)
        if not change_set.changes:
            raise DeployFailed("CloudFormation sees nothing to put back")
        return self._application.put_back(change_set)

    # ------------------------------------------------------------ no way at all

    def stay(self, steps: tuple[Step, ...]) -> Came:
        """Leave the stack as it is, and run the tests that were asked for in so many words.

        Functions that were updated past it come back in line.
        """
        order, state, before = self._order, self._state, self._before
        assert state is not None
        assert before is not None
        why = "it is as the template says"
        every = (
            *steps,
            Step(f"stack:{order.name}", order.region, Action.SKIP, why),
            *align_steps(order, self._there),
            *test_steps(order, self._there.drift),
        )
        if order.settings.plan_only:
            return self.planned(every)
        delivery = Delivery(
            order.region,
            order.name,
            "deployed" if self._there.drift else "unchanged",
            arn=state.id,
            version=before.id,
            is_stack=True,
            outputs=order.shown(state.outputs),
        )
        try:
            align(order, self._there)
            self._proof.prove(state, every)
        except DeployError as error:
            delivery = replace(because(delivery, error), outcome="failed")
        return Came(every, delivery)

    def planned(self, steps: tuple[Step, ...]) -> Came:
        """Only say what would be done."""
        order = self._order
        arn = self._state.id if self._state and self._before else ""
        return Came(steps, Delivery(order.region, order.name, "planned", arn=arn, is_stack=True))


def _counted(changes: Sequence[Change], verb: str) -> str:
    return f"{len(changes)} resource{'s' if len(changes) != 1 else ''} {verb}"
