"""What users have after an undo: what is so, not what was meant."""

from __future__ import annotations

import contextlib

from engine.errors import DeployError
from engine.model import LATEST, Serves
from engine.release.alias import AliasMoves
from engine.release.order import Order
from engine.release.undo import Undone


def served(order: Order, moves: AliasMoves, came: Undone) -> tuple[str, Serves]:
    """The version that users have after an undo, and what that is to them."""
    observed = order.observed
    try:
        if order.function.has_alias:
            version, was = _of_alias(order, moves), observed and observed.alias
            is_same = bool(was and version == was.version)
        else:
            latest = order.world.functions(order.region).read(order.name)
            version = LATEST if latest else ""
            before = observed.latest.code_sha256 if observed else ""
            is_same = bool(latest and latest.code_sha256 == before)
    except DeployError:
        return "", "unknown"
    if version:
        return version, "same" if is_same else "other"
    return "", "nothing" if observed or came.spared else "same"


def _of_alias(order: Order, moves: AliasMoves) -> str:
    """The version that users of the alias have; waited for where AWS holds it back."""
    versions = order.world.versions(order.region)
    now = versions.alias(order.name, order.function.alias)
    if now and now.serving and moves.is_back(now):
        says = f"back to version {now.version}"
        with (
            contextlib.suppress(DeployError),  # it takes too long
            order.journal.work(f"alias:{order.name}", "read", says, order.region),
        ):
            now = versions.arrived(order.name, now)
    return (now.serving or now.version) if now else ""
