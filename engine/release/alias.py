"""The alias moves last, in one atomic call; until then users are on the previous version."""

from __future__ import annotations

from engine.errors import Conflict
from engine.model import AliasState, FunctionState
from engine.release.order import Order


def expose(order: Order, version: FunctionState) -> AliasState:
    """Let users meet a version.

    Raises:
        Conflict: the alias was moved by somebody else since the run began.
    """
    alias, before = order.function.alias, order.observed.alias if order.observed else None
    with order.working("alias") as detail:
        if before is None:
            order.undo.record(
                f"alias {alias} of {order.name}",
                lambda: order.functions.delete_alias(order.name, alias),
            )
            moved = order.functions.put_alias(
                order.name, alias, version.version, "no previous version"
            )
        else:
            moved = _move(order, version, before)
            order.undo.record(
                f"alias {alias} of {order.name}, back to version {before.version}",
                lambda: _move_back(order, before, moved),
            )
        detail(f"{alias} -> version {moved.version}")
        return moved


def _move(order: Order, version: FunctionState, before: AliasState) -> AliasState:
    alias = order.function.alias
    try:
        return order.functions.put_alias(
            order.name,
            alias,
            version.version,
            f"previous version {before.version}",
            before.revision,
        )
    except Conflict:
        now = order.functions.alias(order.name, alias)
        raise Conflict(
            f"somebody else moved alias {alias} of {order.name} to version "
            f"{now.version if now else 'none'} while this run was deploying",
            remedy="Nothing of theirs was changed. Run again to deploy on top of it.",
        ) from None


def _move_back(order: Order, before: AliasState, moved: AliasState) -> None:
    order.functions.put_alias(
        order.name, order.function.alias, before.version, before.description, moved.revision
    )


def give_url(order: Order) -> str:
    """The function URL that was asked for, created when the plan says so."""
    alias = order.function.alias
    if not order.function.url:
        return ""
    if not order.wanted("url"):
        return order.observed.url if order.observed else ""
    with order.working("url") as detail:
        order.undo.record(
            f"function URL of {order.name}", lambda: order.functions.delete_url(order.name, alias)
        )
        public = order.function.url == "public"
        url = order.functions.create_url(order.name, alias, public=public)
        detail(url)
        return url
