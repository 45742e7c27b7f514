"""A stack on its way back to what it was before its last deployment."""

from __future__ import annotations

from engine.adapters.world import World
from engine.journal import Journal
from engine.model import Outcome, Settings
from engine.stack.back import proposal_of
from engine.stack.keep import SECRET
from engine.stack.move import Move
from engine.stack.order import Came, Order, There, everywhere, look
from engine.stack.preview import preview


def roll_back_stack(settings: Settings, world: World, journal: Journal) -> Outcome:
    """Lead the stack back, in every region.

    Raises:
        Invalid: nothing is known of what it was.
        NotReady: the stack takes no change now.
    """
    return everywhere(settings, world, journal, _roll_back)


def _roll_back(order: Order) -> Came:
    there, name = look(order), f"stack {order.name}"
    if there.kept is None:
        raise order.invalid(f"{name} does not exist in {order.region}")
    previous = there.kept.previous
    target = order.keep.get(previous) if previous else None
    stays = _of_secrets(there)
    if target is None:
        raise order.invalid(f"nothing is kept of what {name} was before{stays and '; '}{stays}")
    if lost := order.keep.lost(target):
        raise order.invalid(
            f"{', '.join(lost)} is not in bucket {order.bucket.name} any more as it was kept, and "
            f"with it the way back of {name}"
        )
    if stays:
        order.journal.note(f"Rollback of {name}: {stays}.")
    if order.settings.only_reads:
        return preview(order, there, target, {}, {}, ())
    has = there.state.parameters if there.state else {}
    return Move(order, there).to(target, proposal_of(order, target, has), ())


def _of_secrets(there: There) -> str:
    """What becomes of the secrets that a stack was given, if it was."""
    has = there.state.parameters if there.state else {}
    names = ", ".join(key for key, value in has.items() if value == SECRET)
    return f"NoEcho values are not kept, and stay as they are: {names}" if names else ""
