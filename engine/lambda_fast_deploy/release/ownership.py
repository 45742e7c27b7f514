"""A lock for decisions about what two runs share: only one run at a time makes them.

No delete call of Lambda is conditional, and tags have no revisions. So a run holds a lock while it
deletes a function that it has created, decides about ``$LATEST`` by the changes of other runs, or
takes over the function of another run. The lock is an alias: Lambda creates an alias of a name only
once (API: ``CreateAlias``), and deletes it with its function. A deploy without concurrent runs
never takes the lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from lambda_fast_deploy.adapters import clock
from lambda_fast_deploy.errors import (
    ChangedMeanwhile,
    Conflict,
    FunctionUnusable,
    NotFound,
    NotPermitted,
)
from lambda_fast_deploy.models import LATEST, AliasState, FunctionState
from lambda_fast_deploy.planning.configuration import tested_mark
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import descriptions, marks

LEASE = 40.0  # seconds without a change after which the run of a mark is considered killed
PAUSE = 0.25  # seconds between two reads of the mark of another run


class Lease:
    """Decides how long the mark of another run is valid: until it has not changed for ``LEASE``."""

    def __init__(self) -> None:
        self._revision, self._since = "", 0.0

    def is_over(self, revision: str) -> bool:
        """Wait a moment; return whether a mark of this revision is unchanged for ``LEASE``."""
        if revision != self._revision:
            self._revision, self._since = revision, clock.monotonic()
        clock.sleep(PAUSE)
        return clock.monotonic() - self._since > LEASE


@contextlib.contextmanager
def locked(context: ReleaseContext) -> Iterator[None]:
    """Hold the lock of a function, if AWS allows the alias.

    Raises:
        NotFound: the function does not exist.
        Cancelled: the run was cancelled while it waited for another one; not during an undo.
    """
    try:
        _lock(context)
    # Without a concurrent run the lock is not needed; no run builds on a Failed function.
    except (NotPermitted, FunctionUnusable):
        yield
        return
    try:
        yield
    finally:
        _unlock(context)


def _mark_of_lock(context: ReleaseContext) -> str:
    """The description of the lock while this run holds it."""
    return f"taken by run {context.run_log.run}"


def _unlock(context: ReleaseContext) -> None:
    """Release the lock, unless another run has taken it over or it was deleted."""
    versions = context.clients.versions(context.region)
    lock = versions.alias(context.name, marks.LOCK)
    if lock and lock.description == _mark_of_lock(context):
        with contextlib.suppress(NotFound):  # it was deleted with its function
            versions.delete_alias(context.name, marks.LOCK)


def _lock(context: ReleaseContext) -> None:
    versions, name, lease = context.clients.versions(context.region), context.name, Lease()
    mark = _mark_of_lock(context)
    while True:
        try:
            versions.create_alias(name, marks.LOCK, LATEST, mark)
            return
        except Conflict:
            if not (lock := versions.alias(name, marks.LOCK)):
                clock.sleep(PAUSE)  # it was released just now
        while lock and lock.description != mark and not lease.is_over(lock.revision):
            context.run_log.waits(f"another run holds the lock of {name}")
            lock = versions.alias(name, marks.LOCK)
        if lock and lock.description == mark:  # the response was lost
            return
        if lock:
            with contextlib.suppress(Conflict, NotFound):
                versions.move_alias(name, marks.LOCK, LATEST, mark, lock.revision)
                _renew_revision(context)
                return


def _renew_revision(context: ReleaseContext) -> None:
    """Make the writes of the run that lost the lock fail: it may still send what it decided."""
    functions = context.clients.functions(context.region)
    if now := functions.read(context.name):
        # A Failed function accepts no write; without permission to write the lock is still held.
        with contextlib.suppress(NotPermitted, FunctionUnusable):
            functions.configure(context.name, {"Description": now.description}, now.revision)


def is_of_a_run(context: ReleaseContext) -> bool:
    """Whether the run that has created the function may still be in progress."""
    return bool(context.observed and marks.CREATED_BY in context.observed.latest.tags)


def adopt(context: ReleaseContext) -> FunctionState:
    """Take over a function from the run that is creating it or was killed.

    If no run succeeds, this one now deletes the function. If neither an alias nor a tag shows what
    was released, the function may be in use, and no run deletes it.

    Returns:
        Its ``$LATEST``; its revision has changed if the lock was taken over.

    Raises:
        ChangedMeanwhile: it is already deleted.
    """
    functions = context.clients.functions(context.region)
    try:
        with locked(context):
            state = functions.read(context.name)
            if state is None:
                raise ChangedMeanwhile(f"{context.name} was deleted by the run that had created it")
            if marks.CREATED_BY not in state.tags:
                return state
            if not (context.function.has_alias or context.function.proves_latest):
                functions.untag(state.arn, [marks.CREATED_BY])
            else:
                context.undo.record(
                    f"creation of function {context.name}", lambda: delete_created_function(context)
                )
                functions.tag(state.arn, {marks.CREATED_BY: context.run_log.run})
            return state
    except NotFound as error:
        raise ChangedMeanwhile(error.message) from None


def delete_created_function(context: ReleaseContext) -> UndoResult | None:
    """Delete the function that this run has created, unless another run has released it."""
    try:
        state = context.clients.functions(context.region).read(context.name)
        # A Pending function accepts no alias: neither one of another run nor the lock.
        is_pending = state is not None and state.state == "Pending"
        with contextlib.nullcontext() if is_pending else locked(context):
            if not _is_of_this_run(context):
                return UndoResult.THEIRS
            aliases = context.clients.versions(context.region).aliases(context.name)
            if others := [alias for alias in aliases if alias.name != marks.LOCK]:
                _hand_over(context, others)
                return UndoResult.THEIRS
            context.clients.functions(context.region).delete(context.name)
    except NotFound:
        return UndoResult.NEEDLESS
    return None


def _hand_over(context: ReleaseContext, aliases: Iterable[AliasState]) -> None:
    """Let the run that is testing an alias delete the function, if that run fails, too."""
    functions = context.clients.functions(context.region)
    run = next(filter(None, (descriptions.run_of(alias) for alias in aliases)), "")
    if run and (state := functions.read(context.name)):
        with contextlib.suppress(NotPermitted):
            functions.tag(state.arn, {marks.CREATED_BY: run})


def end_creation(context: ReleaseContext, arn: str) -> None:
    """Mark the first release of a new function as complete: no run deletes it after that.

    Raises:
        ChangedMeanwhile: it was deleted.
    """
    try:
        context.clients.functions(context.region).untag(arn, [marks.CREATED_BY])
    except NotFound as error:
        raise ChangedMeanwhile(error.message) from None
    except NotPermitted as denied:
        context.run_log.note(
            f"Tag {marks.CREATED_BY} of {context.name} was not removed: {denied.message}"
        )


def _is_of_this_run(context: ReleaseContext) -> bool:
    """Whether this run has created a function that no other run has tested since.

    It is assumed if the run may not read the tags.

    Raises:
        NotFound: the function does not exist.
    """
    try:
        state = context.clients.functions(context.region).read(context.name, tags=True)
    except NotPermitted:
        return True
    if state is None:
        raise NotFound(f"{context.name} was deleted")
    is_tested = state.tags.get(marks.TESTED) == tested_mark(state)
    return state.tags.get(marks.CREATED_BY) == context.run_log.run and not is_tested


def wait_for_undo(context: ReleaseContext, alias: AliasState) -> AliasState | None:
    """Wait until another run has rolled back an alias, or was killed; returns the alias then."""
    versions, lease = context.clients.versions(context.region), Lease()
    now: AliasState | None = alias
    while now is not None and now.is_going and not lease.is_over(now.revision):
        context.run_log.cancellation.check()
        now = versions.alias(context.name, alias.name)
    return now
