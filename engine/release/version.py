"""A version of what ``$LATEST`` holds; no user has met it yet."""

from __future__ import annotations

from engine.errors import Conflict, NotFound, Overtaken
from engine.model import FunctionState, marks
from engine.release.order import Order
from engine.release.undo import Back


def publish(order: Order, label: str, sha256: str, revision: str) -> FunctionState:
    """Publish ``$LATEST``, provided that it still is what this run has left there.

    Args:
        order: the function.
        label: description of the version; unlike that of any other run.
        sha256: the CodeSha256 that ``$LATEST`` must have.
        revision: the revision that it must have.

    Raises:
        Conflict: somebody else has changed it.
    """
    versions = order.world.versions(order.region)
    with order.working("version") as detail:
        try:
            published = versions.publish(order.name, sha256, label, revision)
        except NotFound:
            raise Overtaken(f"{order.name} is gone") from None
        except Conflict:
            newest = next(iter(versions.every(order.name)), None)
            if newest is None or newest.description != label:
                raise order.theirs(f"changed {order.name}") from None
            published = newest  # it was this run: the answer had been lost
        number = published.version
        if published.description == label and order.observed is not None:
            order.undo.record(f"version {number} of {order.name}", lambda: _delete(order, number))
        order.world.functions(order.region).settled(order.name, number, is_new=True)
        detail(f"version {number}")
        return published


def _delete(order: Order, number: str) -> Back | None:
    """Delete the version that this run has published, unless another run uses it by now."""
    versions = order.world.versions(order.region)
    try:
        versions.delete(order.name, number)
    except NotFound:
        return Back.NEEDLESS
    except Conflict:  # Lambda deletes no version that an alias points to (API: DeleteFunction)
        alias = versions.alias(order.name, order.function.alias)
        if alias and alias.description.startswith(f"{marks.UNDER_TEST}{order.journal.run}"):
            raise  # this run's own alias could not be moved back
        if alias is None or alias.serving != number:
            return Back.THEIRS
        now = versions.arrived(order.name, alias)
        if now and now.serving == number:  # the run was cancelled, and that takes minutes
            return Back.SERVES
        versions.delete(order.name, number)
    return None
