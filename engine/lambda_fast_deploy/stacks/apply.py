"""Executes a change set, and follows the events of the stack until the end."""

from __future__ import annotations

import itertools
import re
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
PASSING = 60.0  # seconds until CloudFormation deletes a stack that it could not create
STACK = "AWS::CloudFormation::Stack"
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")

_ACTIONS = {
    "CREATE": Action.CREATE,
    "UPDATE": Action.UPDATE,
    "DELETE": Action.REMOVE,
    "IMPORT": Action.CREATE,
}

# States in which a stack accepts no update, each with its description and its remedy
# (CloudFormation user guide, "Stack status codes").
_STUCK: Mapping[str, tuple[str, str]] = {
    "ROLLBACK_COMPLETE": (
        "could not be created, and accepts no update",
        "Delete it: aws cloudformation delete-stack --stack-name {name}; then deploy again.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "could neither be updated nor rolled back",
        "Fix {failed} and continue the rollback: aws cloudformation continue-update-rollback "
        "--stack-name {name} (add --resources-to-skip {failed} if a fix is not possible).",
    ),
    "UPDATE_FAILED": (
        "was partly updated and not rolled back",
        "Roll it back: aws cloudformation rollback-stack --stack-name {name}.",
    ),
}
for _status in ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
    _STUCK = {**_STUCK, _status: _STUCK["ROLLBACK_COMPLETE"]}


# Reasons of a stack that only say that it is rolled back, or which resources failed.
_WITHOUT_CAUSE = re.compile(r"Rollback requested|The following resource\(s\) failed")

# A stack that could not be created has these states for a moment, before it is deleted.
_BEING_DELETED = ("CREATE_FAILED", "ROLLBACK_COMPLETE")


