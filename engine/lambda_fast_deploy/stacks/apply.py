"""Carrying a change set out, and following what happens until it is over."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.cloudformation import Stacks
from lambda_fast_deploy.adapters.aws.stack_shapes import ChangeSet, StackEvent, StackState
from lambda_fast_deploy.arn import is_arn
from lambda_fast_deploy.errors import Cancelled, DeployError, DeployFailed, NotReady
from lambda_fast_deploy.models import Action
from lambda_fast_deploy.run_log import RunLog

LASTING = 4 * 3600.0  # seconds; a database can take hours
PASSING = 60.0  # seconds in which CloudFormation goes on to delete what it could not create
STACK = "AWS::CloudFormation::Stack"
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")

_ACTIONS = {
    "CREATE": Action.CREATE,
    "UPDATE": Action.UPDATE,
    "DELETE": Action.REMOVE,
    "IMPORT": Action.CREATE,
}

# States in which no change is taken, and what helps (CloudFormation user guide, "Stack status
# codes"): what is so, and what to do about it.
_STUCK: Mapping[str, tuple[str, str]] = {
    "ROLLBACK_COMPLETE": (
        "could not be created, and what is left of it takes no update",
        "Delete it: aws cloudformation delete-stack --stack-name {name}; then deploy again.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "could neither be updated nor go back",
        "Mend {failed} and let it go back: aws cloudformation continue-update-rollback "
        "--stack-name {name} (what cannot be mended: --resources-to-skip {failed}).",
    ),
    "UPDATE_FAILED": (
        "was updated in part, and did not go back",
        "Let it go back: aws cloudformation rollback-stack --stack-name {name}.",
    ),
}
for _status in ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
    _STUCK = {**_STUCK, _status: _STUCK["ROLLBACK_COMPLETE"]}


# A stack that could not be created is here for a moment, before it is deleted.
_ON_THE_WAY_OUT = ("CREATE_FAILED", "ROLLBACK_COMPLETE")


@dataclass(frozen=True, slots=True)
class StackUpdateResult:
    """How a stack came out.

    ``failure`` is of the resource that failed first, and ``in_the_way`` are failures of the way
    back.
    """

    state: StackState | None
    failure: StackEvent | None
    in_the_way: tuple[StackEvent, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the stack is now what it should become."""
        return self.state is not None and self.state.status in DONE

    @property
    def is_stuck(self) -> bool:
        """Whether the stack could not go back either."""
        return self.state is not None and is_stuck(self.state)

    def error(self, name: str) -> DeployFailed:
        """Why it failed, and what helps."""
        if self.failure:
            says = f"{self.failure.logical} ({self.failure.type}): {self.failure.reason}"
        else:
            says = self.state.reason if self.state else f"stack {name} is gone"
        remedy = stuck(self.state, self.in_the_way).remedy if self.state and self.is_stuck else ""
        return DeployFailed(says, remedy=remedy)


def is_stuck(state: StackState) -> bool:
    """Whether a stack takes no change until somebody has done something about it."""
    return state.status in _STUCK


def stuck(state: StackState, in_the_way: Iterable[StackEvent]) -> NotReady:
    """The error of a stack that takes no change; what is in the way has failed to go back."""
    says, remedy = _STUCK[state.status]
    names = " ".join(dict.fromkeys(each.logical for each in in_the_way)) or "what failed"
    return NotReady(
        f"stack {state.name} {says} ({state.status})",
        remedy=remedy.format(name=state.name, failed=names),
    )


def check_state(state: StackState | None, stacks: Stacks) -> None:
    """Refuse a stack that takes no change now.

    Raises:
        NotReady: with what helps.
    """
    if state and state.is_busy:
        raise NotReady(
            f"stack {state.name} is being changed by somebody else ({state.status})",
            remedy="Run again when that is over.",
        )
    if state and is_stuck(state):
        raise stuck(state, _in_the_way(state.id, itertools.islice(stacks.events(state.id), 100)))


