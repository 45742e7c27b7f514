"""A part of the users' calls for a while, before all of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from engine.adapters import retry
from engine.errors import GateFailed
from engine.model import Canary
from engine.release.alias import AliasMoves
from engine.release.order import Order

MOST_CALLS = 20  # of CloudWatch's pages, however long it lasts, per order


def try_out(order: Order, moves: AliasMoves, version: str, description: str) -> None:
    """Lead a part of the users to a version, watch how it fares, and return if it fares well.

    Raises:
        GateFailed: an alarm went off, or too many of its calls failed.
        Conflict: somebody else has moved the alias.
    """
    canary, before = order.function.canary, order.observed.alias if order.observed else None
    if canary is None:
        return
    if before is None:
        order.journal.note(f"{order.name} is new, so there is no version to try a canary beside.")
        return
    with order.working("canary") as detail:
        _check_silent(order, canary)
        moves.to(before.version, description, {version: canary.weight})
        detail(_watched(order, canary, version))


def _check_silent(order: Order, canary: Canary) -> None:
    for name, (state, reason) in order.world.metrics(order.region).alarms(canary.alarms).items():
        if state == "ALARM":
            raise GateFailed(
                f"alarm {name} rings already, so it cannot tell how a version fares: {reason}",
                remedy="Deploy again when it is silent.",
            )


def _watched(order: Order, canary: Canary, version: str) -> str:
    """What was seen until the time was over."""
    metrics, step = order.world.metrics(order.region), order.step("canary")
    since, begun = datetime.now(UTC), time.monotonic()
    calls = errors = 0

    def look() -> str:
        nonlocal calls, errors
        order.journal.check()
        calls, errors = metrics.calls(order.name, order.function.alias, version, since)
        gone = time.monotonic() - begun
        says = f"{calls} calls, {errors} failed after {gone:.0f} of {canary.duration:.0f} s"
        order.journal.progress(step.id, says, order.region)
        order.journal.advance(step.id, gone, canary.duration, region=order.region)
        for name, (state, reason) in metrics.alarms(canary.alarms).items():
            if state == "ALARM":
                raise GateFailed(
                    f"alarm {name} went off while version {version} was tried: {reason}"
                )
        if errors > (canary.max_error_rate or 0) * calls:
            allowed = f"{(canary.max_error_rate or 0) * 100:g} %"
            raise GateFailed(
                f"{errors} of {calls} calls of version {version} failed while it was tried; at "
                f"most {allowed} may"
            )
        return f"{calls} calls, {errors} failed"

    pause = max(0.5, min(15.0, canary.duration / MOST_CALLS))
    seen = retry.until(
        look,
        lambda _: time.monotonic() - begun >= canary.duration,
        deadline=canary.duration + pause,
        first=pause,
        longest=pause,
    )
    if not calls:
        order.journal.note(
            f"No call reached version {version} of {order.name} while it was tried: its canary "
            "says nothing."
        )
    return seen
