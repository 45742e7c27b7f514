"""Whose something is that two runs share: decided by one at a time, under a lock.

No call of Lambda's that deletes takes a condition, and tags have no revisions. So a run that
deletes a function which it has made, or decides about ``$LATEST`` by what others have done with it,
does that under a lock; and so does a run that comes to stand on what another one has made. Lambda
makes an alias of a name only once (API: ``CreateAlias``), and takes it away with its function: that
is the lock. A deploy that meets nobody never takes it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from engine.errors import Conflict, FunctionUnusable, NotFound, NotPermitted, Overtaken
from engine.model import LATEST, AliasState, FunctionState, marks
from engine.plan.configuration import tested_mark
from engine.release.order import Order
from engine.release.undo import Back

LEASE = 40.0  # seconds after which a mark that did not change is of a run that was killed
_PAUSE = 0.25  # seconds between two looks at the mark of another run


class Lease:
    """How long the mark of another run is heeded: while it changes, or is not old."""

    def __init__(self) -> None:
        self._seen, self._since = "", 0.0

    def is_over(self, revision: str) -> bool:
        """Wait a moment; whether a mark of this revision has not changed for the whole lease."""
        if revision != self._seen:
            self._seen, self._since = revision, time.monotonic()
        time.sleep(_PAUSE)
        return time.monotonic() - self._since > LEASE


@contextlib.contextmanager
def locked(order: Order) -> Iterator[None]:
    """Be the only run that decides about a function, if AWS lets it have an alias.

    Raises:
        NotFound: the function is not there.
        Cancelled: the run was, while it waited for another one; not in an undo.
    """
    try:
        _lock(order)
    # As long as no other run is there, nothing is lost by it; none stands on what is Failed.
    except (NotPermitted, FunctionUnusable):
        yield
        return
    try:
        yield
    finally:
        _unlock(order)


def _taken(order: Order) -> str:
    """What the lock says while this run has it."""
    return f"taken by run {order.journal.run}"


def _unlock(order: Order) -> None:
    """Let others have the lock, unless one has taken it over from this run, or it is gone."""
    versions = order.world.versions(order.region)
    held = versions.alias(order.name, marks.LOCK)
    if held and held.description == _taken(order):
        with contextlib.suppress(NotFound):  # it was deleted with its function
            versions.delete_alias(order.name, marks.LOCK)


def _lock(order: Order) -> None:
    versions, name, lease = order.world.versions(order.region), order.name, Lease()
    mine = _taken(order)
    while True:
        try:
            versions.create_alias(name, marks.LOCK, LATEST, mine)
            return
        except Conflict:
            held = versions.alias(name, marks.LOCK)
        while held and held.description != mine and not lease.is_over(held.revision):
            order.journal.waits(f"another run is deciding about {name}")
            held = versions.alias(name, marks.LOCK)
        if held and held.description == mine:  # the answer had been lost
            return
        if held:
            with contextlib.suppress(Conflict, NotFound):
                versions.move_alias(name, marks.LOCK, LATEST, mine, held.revision)
                _renew_revision(order)
                return


def _renew_revision(order: Order) -> None:
    """Let fail what a run that was held up still sends: it decided while it had the lock."""
    functions = order.world.functions(order.region)
    if now := functions.read(order.name):
        # Of what is Failed no write is taken; who may not write has the lock all the same.
        with contextlib.suppress(NotPermitted, FunctionUnusable):
            functions.configure(order.name, {"Description": now.description}, now.revision)


def is_of_a_run(order: Order) -> bool:
    """Whether the run that has made the function may not be over."""
    return bool(order.observed and marks.CREATED_BY in order.observed.latest.tags)


def adopt(order: Order) -> FunctionState:
    """Take over a function from the run that is creating it, or was killed while it did.

    This one takes the creation back now, if nobody succeeds. Where neither an alias nor a tag says
    what has been released, the function may be in use, and nobody deletes it any more.

    Returns:
        Its ``$LATEST``, whose revision is another one if the lock was taken over.

    Raises:
        Overtaken: it was deleted already.
    """
    functions = order.world.functions(order.region)
    try:
        with locked(order):
            state = functions.read(order.name)
            if state is None:
                raise Overtaken(f"{order.name} was deleted by the run that had created it")
            if marks.CREATED_BY not in state.tags:
                return state
            if not (order.function.has_alias or order.function.proves_latest):
                functions.untag(state.arn, [marks.CREATED_BY])
            else:
                order.undo.record(
                    f"creation of function {order.name}", lambda: take_back_creation(order)
                )
                functions.tag(state.arn, {marks.CREATED_BY: order.journal.run})
            return state
    except NotFound as gone:
        raise Overtaken(gone.message) from None


def take_back_creation(order: Order) -> Back | None:
    """Delete a function that this run has made, unless others release it, or have it, by now."""
    try:
        state = order.world.functions(order.region).read(order.name)
        # As long as it is Pending, it takes no alias: none of others, and no lock.
        is_pending = state is not None and state.state == "Pending"
        with contextlib.nullcontext() if is_pending else locked(order):
            if not _is_ours(order):
                return Back.THEIRS
            aliases = order.world.versions(order.region).aliases(order.name)
            if any(alias.name != marks.LOCK for alias in aliases):
                return Back.THEIRS
            order.world.functions(order.region).delete(order.name)
    except NotFound:
        return Back.NEEDLESS
    return None


def end_creation(order: Order, arn: str) -> None:
    """Say that the first release of a new function is over: nothing takes it back any more.

    Raises:
        Overtaken: it was taken back.
    """
    try:
        order.world.functions(order.region).untag(arn, [marks.CREATED_BY])
    except NotFound as gone:
        raise Overtaken(gone.message) from None
    except NotPermitted as denied:
        order.journal.note(f"Tag {marks.CREATED_BY} of {order.name} stays: {denied.message}")


def _is_ours(order: Order) -> bool:
    """Whether a function still says that this run has made it, and none has tested it since.

    One whose tags are hidden is taken for that.

    Raises:
        NotFound: it is not there.
    """
    try:
        state = order.world.functions(order.region).read(order.name, tags=True)
    except NotPermitted:
        return True
    if state is None:
        raise NotFound(f"{order.name} is gone")
    is_had = state.tags.get(marks.TESTED) == tested_mark(state)
    return state.tags.get(marks.CREATED_BY) == order.journal.run and not is_had


def wait_for_undo(order: Order, alias: AliasState) -> AliasState | None:
    """Wait until another run has undone an alias, or was killed; what there is of it then."""
    versions, lease = order.world.versions(order.region), Lease()
    now: AliasState | None = alias
    while now is not None and now.is_going and not lease.is_over(now.revision):
        order.journal.check()
        now = versions.alias(order.name, alias.name)
    return now
