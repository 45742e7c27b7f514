"""Whose something is that two runs share: decided by one at a time, under a lock.

No call of Lambda's that deletes takes a condition, and tags have no revisions. So a run that
deletes a function which it has made, or decides about ``$LATEST`` by what others have done with it,
does that under a lock; and so does a run that comes to stand on what another one has made. Lambda
makes an alias of a name only once (API: ``CreateAlias``), and takes it away with its function: that
is the lock. A deploy that meets nobody never takes it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

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
from lambda_fast_deploy.state import marks

LEASE = 40.0  # seconds after which a mark that did not change is of a run that was killed
_PAUSE = 0.25  # seconds between two looks at the mark of another run


class Lease:
    """How long the mark of another run is heeded: while it changes, or is not old."""

    def __init__(self) -> None:
        self._seen, self._since = "", 0.0

    def is_over(self, revision: str) -> bool:
        """Wait a moment; whether a mark of this revision has not changed for the whole lease."""
        if revision != self._seen:
            self._seen, self._since = revision, clock.monotonic()
        clock.sleep(_PAUSE)
        return clock.monotonic() - self._since > LEASE


@contextlib.contextmanager
def locked(context: ReleaseContext) -> Iterator[None]:
    """Be the only run that decides about a function, if AWS lets it have an alias.

    Raises:
        NotFound: the function is not there.
        Cancelled: the run was, while it waited for another one; not in an undo.
    """
    try:
        _lock(context)
    # As long as no other run is there, nothing is lost by it; none stands on what is Failed.
    except (NotPermitted, FunctionUnusable):
        yield
        return
    try:
        yield
    finally:
        _unlock(context)


def _taken(context: ReleaseContext) -> str:
    """What the lock says while this run has it."""
    return f"taken by run {context.run_log.run}"


def _unlock(context: ReleaseContext) -> None:
    """Let others have the lock, unless one has taken it over from this run, or it is gone."""
    versions = context.clients.versions(context.region)
    held = versions.alias(context.name, marks.LOCK)
    if held and held.description == _taken(context):
        with contextlib.suppress(NotFound):  # it was deleted with its function
            versions.delete_alias(context.name, marks.LOCK)


def _lock(context: ReleaseContext) -> None:
    versions, name, lease = context.clients.versions(context.region), context.name, Lease()
    mine = _taken(context)
    while True:
        try:
            versions.create_alias(name, marks.LOCK, LATEST, mine)
            return
        except Conflict:
            held = versions.alias(name, marks.LOCK)
        while held and held.description != mine and not lease.is_over(held.revision):
            context.run_log.waits(f"another run is deciding about {name}")
            held = versions.alias(name, marks.LOCK)
        if held and held.description == mine:  # the answer had been lost
            return
        if held:
            with contextlib.suppress(Conflict, NotFound):
                versions.move_alias(name, marks.LOCK, LATEST, mine, held.revision)
                _renew_revision(context)
                return


def _renew_revision(context: ReleaseContext) -> None:
    """Let fail what a run that was held up still sends: it decided while it had the lock."""
    functions = context.clients.functions(context.region)
    if now := functions.read(context.name):
        # Of what is Failed no write is taken; who may not write has the lock all the same.
        with contextlib.suppress(NotPermitted, FunctionUnusable):
            functions.configure(context.name, {"Description": now.description}, now.revision)


def is_of_a_run(context: ReleaseContext) -> bool:
    """Whether the run that has made the function may not be over."""
    return bool(context.observed and marks.CREATED_BY in context.observed.latest.tags)


def adopt(context: ReleaseContext) -> FunctionState:
    """Take over a function from the run that is creating it, or was killed while it did.

    This one takes the creation back now, if nobody succeeds. Where neither an alias nor a tag says
    what has been released, the function may be in use, and nobody deletes it any more.

    Returns:
        Its ``$LATEST``, whose revision is another one if the lock was taken over.

    Raises:
        Overtaken: it was deleted already.
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
                    f"creation of function {context.name}", lambda: take_back_creation(context)
                )
                functions.tag(state.arn, {marks.CREATED_BY: context.run_log.run})
            return state
    except NotFound as gone:
        raise ChangedMeanwhile(gone.message) from None


def take_back_creation(context: ReleaseContext) -> UndoResult | None:
    """Delete a function that this run has made, unless others release it, or have it, by now."""
    try:
        state = context.clients.functions(context.region).read(context.name)
        # As long as it is Pending, it takes no alias: none of others, and no lock.
        is_pending = state is not None and state.state == "Pending"
        with contextlib.nullcontext() if is_pending else locked(context):
            if not _is_ours(context):
                return UndoResult.THEIRS
            aliases = context.clients.versions(context.region).aliases(context.name)
            if any(alias.name != marks.LOCK for alias in aliases):
                return UndoResult.THEIRS
            context.clients.functions(context.region).delete(context.name)
    except NotFound:
        return UndoResult.NEEDLESS
    return None


def end_creation(context: ReleaseContext, arn: str) -> None:
    """Say that the first release of a new function is over: nothing takes it back any more.

    Raises:
        Overtaken: it was taken back.
    """
    try:
        context.clients.functions(context.region).untag(arn, [marks.CREATED_BY])
    except NotFound as gone:
        raise ChangedMeanwhile(gone.message) from None
    except NotPermitted as denied:
        context.run_log.note(f"Tag {marks.CREATED_BY} of {context.name} stays: {denied.message}")


def _is_ours(context: ReleaseContext) -> bool:
    """Whether a function still says that this run has made it, and none has tested it since.

    One whose tags are hidden is taken for that.

    Raises:
        NotFound: it is not there.
    """
    try:
        state = context.clients.functions(context.region).read(context.name, tags=True)
    except NotPermitted:
        return True
    if state is None:
        raise NotFound(f"{context.name} is gone")
    is_had = state.tags.get(marks.TESTED) == tested_mark(state)
    return state.tags.get(marks.CREATED_BY) == context.run_log.run and not is_had


def wait_for_undo(context: ReleaseContext, alias: AliasState) -> AliasState | None:
    """Wait until another run has undone an alias, or was killed; what there is of it then."""
    versions, lease = context.clients.versions(context.region), Lease()
    now: AliasState | None = alias
    while now is not None and now.is_going and not lease.is_over(now.revision):
        context.run_log.cancellation.check()
        now = versions.alias(context.name, alias.name)
    return now
