"""The alias moves last, in one atomic call; until then users are on the previous version."""

from __future__ import annotations

from engine.errors import Conflict
from engine.model import AliasState, FunctionState
from engine.release.order import Order, theirs


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
            moved = _create(order, version)
        else:
            moved = _move(order, version, before)
            order.undo.record(
                f"alias {alias} of {order.name}, back to version {before.version}",
                lambda: _move_back(order, before, moved),
            )
        detail(f"{alias} -> version {moved.version}")
        return moved


def _create(order: Order, version: FunctionState) -> AliasState:
    alias = order.function.alias
    try:
        return order.functions.put_alias(order.name, alias, version.version, "no previous version")
    except Conflict:
        order.undo.forget()  # the alias that is there is not ours to delete
        raise theirs(f"created alias {alias} of {order.name}") from None


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
        raise theirs(
            f"moved alias {alias} of {order.name} to version {now.version if now else 'none'}"
        ) from None


def _move_back(order: Order, before: AliasState, moved: AliasState) -> None:
    order.functions.put_alias(
        order.name, order.function.alias, before.version, before.description, moved.revision
    )


def give_url(order: Order) -> str:
    """The function URL that was asked for, made or changed as the plan says."""
    alias, access = order.function.alias, order.function.url
    if access is None:
        return ""
    before = order.observed.url if order.observed else None
    if before is not None and before.access == access:
        return before.address
    with order.working("url") as detail:
        if before is None:
            order.undo.record(
                f"function URL of {order.name}", lambda: order.urls.delete(order.name, alias)
            )
            try:
                url = order.urls.create(order.name, alias, access)
            except Conflict:
                order.undo.forget()
                raise theirs(f"gave {order.name} its function URL") from None
        else:
            was = before.access
            order.undo.record(
                f"access to the function URL of {order.name}",
                lambda: order.urls.change(order.name, alias, was),
            )
            url = order.urls.change(order.name, alias, access)
        detail(url.address)
        return url.address
