"""A stack on its way from what it is to something else, and back if that does not work out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.adapters.aws.stacks import ChangeSet, Proposal, StackState
from engine.delivery import because
from engine.errors import DeployError, DeployFailed, unexpected
from engine.model import Action, Delivery, Step
from engine.stack.apply import Application, is_stuck
from engine.stack.changes import check_data, counted, steps_of
from engine.stack.drift import align, align_steps
from engine.stack.keep import SECRET, Kept, digest_of
from engine.stack.order import Came, Order, There, kept_of
from engine.stack.preview import planned
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
        self._digests = there.kept.digests if there.kept else {}  # of what it has, or will have
        self._application = Application(order.stacks, order.name, order.region, order.journal)
        self._proof = Proof(order)

    def proposal(self, kept: Kept) -> Proposal:
        """A kept state as something to become; what is secret stays as it is."""
        has = self._state.parameters if self._state else {}
        template = plain(kept.template)
        asked = template.get("Parameters") or {}
        hidden = {
            key: None
            for key, value in has.items()
            if value == SECRET and key in asked and key not in kept.parameters
        }
        return Proposal(
            kept.template,
            self._order.as_argument(kept.template),
            {**kept.parameters, **hidden},
            kept.capabilities or self._order.stack.capabilities,
            kept.tags,
            has_stacks(template),
            self._order.stack.role,
        )

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
            wanted = self._on_trial(wanted, proposal)
            self._remember(wanted)
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

    def _remember(self, wanted: Kept) -> None:
        """Keep what the stack is and what it becomes, before anything changes."""
        before, keep = self._before, self._order.keep
        if before and keep.get(before.id) is None:
            keep.put(before)
        keep.put(wanted)

    def _passed(self, kept: Kept) -> None:
        """Keep that the tests of a state have passed."""
        self._note(replace(kept, digests=self._digests, back=None))

    def _note(self, kept: Kept) -> None:
        """Keep a state that the stack has come to, which is none of the change itself."""
        try:
            self._order.keep.put(kept)
        except DeployError as error:
            says = "could not be kept, and the next run tests it again perhaps"
            self._order.journal.note(f"What stack {self._order.name} is {says}: {error.message}")

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
        self._passed(wanted)
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
        if self._before and state and at_rest and self._is_as_before(state):
            self._note(self._before)  # it may be on trial under the same id
            return replace(delivery, outcome="undone", undone=(f"{name} is as it was",))
        status = state.status if state else "gone"
        return replace(delivery, left=(f"{name}: it is {status}",))

    def _is_as_before(self, state: StackState) -> bool:
        text = self._order.stacks.template(state.name)
        return bool(self._before and self._before.id == kept_of(state, text).id)

    def _back(self, delivery: Delivery, error: DeployError, *, is_new: bool) -> Delivery:
        """A stack that CloudFormation has put through, and that did not pass its tests."""
        order, before = self._order, None if is_new else self._before
        error.hide(order.journal.hidden)
        delivery, name = because(delivery, error), f"stack {order.name}"
        cause, left = error.message.splitlines()[0], tuple[str, ...]()
        try:
            target = before and self._target(before)
            left = self._keeps(target) if target else ()
            with order.journal.work(f"undo:{order.name}", "undo", cause, order.region) as detail:
                if not self._return(delivery.arn, target) and left:
                    detail("only values that are not kept had changed")
                    said = ""
                else:
                    said = _said(name, before, target, but=bool(left))
                    detail(said)
        except DeployError as failure:
            return replace(delivery, left=(f"{name}: {failure.message}", *left))
        if target and left:  # with other secrets, it has not passed its tests
            target = replace(target, digests=self._digests, back=target.id)
        if target:
            self._note(target)
        if said:
            delivery = replace(delivery, outcome="undone", undone=(said,))
        return replace(delivery, left=left)

    def _target(self, before: Kept) -> Kept:
        """The latest state that passed its tests, else what the stack was before."""
        if before.proved == before.id:
            return before
        return self._order.keep.get(before.proved) or before

    def _keeps(self, target: Kept) -> tuple[str, ...]:
        """The secrets that do not come back with a state: it may have had others."""
        return tuple(
            f"parameter {key} of stack {self._order.name} "
            f"{'keeps' if key in target.digests else 'may keep'} its new value: NoEcho values are "
            "not kept; give the former one and deploy"
            for key in plain(target.template).get("Parameters") or {}
            if key not in target.parameters and self._digests.get(key) != target.digests.get(key)
        )

    def _return(self, stack_id: str, target: Kept | None) -> bool:
        """Lead the stack back, or delete it without a target; whether it was elsewhere."""
        order = self._order
        if target is None:
            applied = self._application.delete(stack_id)
            if applied.state is not None:
                raise applied.error(order.name)
            return True
        change_set = order.stacks.propose(order.name, self.proposal(target), is_new=False)
        if not change_set.differs:
            if not self._keeps(target):
                if target.back is None:
                    raise DeployFailed("CloudFormation sees nothing to put back")
                raise DeployFailed("it has not passed its tests, and nothing is kept that has")
            return False
        applied = self._application.put_back(change_set)
        if not applied.is_done:
            raise applied.error(order.name)
        return True

    # ------------------------------------------------------------ no way at all

    def stay(self, steps: tuple[Step, ...]) -> Came:
        """Leave the stack as it is, and run the tests that were asked for in so many words.

        Functions that were updated past it come back in line.
        """
        order, state, before = self._order, self._state, self._before
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
        try:
            align(order, self._there)
            self._proof.prove(state, every)
        except DeployError as error:
            failed = replace(delivery, outcome="failed")
            if on_trial:
                return Came(every, self._back(failed, error, is_new=False))
            return Came(every, because(failed, error))
        if on_trial:
            self._passed(before)
        return Came(every, delivery)


def _common(digests: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The digests of secrets that are known to be the same."""
    return {name: digest for name, digest in digests.items() if others.get(name) == digest}


def _said(name: str, before: Kept | None, target: Kept | None, *, but: bool) -> str:
    """Where a stack has gone back to, ``but`` for secrets."""
    if before is None or target is None:
        return f"{name} is deleted"
    when = "" if target.id == before.id else " when its tests last passed"
    return f"{name} {'has the template that it had' if but else 'is as it was'}{when}"