@dataclass(frozen=True, slots=True)
class StackUpdateResult:
    """The result of an update of a stack.

    ``failure`` is of the resource that failed first, or of the stack itself if none did, and
    ``rollback_failures`` are of the rollback.
    """

    state: StackState | None
    failure: StackEvent | None
    rollback_failures: tuple[StackEvent, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the stack was updated."""
        return self.state is not None and self.state.status in DONE

    @property
    def is_stuck(self) -> bool:
        """Whether the rollback failed, too."""
        return self.state is not None and is_stuck(self.state)

    def error(self, name: str) -> DeployFailed:
        """Why it failed, with a remedy."""
        if self.failure and self.failure.logical == name and self.failure.type == STACK:
            message = f"stack {name}: {self.failure.reason}"
        elif self.failure:
            message = f"{self.failure.logical} ({self.failure.type}): {self.failure.reason}"
        else:
            message = self.state.reason if self.state else f"stack {name} was deleted"
        remedy = (
            stuck(self.state, self.rollback_failures).remedy if self.state and self.is_stuck else ""
        )
        return DeployFailed(message, remedy=remedy)


def is_stuck(state: StackState) -> bool:
    """Whether a stack accepts no update until somebody fixes it."""
    return state.status in _STUCK


def stuck(state: StackState, rollback_failures: Iterable[StackEvent]) -> NotReady:
    """The error of a stack that accepts no update, with the resources whose rollback failed."""
    description, remedy = _STUCK[state.status]
    names = (
        " ".join(dict.fromkeys(each.logical for each in rollback_failures))
        or "the failed resources"
    )
    return NotReady(
        f"stack {state.name} {description} ({state.status})",
        remedy=remedy.format(name=state.name, failed=names),
    )


def check_state(state: StackState | None, stacks: Stacks) -> None:
    """Refuse a stack that accepts no update now.

    Raises:
        NotReady: with a remedy.
    """
    if state and state.is_busy:
        raise NotReady(
            f"stack {state.name} is being updated outside this run ({state.status})",
            remedy="Run again after that update.",
        )
    if state and is_stuck(state):
        raise stuck(
            state, _rollback_failures(state.id, itertools.islice(stacks.events(state.id), 100))
        )


def _rollback_failures(stack_id: str, newest_first: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The failures since the rollback of a stack began: the resources to fix or to skip."""
    events = itertools.takewhile(lambda e: e.status != "UPDATE_ROLLBACK_IN_PROGRESS", newest_first)
    return tuple(each for each in events if each.failed and each.physical != stack_id)


def _begins(event: StackEvent) -> bool:
    return event.type == STACK and event.status in (
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
    )


def _is_cause(event: StackEvent) -> bool:
    """Whether an event of a stack says why it failed although no resource of it did.

    Outputs and exports have no events: an export that another stack has or needs is named only
    where the stack's rollback begins (https://github.com/aws/aws-cdk/issues/8671).
    """
    is_failure = event.status.endswith(("_FAILED", "ROLLBACK_IN_PROGRESS"))
    return is_failure and bool(event.reason) and not _WITHOUT_CAUSE.match(event.reason)


class Application:
    """Updates one stack, and reports its events as progress.

    ``shifts`` of traffic are those that CloudFormation waits for, by the logical ids of aliases.
    """

    def __init__(
        self, stacks: Stacks, name: str, region: str, run_log: RunLog, shifts: Mapping[str, str]
    ) -> None:
        self._stacks = stacks
        self._shifts = shifts
        self._name = name
        self._region = region
        self._run_log = run_log
        self._begun: dict[str, float] = {}  # when the work on each resource began

    def execute_rollback(self, change_set: ChangeSet) -> StackUpdateResult:
        """Execute a change set that rolls another back, even if the run is cancelled.

        Raises:
            Conflict: the stack was changed outside this run since the change set was created.
        """
        newest = self._newest(change_set.stack)
        self._stacks.execute(change_set)
        return self._watch(change_set.stack, newest, cancellable=False)

    def execute(self, change_set: ChangeSet, *, is_new: bool) -> StackUpdateResult:
        """Execute a change set.

        CloudFormation rolls back by itself when a resource fails. A run that is cancelled requests
        the same, if it is not too late.

        Raises:
            Cancelled: after the rollback.
            Conflict: the stack was changed outside this run since the change set was created.
        """
        newest = self._newest(change_set.stack)
        self._run_log.cancellation.check()
        self._stacks.execute(change_set)
        return self._follow(change_set.stack, newest, is_new=is_new)

    def delete(self, stack_id: str) -> StackUpdateResult:
        """Delete a stack that this run has created, and wait for the end."""
        newest = self._newest(stack_id)
        self._stacks.delete(stack_id)
        return self._watch(stack_id, newest, cancellable=False)

    def _follow(self, stack_id: str, newest: str, *, is_new: bool) -> StackUpdateResult:
        try:
            return self._watch(stack_id, newest)
        except Cancelled:
            if is_new:
                self._stacks.delete(stack_id)
            else:
                self._cancel()
            applied = self._watch(stack_id, newest, cancellable=False)
            if applied.is_done or applied.is_stuck:
                return applied  # it was too late to cancel
            raise

    def _cancel(self) -> None:
        try:
            self._stacks.cancel(self._name)
        except DeployError as error:  # the update has ended in the meantime
            self._run_log.note(f"The update of {self._name} was not cancelled: {error.message}")

    def _newest(self, stack_id: str) -> str:
        return next((event.id for event in self._stacks.events(stack_id)), "")

    def _watch(self, stack_id: str, newest: str, *, cancellable: bool = True) -> StackUpdateResult:
        """Report events until the stack is at rest, or until a ``cancellable`` run is cancelled."""
        events: list[StackEvent] = []
        failed_at: list[float] = []

        def is_over(state: StackState | None) -> bool:
            if state is None or state.status not in _BEING_DELETED:
                return state is None or not state.status.endswith("_IN_PROGRESS")
            failed_at.append(self._run_log.elapsed)
            return failed_at[-1] - failed_at[0] > PASSING

        def read() -> StackState | None:
            if cancellable:
                self._run_log.cancellation.check()
            state = self._stacks.read(stack_id)
            last = events[-1].id if events else newest
            new = itertools.takewhile(lambda each: each.id != last, self._stacks.events(stack_id))
            for event in reversed(list(new)):
                events.append(event)
                self._report(event)
            return state

        state = retry.until(
            read,
            is_over,
            deadline=LASTING,
            first=0.2,
            longest=3.0,
            wake=self._run_log.cancellation.check if cancellable else lambda: False,
        )
        first = self._first_failure(stack_id, events)
        return StackUpdateResult(state, first, _rollback_failures(stack_id, reversed(events)))

    def _first_failure(self, stack_id: str, events: Iterable[StackEvent]) -> StackEvent | None:
        """The failure that caused the others; for a nested stack, the first of its events."""
        all_events = list(events)
        failures = (each for each in all_events if each.failed and each.physical != stack_id)
        first = next(failures, None)
        if first is None:
            own = (each for each in all_events if each.physical == stack_id)
            return next((each for each in own if _is_cause(each)), None)
        if first.type != STACK or not is_arn(first.physical):
            return first
        return self._first_failure(first.physical, self._last_failed(first.physical)) or first

    def _last_failed(self, stack_id: str) -> list[StackEvent]:
        """The events of the latest failed update of a stack, oldest first."""
        events: list[StackEvent] = []
        for event in self._stacks.events(stack_id):
            if _begins(event) and any(each.failed for each in events):
                break
            events.append(event)
        return events[::-1]

    def _report(self, event: StackEvent) -> None:
        """Report an event: the end of work on a resource as an entry, all others as progress."""
        verb, _, stage = event.status.partition("_")
        is_over = stage in ("COMPLETE", "FAILED") and verb in _ACTIONS
        if event.logical == self._name or not is_over:
            if stage == "IN_PROGRESS":
                self._begun.setdefault(event.logical, self._run_log.elapsed)
            shift = self._shifts.get(event.logical, "")
            said = event.reason or (shift if event.status == "UPDATE_IN_PROGRESS" else "")
            reason = f": {said}" if said else ""
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
