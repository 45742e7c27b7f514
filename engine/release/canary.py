"""A part of the users' calls for a while, before all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

from engine.adapters import retry
from engine.adapters.aws.metrics import Alarm, Calls
from engine.errors import GateFailed
from engine.model import Canary
from engine.release.alias import AliasMoves
from engine.release.order import Order

MOST_CALLS = 20  # of CloudWatch's pages, per order, as long as the canary's own time lasts
LATE = 180.0  # seconds that CloudWatch may take to show a call
LONGEST = 15.0  # seconds between two looks


def try_out(order: Order, moves: AliasMoves, version: str, description: str) -> None:
    """Lead a part of the users to a version, watch how it fares, and return if it fares well.

    Raises:
        GateFailed: an alarm went off, too many of its calls failed, or none was seen.
        Conflict: somebody else has moved the alias.
    """
    canary, home = order.function.canary, moves.home
    if canary is None:
        return
    if not home or not order.wanted("canary"):
        order.journal.note(f"No canary of {order.name}: {order.step('canary').reason}.")
        return
    if home == version:  # Lambda divides no calls between a version and itself
        order.journal.note(f"No canary of {order.name}: users have version {version} already.")
        return
    with order.working("canary") as detail:
        watch = _Watch(order, canary, version)
        moves.to(home, description, {version: canary.weight})
        detail(watch.until_over())


def slow_alarms(canary: Canary, alarms: Mapping[str, Alarm]) -> list[str]:
    """What is so of each alarm that a canary may be over before."""
    return [
        f"alarm {name} goes off after {alarm.span:.0f} s at the earliest, and the canary lasts "
        f"{canary.duration:.0f} s (for)"
        for name, alarm in alarms.items()
        if alarm.span > canary.duration
    ]


class _Watch:
    """How one version fares; ``_ringing`` are alarms that rang before it had its first call."""

    def __init__(self, order: Order, canary: Canary, version: str) -> None:
        self._order = order
        self._canary = canary
        self._version = version
        self._metrics = order.world.metrics(order.region)
        self._calls = Calls()
        self._ringing: set[str] = set()
        alarms = self._metrics.alarms(canary.alarms)
        for name, alarm in alarms.items():
            if alarm.rings:
                self._ringing.add(name)
                order.journal.note(
                    f"Alarm {name} rings already, so it does not judge version {version} of "
                    f"{order.name} until it has been silent: {alarm.reason}"
                )
        for says in slow_alarms(canary, alarms):
            order.journal.note(f"{order.name}: {says}.")

    def until_over(self) -> str:
        """What was seen until the time was over, and CloudWatch has shown the end of it.

        Raises:
            GateFailed: the version fared badly, or was not seen at all.
        """
        order, canary = self._order, self._canary
        since, begun = self._metrics.now(), time.monotonic()
        end = since + timedelta(seconds=canary.duration)

        def is_over() -> bool:
            order.journal.check()
            gone = time.monotonic() - begun
            self._calls = self._metrics.calls(
                order.name, order.function.alias, self._version, since
            )
            self._tell(gone)
            self._judge()
            newest = self._calls.newest
            return gone >= canary.duration and newest is not None and newest >= end

        retry.until(
            is_over,
            bool,
            deadline=canary.duration + LATE,
            first=max(0.5, min(LONGEST, canary.duration / MOST_CALLS)),
            longest=LONGEST,
            wake=order.journal.check,
        )
        if not self._calls.every:
            self._unseen()
        return self._seen

    @property
    def _seen(self) -> str:
        return f"{self._calls.every} calls, {self._calls.failed} failed"

    def _tell(self, gone: float) -> None:
        order, lasts = self._order, self._canary.duration
        step = order.step("canary")
        when = f"after {gone:.0f} of {lasts:.0f} s"
        if gone > lasts:
            when = "so far; CloudWatch has not shown the last of them yet"
        order.journal.progress(step.id, f"{self._seen} {when}", order.region)
        order.journal.advance(step.id, gone, lasts, region=order.region)

    def _judge(self) -> None:
        version, allowed = self._version, self._canary.max_error_rate or 0
        for name, alarm in self._metrics.alarms(self._canary.alarms).items():
            if not alarm.rings:
                self._ringing.discard(name)
            elif name not in self._ringing:
                raise GateFailed(
                    f"alarm {name} went off while version {version} was tried: {alarm.reason}"
                )
        if self._calls.failed > allowed * self._calls.every:
            raise GateFailed(
                f"{self._calls.failed} of {self._calls.every} calls of version {version} failed "
                f"while it was tried; at most {allowed * 100:g} % may"
            )

    def _unseen(self) -> None:
        order, version = self._order, self._version
        if self._canary.unseen == "fail":
            raise GateFailed(
                f"CloudWatch shows no call of version {version} of {order.name}, so nothing is "
                "known of how it fares",
                remedy="Let its canary last longer (for), give it more of the calls (weight), or "
                "say canary: {unseen: pass}.",
            )
        order.journal.note(
            f"CloudWatch shows no call of version {version} of {order.name} while it was tried: "
            "its canary says nothing."
        )
