"""A part of the users' calls for a while, before all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import clock, retry
from lambda_fast_deploy.adapters.aws.metrics import Alarm, CallMetrics
from lambda_fast_deploy.errors import FunctionTestFailed
from lambda_fast_deploy.models import Canary, Step
from lambda_fast_deploy.release.alias import AliasMoves
from lambda_fast_deploy.release.context import ReleaseContext

MOST_CALLS = 20  # of CloudWatch's pages, per order, as long as the canary's own time lasts
LATE = 180.0  # seconds that CloudWatch may take to show a call
LONGEST = 15.0  # seconds between two looks


def try_out(context: ReleaseContext, moves: AliasMoves, version: str, description: str) -> None:
    """Lead a part of the users to a version, watch how it fares, and return if it fares well.

    Raises:
        GateFailed: an alarm went off, too many of its calls failed, or none was seen.
        Conflict: somebody else has moved the alias.
    """
    canary, home, step = context.function.canary, moves.home, context.steps.canary
    if canary is None or step is None:
        return
    if not home or not step.is_due:
        context.run_log.note(f"No canary of {context.name}: {step.reason}.")
        return
    if home == version:  # Lambda divides no calls between a version and itself
        context.run_log.note(f"No canary of {context.name}: users have version {version} already.")
        return
    with context.working(step) as detail:
        watch = _CanaryWatch(context, canary, version, step)
        moves.to(home, description, {version: canary.weight})
        detail(watch.until_over())


def slow_alarms(canary: Canary, alarms: Mapping[str, Alarm]) -> list[str]:
    """What is so of each alarm that a canary may be over before."""
    return [
        f"alarm {name} goes off after {units.seconds(alarm.span)} at the earliest, and the "
        "canary lasts "
        f"{units.seconds(canary.duration)} (for)"
        for name, alarm in alarms.items()
        if alarm.span > canary.duration
    ]


class _CanaryWatch:
    """How one version fares; ``_ringing`` are alarms that rang before it had its first call."""

    def __init__(self, context: ReleaseContext, canary: Canary, version: str, step: Step) -> None:
        self._context = context
        self._canary = canary
        self._version = version
        self._step = step
        self._metrics = context.clients.metrics(context.region)
        self._calls = CallMetrics()
        self._ringing: set[str] = set()
        alarms = self._metrics.alarms(canary.alarms)
        for name, alarm in alarms.items():
            if alarm.rings:
                self._ringing.add(name)
                context.run_log.note(
                    f"Alarm {name} rings already, so it does not judge version {version} of "
                    f"{context.name} until it has been silent: {alarm.reason}"
                )
        for says in slow_alarms(canary, alarms):
            context.run_log.note(f"{context.name}: {says}.")

    def until_over(self) -> str:
        """What was seen until the time was over, and CloudWatch has shown the end of it.

        Raises:
            GateFailed: the version fared badly, or was not seen at all.
        """
        context, canary = self._context, self._canary
        since, begun = self._metrics.now(), clock.monotonic()
        end = since + timedelta(seconds=canary.duration)

        def is_over() -> bool:
            context.run_log.cancellation.check()
            gone = clock.monotonic() - begun
            self._calls = self._metrics.calls(
                context.name, context.function.alias, self._version, since
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
            wake=context.run_log.cancellation.check,
        )
        if not self._calls.every:
            self._unseen()
        return self._seen

    @property
    def _seen(self) -> str:
        return f"{self._calls.every} calls, {self._calls.failed} failed"

    def _tell(self, gone: float) -> None:
        context, lasts, step = self._context, self._canary.duration, self._step
        when = f"after {gone:.0f} of {units.seconds(lasts)}"
        if gone > lasts:
            when = "so far; CloudWatch has not shown the last of them yet"
        context.run_log.progress(step.id, f"{self._seen} {when}", context.region)
        context.run_log.advance(step.id, gone, lasts, region=context.region)

    def _judge(self) -> None:
        version, allowed = self._version, self._canary.max_error_rate or 0
        for name, alarm in self._metrics.alarms(self._canary.alarms).items():
            if not alarm.rings:
                self._ringing.discard(name)
            elif name not in self._ringing:
                raise FunctionTestFailed(
                    f"alarm {name} went off while version {version} was tried: {alarm.reason}"
                )
        if self._calls.failed > allowed * self._calls.every:
            raise FunctionTestFailed(
                f"{self._calls.failed} of {self._calls.every} calls of version {version} failed "
                f"while it was tried; at most {allowed * 100:g} % may"
            )

    def _unseen(self) -> None:
        context, version = self._context, self._version
        if self._canary.unseen == "fail":
            raise FunctionTestFailed(
                f"CloudWatch shows no call of version {version} of {context.name}, so nothing is "
                "known of how it fares",
                remedy="Let its canary last longer (for), give it more of the calls (weight), or "
                "say canary: {unseen: pass}.",
            )
        context.run_log.note(
            f"CloudWatch shows no call of version {version} of {context.name} while it was tried: "
            "its canary says nothing."
        )