def _in_the_way(stack_id: str, newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The failures since a stack has begun to go back: what must be mended, or skipped."""
    back = itertools.takewhile(lambda e: e.status != "UPDATE_ROLLBACK_IN_PROGRESS", newest_first)
    return tuple(each for each in back if each.failed and each.physical != stack_id)


def _begins(event: StackEvent) -> bool:
    return event.type == STACK and event.status in (
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
    )


class Application:
    """Changes one stack, and tells its events as progress."""

    def __init__(self, stacks: Stacks, name: str, region: str, run_log: RunLog) -> None:
        self._stacks = stacks
        self._name = name
        self._region = region
        self._run_log = run_log
        self._begun: dict[str, float] = {}  # when resources were seen to be worked on

    def put_back(self, change_set: ChangeSet) -> StackUpdateResult:
        """Carry a change set out that undoes another, even in a run that is cancelled.

        Raises:
            Conflict: somebody else has changed the stack since the change set was made.
        """
        seen = self._newest(change_set.stack)
        self._stacks.execute(change_set)
        return self._watch(change_set.stack, seen, heed=False)

    def carry_out(self, change_set: ChangeSet, *, is_new: bool) -> StackUpdateResult:
        """Carry a change set out.

        CloudFormation goes back by itself when a resource fails. A run that is cancelled lets it do
        that too, unless it is too late.

        Raises:
            Cancelled: once the stack is what it was before.
            Conflict: somebody else has changed the stack since the change set was made.
        """
        seen = self._newest(change_set.stack)
        self._run_log.cancellation.check()
        self._stacks.execute(change_set)
        return self._follow(change_set.stack, seen, is_new=is_new)

    def delete(self, stack_id: str) -> StackUpdateResult:
        """Delete a stack that this run has created, and wait until it is gone."""
        seen = self._newest(stack_id)
        self._stacks.delete(stack_id)
        return self._watch(stack_id, seen, heed=False)

    def _follow(self, stack_id: str, seen: str, *, is_new: bool) -> StackUpdateResult:
        try:
            return self._watch(stack_id, seen)
        except Cancelled:
            if is_new:
                self._stacks.delete(stack_id)
            else:
                self._cancel()
            applied = self._watch(stack_id, seen, heed=False)
            if applied.is_done or applied.is_stuck:
                return applied  # it was too late to stop it
            raise

    def _cancel(self) -> None:
        try:
            self._stacks.cancel(self._name)
        except DeployError as error:  # it has come to its end meanwhile
            self._run_log.note(f"The update of {self._name} was not stopped: {error.message}")

    def _newest(self, stack_id: str) -> str:
        return next((event.id for event in self._stacks.events(stack_id)), "")

    def _watch(self, stack_id: str, seen: str, *, heed: bool = True) -> StackUpdateResult:
        """Tell events as they come, until the stack is at rest; ``heed`` minds a cancelled run."""
        told: list[StackEvent] = []
        failed_at: list[float] = []

        def is_over(state: StackState | None) -> bool:
            if state is None or state.status not in _ON_THE_WAY_OUT:
                return state is None or not state.status.endswith("_IN_PROGRESS")
            failed_at.append(self._run_log.elapsed)
            return failed_at[-1] - failed_at[0] > PASSING

        def look() -> StackState | None:
            if heed:
                self._run_log.cancellation.check()
            state = self._stacks.read(stack_id)
            last = told[-1].id if told else seen
            new = itertools.takewhile(lambda each: each.id != last, self._stacks.events(stack_id))
            for event in reversed(list(new)):
                told.append(event)
                self._tell(event)
            return state

        state = retry.until(
            look,
            is_over,
            deadline=LASTING,
            first=0.2,
            longest=3.0,
            wake=self._run_log.cancellation.check if heed else lambda: False,
        )
        first = self._first_failure(stack_id, told)
        return StackUpdateResult(state, first, _in_the_way(stack_id, reversed(told)))

    def _first_failure(self, stack_id: str, events: Iterable[StackEvent]) -> StackEvent | None:
        """The failure that the others follow from; that of a stack inside is in its own events."""
        failures = (each for each in events if each.failed and each.physical != stack_id)
        first = next(failures, None)
        if first is None or first.type != STACK or not is_arn(first.physical):
            return first
        return self._first_failure(first.physical, self._last_failed(first.physical)) or first

    def _last_failed(self, stack_id: str) -> list[StackEvent]:
        """The events of the latest change of a stack that had failures, the oldest first."""
        found: list[StackEvent] = []
        for event in self._stacks.events(stack_id):
            if _begins(event) and any(each.failed for each in found):
                break
            found.append(event)
        return found[::-1]

    def _tell(self, event: StackEvent) -> None:
        """Tell an event: the end of work on a resource as work, all others as progress."""
        verb, _, stage = event.status.partition("_")
        is_over = stage in ("COMPLETE", "FAILED") and verb in _ACTIONS
        if event.logical == self._name or not is_over:
            if stage == "IN_PROGRESS":
                self._begun.setdefault(event.logical, self._run_log.elapsed)
            reason = f": {event.reason}" if event.reason else ""
            line = f"{event.logical} {event.status}{reason}"
            self._run_log.progress(f"stack:{self._name}", line, self._region)
            return
        self._run_log.happened(
            f"resource:{event.logical}",
            _ACTIONS[verb],
            self._region,
            self._begun.pop(event.logical, self._run_log.elapsed),
            failed=stage == "FAILED",
            detail=event.reason or event.type,
        )
