"""The function URL that was asked for, as the alias's owner has it."""

from __future__ import annotations

from engine.errors import Conflict, NotPermitted
from engine.model import FunctionUrl
from engine.release.alias import AliasMoves
from engine.release.order import Order
from engine.release.undo import Back


def give_url(order: Order, moves: AliasMoves) -> str:
    """The function URL that was asked for, made or changed if it is not so already."""
    alias, access = order.function.alias, order.function.url
    if access is None:
        return ""
    before = _before(order)
    is_so = before is not None and before.access == access
    if before is not None and is_so and (before.is_open or not order.wanted("url")):
        return before.address
    urls = order.world.urls(order.region)
    with order.working("url") as detail:
        if before is None:
            order.undo.record(
                f"function URL of {order.name}",
                lambda: (
                    Back.THEIRS
                    if moves.keeps_url()
                    else None
                    if urls.delete(order.name, alias)
                    else Back.NEEDLESS
                ),
            )
            try:
                url = urls.create(order.name, alias, access)
            except NotPermitted:
                order.undo.forget()
                raise
            except Conflict as conflict:
                there = urls.read(order.name, alias)
                if not conflict.repeated:
                    order.undo.forget()
                if there is None or there.access != access:
                    raise order.theirs(f"gave {order.name} its function URL") from None
                url = there
        else:
            was = before.access
            order.undo.record(
                f"access to the function URL of {order.name}",
                lambda: urls.change(order.name, alias, was),
            )
            url = urls.change(order.name, alias, access)
        detail(url.address)
        return url.address


def _before(order: Order) -> FunctionUrl | None:
    """The URL that was there; where another run may have made it, what is there now is asked."""
    observed = order.observed
    if observed is None:
        return None
    if observed.alias and observed.alias.is_settled:
        return observed.url
    return order.world.urls(order.region).read(order.name, order.function.alias)
